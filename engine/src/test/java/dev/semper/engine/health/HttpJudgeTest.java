package dev.semper.engine.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.semper.engine.spec.HttpExpectation;
import dev.semper.engine.spec.HttpExpectation.StatusRange;
import dev.semper.engine.spec.ProbeSpec;
import dev.semper.engine.spec.TlsSpec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpJudgeTest {
  private static final String HEALTH =
      "{\"status\":\"UP\",\"checks\":[{\"ok\":true,\"ms\":12.50}],\"a/b\":1,\"none\":null}";

  @ParameterizedTest
  @CsvSource({"200, true", "204, true", "205, false", "301, true", "302, false"})
  void takesStatusesAndRanges(int status, boolean passes) {
    HttpExpectation expected =
        new HttpExpectation(
            List.of(new StatusRange(200, 204), StatusRange.of(301)), null, null, Map.of());

    Outcome outcome = judge(expected, status, "");

    assertThat(outcome.equals(new Outcome.Passed())).isEqualTo(passes);
    if (!passes) {
      assertThat(outcome)
          .isEqualTo(
              new Outcome.Failed(
                  "HTTP " + status + " from http://127.0.0.1:81/, expected 200-204, 301"));
    }
  }

  @Test
  void searchesTheBodyForAPattern() {
    assertThat(judge(regex("^up\\b|(?i)HEALTHY"), 200, "is healthy"))
        .isEqualTo(new Outcome.Passed());
    assertThat(judge(regex("ready.*now"), 200, "not ready"))
        .isEqualTo(
            new Outcome.Failed(
                "HTTP 200 from http://127.0.0.1:81/ without a match of ready.*now in its body"));
  }

  /// The classic that takes an engine with backtracking years.
  @Test
  void noPatternTakesForEver() {
    long before = System.nanoTime();

    assertThat(judge(regex("(a+)+b"), 200, "a".repeat(60_000))).isInstanceOf(Outcome.Failed.class);

    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(10));
  }

  @Test
  void aSearchEndsWithItsCheck() {
    assertThatThrownBy(() ->
            HttpJudge.judge(
                http(regex("(a?){900}b")), 81, reply(200, "a".repeat(60_000)), () -> true))
        .isInstanceOf(CancellationException.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/status | UP | ''",
        "/checks/0/ok | true | ''",
        "/checks/0/ms | 12.5 | ''",
        "/a~1b | 1 | ''",
        "/status | DOWN | where /status is \"UP\", expected \"DOWN\"",
        "/checks/0/ok | false | where /checks/0/ok is true, expected false",
        "/checks/1/ok | true | where /checks/1/ok is missing, expected true",
        "/none | x | where /none is null, expected \"x\""
      })
  void looksIntoJson(String at, String value, @Nullable String fault) {
    Object wanted =
        switch (value) {
          case "true", "false" -> Boolean.valueOf(value);
          case "1" -> 1L;
          case "12.5" -> 12.5;
          default -> value;
        };

    Outcome outcome =
        judge(new HttpExpectation(List.of(), null, null, Map.of(at, wanted)), 200, HEALTH);

    assertThat(outcome)
        .isEqualTo(
            fault == null || fault.isEmpty()
                ? new Outcome.Passed()
                : new Outcome.Failed("HTTP 200 from http://127.0.0.1:81/ " + fault));
  }

  @Test
  void saysWhenABodyIsNoJson() {
    HttpExpectation expected = new HttpExpectation(List.of(), null, null, Map.of("/a", 1L));

    assertThat(judge(expected, 200, "<html>").toString()).contains("a body that is not JSON");
    assertThat(judge(expected, 200, "").toString()).contains("/a is missing");
    assertThat(judge(expected, 200, "\"" + "x".repeat(70_000) + "\"").toString())
        .contains("more than 64 KiB");
  }

  @Test
  void theAnswerToHeadHasNoBody() throws Exception {
    HttpReply reply = new HttpReply(true, false);

    assertThat(reply.feed(bytes("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"), 41)).isTrue();
  }

  private static HttpExpectation regex(String regex) {
    return new HttpExpectation(List.of(), null, regex, Map.of());
  }

  private static Outcome judge(HttpExpectation expected, int status, String body) {
    return HttpJudge.judge(http(expected), 81, reply(status, body), () -> false);
  }

  private static ProbeSpec.Http http(HttpExpectation expected) {
    return new ProbeSpec.Http(
        "http", "127.0.0.1", 81, "GET", "/", Map.of(), null, expected, TlsSpec.ANY);
  }

  private static HttpReply reply(int status, String body) {
    HttpReply reply = new HttpReply(false, true);
    byte[] bytes =
        bytes(
            "HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s".formatted(status, body.length(), body));
    try {
      assertThat(reply.feed(bytes, bytes.length)).isTrue();
    } catch (HttpReply.Garbage e) {
      throw new AssertionError(e);
    }
    return reply;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
