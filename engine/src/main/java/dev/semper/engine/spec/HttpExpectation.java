package dev.semper.engine.spec;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a good answer to an http probe is like; all of it has to hold.
///
/// @param status empty = 200–399
/// @param body text it contains
/// @param regex matches somewhere in it; of RE2's syntax, whose time is linear in the body
/// @param json values by their place, a JSON pointer as in RFC 6901; String, Long, Double or
///   Boolean
public record HttpExpectation(
    List<StatusRange> status,
    @Nullable String body,
    @Nullable String regex,
    Map<String, Object> json) {
  private static final java.util.regex.Pattern POINTER =
      java.util.regex.Pattern.compile("(?:/(?:[^~/]|~[01])*+)++");

  public static final HttpExpectation NONE = new HttpExpectation(List.of(), null, null, Map.of());

  public HttpExpectation {
    status = List.copyOf(status);
    json = Collections.unmodifiableMap(new TreeMap<>(json));
    String problem = regex == null ? null : regexProblem(regex);
    Limits.require(problem == null, "expected_regex " + problem);
    json.forEach((at, value) -> {
      Limits.require(isPointer(at), "expected_json: " + at + " is not a JSON pointer");
      Limits.require(
          value instanceof String
              || value instanceof Long
              || value instanceof Double
              || value instanceof Boolean,
          "expected_json: " + at + " must be a text, a number, true or false");
    });
  }

  /// Whether the body has to be looked at.
  public boolean readsBody() {
    return body != null || regex != null || !json.isEmpty();
  }

  /// @param from inclusive
  /// @param to inclusive
  public record StatusRange(int from, int to) {
    private static final java.util.regex.Pattern FORM =
        java.util.regex.Pattern.compile("(\\d{3})\\s?-\\s?(\\d{3})");

    public StatusRange {
      Limits.STATUS.require("expected_status", from);
      Limits.STATUS.require("expected_status", to);
      Limits.require(from <= to, "expected_status must not end before it begins");
    }

    public static StatusRange of(int status) {
      return new StatusRange(status, status);
    }

    /// @param text e.g. `200-299`
    static @Nullable StatusRange parse(String text) {
      java.util.regex.Matcher m = FORM.matcher(text);
      if (!m.matches()) {
        return null;
      }
      int from = Integer.parseInt(m.group(1));
      int to = Integer.parseInt(m.group(2));
      boolean good =
          Limits.STATUS.problem(from) == null && Limits.STATUS.problem(to) == null && from <= to;
      return good ? new StatusRange(from, to) : null;
    }

    public boolean contains(int status) {
      return status >= from && status <= to;
    }

    @Override
    public String toString() {
      return from == to ? String.valueOf(from) : from + "-" + to;
    }
  }

  /// @return what is wrong with it; null if nothing is
  static @Nullable String regexProblem(String regex) {
    if (regex.isEmpty() || regex.length() > Limits.LONGEST_REGEX) {
      return "must have 1 to %d characters".formatted(Limits.LONGEST_REGEX);
    }
    try {
      var _ = Pattern.compile(regex);
      return null;
    } catch (PatternSyntaxException e) {
      return "is not a regular expression of RE2's syntax: " + e.getDescription();
    }
  }

  static boolean isPointer(String text) {
    return POINTER.matcher(text).matches();
  }
}
