package dev.semper.engine.spec;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Reads the `expected_*` keys of an http probe.
final class ExpectationReader {
  private static final String STATUS = "expected_status";
  private static final String JSON = "expected_json";

  private final TableReader http;

  ExpectationReader(TableReader http) {
    this.http = http;
  }

  /// @return null if there is a problem
  @Nullable HttpExpectation read() {
    List<HttpExpectation.StatusRange> status = status();
    String body = http.text("expected_body");
    String regex = http.text("expected_regex");
    String problem = regex == null ? null : HttpExpectation.regexProblem(regex);
    if (problem != null) {
      http.problem("expected_regex", problem);
    }
    Map<String, Object> json = json();
    return http.broken() ? null : new HttpExpectation(status, body, regex, json);
  }

  private List<HttpExpectation.StatusRange> status() {
    List<HttpExpectation.StatusRange> status = new ArrayList<>();
    http.items(
        STATUS,
        "a list of numbers and ranges",
        (node, at) -> {
          if (node instanceof Node.Scalar s && s.value() instanceof String text) {
            HttpExpectation.StatusRange range = HttpExpectation.StatusRange.parse(text);
            if (range == null) {
              http.problem(
                  node,
                  at,
                  "must be a whole number or a range such as \"200-299\" within 100 to 599, not "
                      + node.describe());
            } else {
              status.add(range);
            }
          } else {
            Integer one = http.number(node, at, Limits.STATUS);
            if (one != null) {
              status.add(HttpExpectation.StatusRange.of(one));
            }
          }
        });
    return status;
  }

  /// Tables go deeper; so TOML's dotted keys say where a value is.
  private Map<String, Object> json() {
    Map<String, Object> json = new TreeMap<>();
    Node node = http.node(JSON);
    if (node instanceof Node.Table t && !t.entries().isEmpty()) {
      t.entries()
          .forEach((key, entry) -> {
            String at = Words.join(http.path(JSON), key);
            boolean pointer = key.startsWith("/");
            if (pointer && !HttpExpectation.isPointer(key)) {
              http.problem(node, at, "is not a JSON pointer, e.g. \"/checks/0/status\"");
            } else {
              value(pointer ? key : step("", key), entry.value(), at, json);
            }
          });
    } else if (node != null) {
      http.problem(JSON, "must be a table of values that the answer has, not " + node.describe());
    }
    return json;
  }

  private void value(String pointer, Node node, String at, Map<String, Object> json) {
    if (node instanceof Node.Table t && !t.entries().isEmpty()) {
      t.entries()
          .forEach(
              (key, entry) -> value(step(pointer, key), entry.value(), Words.join(at, key), json));
    } else if (node instanceof Node.Scalar s
        && !(s.value() instanceof Double d && !Double.isFinite(d))) {
      json.put(pointer, s.value());
    } else {
      http.problem(
          node, at, "must be a text, a number, true, false or a table, not " + node.describe());
    }
  }

  private static String step(String pointer, String key) {
    return pointer + "/" + key.replace("~", "~0").replace("/", "~1");
  }
}
