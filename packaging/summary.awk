# Counts Surefire's reports: failed and skipped tests by name and reason, then one line "N passed, N failed, N skipped".
# Ends with 1 if a test failed.

function attribute(line, name,    at, rest) {
  at = index(line, " " name "=\"")
  if (at == 0) return ""
  rest = substr(line, at + length(name) + 3)
  return plain(substr(rest, 1, index(rest, "\"") - 1))
}

function plain(text) {
  gsub(/&quot;/, "\"", text); gsub(/&apos;|&#39;/, "'", text); gsub(/&lt;/, "<", text); gsub(/&gt;/, ">", text)
  gsub(/&#10;.*/, " …", text); gsub(/&amp;/, "\\&", text)
  return text
}

/<testcase / { tests++; class = attribute($0, "classname"); sub(/.*\./, "", class); test = class "." attribute($0, "name") }
/<(failure|error)[ >]/ && !seen[FILENAME, test]++ { failures++; print "failed:  " test ": " attribute($0, "message") }
/<flaky(Failure|Error)[ >]/ { print "FLAKY:   " test ", passed when run again: " attribute($0, "message") }
/<skipped/ { skips++; print "skipped: " test ": " (attribute($0, "message") == "" ? "no reason given" : attribute($0, "message")) }

END {
  printf "%d passed, %d failed, %d skipped\n", tests - failures - skips, failures, skips
  exit failures > 0
}
