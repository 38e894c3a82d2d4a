package dev.semper.engine.health;

import com.google.re2j.Pattern;
import dev.semper.engine.spec.HttpExpectation;
import dev.semper.engine.spec.ProbeSpec;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What counts as a good answer to an HTTP probe.
final class HttpJudge {
  private static final int SHOWN = 60;

  private HttpJudge() {}

  /// Whether judging takes so little that the scheduler's thread may do it.
  static boolean isQuick(HttpExpectation expected) {
    return expected.regex() == null && expected.json().isEmpty();
  }

  /// Redirects are not followed: they are an answer like others.
  ///
  /// @param cancelled ends a search that takes too long
  static Outcome judge(ProbeSpec.Http http, int port, HttpReply reply, BooleanSupplier cancelled) {
    String fault = fault(http.expected(), reply, cancelled);
    return fault == null
        ? new Outcome.Passed()
        : new Outcome.Failed(
            "HTTP " + reply.status() + " from " + HttpRequest.url(http, port) + fault);
  }

  private static @Nullable String fault(
      HttpExpectation expected, HttpReply reply, BooleanSupplier cancelled) {
    if (!isGood(expected, reply.status())) {
      return ", expected " + statuses(expected);
    }
    String text = expected.body();
    if (text != null && !reply.bodyContains(text)) {
      return " without \"" + text + "\" in its body" + cut(reply);
    }
    String regex = expected.regex();
    if (regex != null && !finds(regex, reply, cancelled)) {
      return " without a match of " + regex + " in its body" + cut(reply);
    }
    return expected.json().isEmpty() ? null : Json.fault(expected.json(), reply);
  }

  private static boolean isGood(HttpExpectation expected, int status) {
    return expected.status().isEmpty()
        ? status >= 200 && status <= 399
        : expected.status().stream().anyMatch(range -> range.contains(status));
  }

  private static String statuses(HttpExpectation expected) {
    return expected.status().isEmpty()
        ? "200-399"
        : expected.status().toString().replaceAll("[\\[\\]]", "");
  }

  private static boolean finds(String regex, HttpReply reply, BooleanSupplier cancelled) {
    String body = new String(reply.body(), StandardCharsets.UTF_8);
    return Pattern.compile(regex).matcher(new Cancellable(body, cancelled)).find();
  }

  private static String cut(HttpReply reply) {
    return reply.isCut() ? " (its first " + HttpReply.MAX_BODY / 1024 + " KiB)" : "";
  }

  /// Loaded by the first probe that asks for it.
  private static final class Json {
    private static final JsonMapper MAPPER = new JsonMapper();

    static @Nullable String fault(Map<String, Object> expected, HttpReply reply) {
      if (reply.isCut()) {
        return " with more than " + HttpReply.MAX_BODY / 1024 + " KiB, which is not read as JSON";
      }
      JsonNode root;
      try {
        root = MAPPER.readTree(reply.body());
      } catch (JacksonException e) {
        return " with a body that is not JSON: " + shown(e.getOriginalMessage());
      }
      for (Map.Entry<String, Object> each : expected.entrySet()) {
        JsonNode found = root.at(each.getKey());
        if (!equal(each.getValue(), found)) {
          return " where %s is %s, expected %s"
              .formatted(
                  each.getKey(),
                  found.isMissingNode() ? "missing" : shown(found.toString()),
                  each.getValue() instanceof String s ? '"' + s + '"' : each.getValue());
        }
      }
      return null;
    }

    private static boolean equal(Object wanted, JsonNode found) {
      return switch (wanted) {
        case String text -> found.isString() && found.stringValue().equals(text);
        case Boolean flag -> found.isBoolean() && found.booleanValue() == flag;
        case Number number ->
            found.isNumber()
                && new BigDecimal(number.toString()).compareTo(found.decimalValue()) == 0;
        default -> false;
      };
    }

    private static String shown(@Nullable String text) {
      String line = String.valueOf(text).replaceAll("\\s+", " ");
      return line.length() > SHOWN ? line.substring(0, SHOWN) + "…" : line;
    }
  }
}
