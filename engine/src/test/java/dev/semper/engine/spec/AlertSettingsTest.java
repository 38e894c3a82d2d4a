package dev.semper.engine.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AlertSettingsTest {
  private static final ZoneId PARIS = ZoneId.of("Europe/Paris");

  private static AlertSettings.Window window(LocalTime start, LocalTime end, DayOfWeek... days) {
    return new AlertSettings.Window("w", start, end, PARIS, Set.of(days), AlertMatch.ALL);
  }

  private static boolean covers(AlertSettings.Window window, String local) {
    return window.covers(ZonedDateTime.parse(local + "[Europe/Paris]").toInstant());
  }

  @Property
  void coversEachMinuteOfItsSpanAndNoOther(
      @ForAll @IntRange(max = 1439) int start,
      @ForAll @IntRange(min = 1, max = 1439) int length,
      @ForAll @IntRange(max = 2879) int minute) {
    AlertSettings.Window window =
        window(
            LocalTime.ofSecondOfDay(start * 60L),
            LocalTime.ofSecondOfDay((start + length) % 1440 * 60L));
    Instant at = ZonedDateTime.of(2026, 7, 1, 0, 0, 0, 0, PARIS).plusMinutes(minute).toInstant();

    int sinceStart = Math.floorMod(minute - start, 1440);
    assertThat(window.covers(at)).isEqualTo(sinceStart < length);
  }

  /// On 2026-03-29 the clock goes from 02:00 to 03:00, on 2026-10-25 from 03:00 back to 02:00.
  @ParameterizedTest
  @CsvSource({
    "2026-03-29T01:59:59+01:00, false",
    "2026-03-29T03:00:00+02:00, true",
    "2026-03-29T03:59:59+02:00, true",
    "2026-03-29T04:00:00+02:00, false",
    "2026-10-25T01:59:59+02:00, false",
    "2026-10-25T02:00:00+02:00, true",
    "2026-10-25T02:30:00+01:00, true",
    "2026-10-25T03:59:59+01:00, true",
    "2026-10-25T04:00:00+01:00, false"
  })
  void followsTheClockOnTheWallWhereItJumps(String at, boolean covered) {
    assertThat(covers(window(LocalTime.of(2, 0), LocalTime.of(4, 0)), at)).isEqualTo(covered);
  }

  @ParameterizedTest
  @CsvSource({
    "2026-07-04T22:59:00+02:00, false", // a Saturday
    "2026-07-04T23:00:00+02:00, true",
    "2026-07-05T00:59:00+02:00, true",
    "2026-07-05T01:00:00+02:00, false",
    "2026-07-05T23:30:00+02:00, false",
    "2026-07-04T00:30:00+02:00, false"
  })
  void countsANightToTheDayOnWhichItBegins(String at, boolean covered) {
    AlertSettings.Window night =
        window(LocalTime.of(23, 0), LocalTime.of(1, 0), DayOfWeek.SATURDAY);

    assertThat(covers(night, at)).isEqualTo(covered);
  }

  @Property
  void matchesAPatternAsARegularExpressionWould(
      @ForAll @StringLength(max = 8) @CharRange(from = 'a', to = 'b') String text,
      @ForAll @StringLength(min = 1, max = 6) @CharRange(from = 'a', to = 'c') String pattern) {
    String glob = pattern.replace('c', '*');

    assertThat(AlertMatch.fits(glob, text)).isEqualTo(text.matches(glob.replace("*", ".*")));
  }

  @Test
  void readsAll(@TempDir Path dir) throws IOException {
    Files.writeString(dir.resolve("key"), "x");

    AlertSettings read = SpecReader.readAlerts(FULL, dir);

    assertThat(read.interval()).isEqualTo(Duration.ofSeconds(5));
    assertThat(read.rules()).extracting(AlertRule::name).contains("slow", "workload-failed");
    assertThat(read.rules()).extracting(AlertRule::name).doesNotContain("response-time");
    assertThat(read.channels())
        .extracting(AlertChannel::type)
        .containsExactly("webhook", "alertmanager", "email", "command");
    assertThat(read.routes()).hasSize(2);
    assertThat(read.routes().getFirst().escalation().getFirst().channels()).containsExactly("mail");
    assertThat(read.routes().getLast().channels()).containsExactly("ops", "am", "mail", "page");
    assertThat(read.windows().getFirst().zone()).isEqualTo(PARIS);
  }

  private static final String FULL =
      """
      [alerts]
      interval = "5s"
      disable = ["response-time"]
      [[alerts.rules]]
      name = "slow"
      measure = "response_time"
      value = 2000
      clear = 1500
      workloads = ["api-*"]
      [[alerts.channels]]
      name = "ops"
      type = "webhook"
      url = "https://example.org/hook"
      secret_file = "key"
      [[alerts.channels]]
      name = "am"
      type = "alertmanager"
      url = "http://127.0.0.1:9093"
      [[alerts.channels]]
      name = "mail"
      type = "email"
      host = "mail.example.org"
      user = "semper"
      password_file = "key"
      from = "semper@example.org"
      to = ["ops@example.org"]
      [[alerts.channels]]
      name = "page"
      type = "command"
      command = ["/bin/true"]
      [[alerts.routes]]
      severities = ["critical"]
      channels = ["ops"]
      escalate = [{ after = "15m", channels = ["mail"] }]
      [[alerts.silences]]
      name = "night"
      start = "02:00"
      end = "04:00"
      zone = "Europe/Paris"
      """;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "interval = '5x'|alerts.interval|must be a duration",
        "intervall = '5s'|alerts.intervall|did you mean `interval`",
        "disable = ['respons-time']|alerts.disable|did you mean `response-time`",
        "rules = [{ name = 'a', measure = 'cpus', value = 1 }]|alerts.rules[0].measure|did you mean `cpu`",
        "rules = [{ name = 'a', measure = 'cpu' }]|alerts.rules[0].value|is missing",
        "rules = [{ name = 'a', measure = 'cpu', value = 1, clear = 2 }]|alerts.rules[0].clear|must lie",
        "rules = [{ name = 'a', type = 'flapping', z = 2 }]|alerts.rules[0].z|is not for type flapping",
        "rules = [{ name = 'a', type = 'event' }]|alerts.rules[0].event|is missing",
        "rules = [{ name = 'a', type = 'absent', measure = 'cpu', labels = { tenant = 'x' } }]|alerts.rules[0].labels.tenant|none of",
        "channels = [{ name = 'a', type = 'fax' }]|alerts.channels[0].type|must be one of",
        "channels = [{ name = 'a', type = 'webhook', url = 'ftp://x' }]|alerts.channels[0].url|must begin with",
        "channels = [{ name = 'a', type = 'webhook', url = 'http://u:p@x' }]|alerts.channels[0].url|must not hold",
        "channels = [{ name = 'a', type = 'webhook', url = 'http://x', secret_file = 'nope' }]|alerts.channels[0].secret_file|cannot be read",
        "channels = [{ name = 'a', type = 'command', command = ['/nope'] }]|alerts.channels[0].command|is no program",
        "channels = [{ name = 'a', type = 'email', from = 'x', to = 'a@b' }]|alerts.channels[0].from|must be a mail address",
        "routes = [{ channels = ['ops'] }]|alerts.routes[0].channels|there is no channel",
        "silences = [{ name = 'n', start = '2:00', end = '04:00' }]|alerts.silences[0].start|must be a time of day",
        "silences = [{ name = 'n', start = '02:00', end = '04:00', zone = 'Mars' }]|alerts.silences[0].zone|unknown time zone",
        "silences = [{ name = 'n', start = '02:00', end = '02:00' }]|alerts.silences[0].end|must differ"
      })
  void namesWhatIsWrong(String line, String path, String words) {
    SemperException e =
        catchThrowableOfType(
            SemperException.class,
            () -> SpecReader.readAlerts("[alerts]\n" + line.replace('\'', '"'), Path.of("/")));

    List<Problem> problems = Objects.requireNonNull(e).problems();
    assertThat(problems).hasSize(1);
    assertThat(problems.getFirst().path()).isEqualTo(path);
    assertThat(problems.getFirst().line()).isEqualTo(2);
    assertThat(problems.getFirst().message()).contains(words);
  }
}
