package dev.semper.engine.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.semper.engine.spec.HealthSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/// Trend, anomalies, availability, the window of probes and the history.
class StatisticsTest {
  private static final long SECOND = 1_000_000_000L;

  @Property
  void findsTheSlopeOfALine(
      @ForAll @DoubleRange(min = -200, max = 200) double perHour,
      @ForAll @DoubleRange(min = 0, max = 100) double start,
      @ForAll @IntRange(min = Trend.LEAST_SAMPLES, max = 300) int n) {
    double[] seconds = new double[n];
    double[] scores = new double[n];
    for (int i = 0; i < n; i++) {
      seconds[i] = 1e9 + 12.0 * i;
      scores[i] = start + perHour * 12.0 * i / 3600;
    }

    Trend trend = Objects.requireNonNull(Trend.of(seconds, scores));

    assertThat(trend.slopePerHour()).isCloseTo(perHour, within(1e-6));
    double change = perHour * 12.0 * (n - 1) / 3600;
    Assume.that(Math.abs(Math.abs(change) - Trend.LEVEL) > 1e-6);
    assertThat(trend.direction())
        .isEqualTo(
            Math.abs(change) < Trend.LEVEL
                ? Trend.Direction.STABLE
                : change > 0 ? Trend.Direction.IMPROVING : Trend.Direction.DEGRADING);
  }

  @Property
  void turnsWithTheScores(
      @ForAll @Size(min = 10, max = 60) List<@IntRange(max = 100) Integer> scores) {
    double[] seconds = new double[scores.size()];
    double[] up = new double[scores.size()];
    double[] down = new double[scores.size()];
    for (int i = 0; i < up.length; i++) {
      seconds[i] = 60.0 * i;
      up[i] = scores.get(i);
      down[i] = 100 - up[i];
    }

    Trend a = Objects.requireNonNull(Trend.of(seconds, up));
    Trend b = Objects.requireNonNull(Trend.of(seconds, down));

    assertThat(a.slopePerHour()).isCloseTo(-b.slopePerHour(), within(1e-6));
  }

  @Test
  void saysNothingOfATrendWithFewSamples() {
    assertThat(Trend.of(new double[9], new double[9])).isNull();
    assertThat(Trend.of(new double[20], new double[20])).as("all at one time").isNull();
  }

  @Property(tries = 50)
  void findsASpikeAndNothingElse(
      @ForAll long seed,
      @ForAll @DoubleRange(min = 10, max = 1000) double mean,
      @ForAll @DoubleRange(min = 0.02, max = 0.2) double spread) {
    Random random = new Random(seed);
    Ewma ewma = new Ewma(1);
    double width = mean * spread;
    for (int i = 0; i < 500; i++) {
      // Uniform noise is at most 1.74 deviations from its mean; an estimate of the deviation errs.
      double z = ewma.take(mean + width * (2 * random.nextDouble() - 1));
      assertThat(Math.abs(z)).as("sample " + i).isLessThan(6);
    }

    assertThat(ewma.take(mean + 10 * width + 10)).isGreaterThan(Ewma.FAR);
    assertThat(ewma.mean()).isBetween(mean - width, mean + 2 * width + 3);
  }

  @Property
  void isSilentBeforeItHasSeenEnough(
      @ForAll @Size(max = Ewma.LEAST_SAMPLES) List<@DoubleRange(max = 1e6) Double> values) {
    Ewma ewma = new Ewma(1);

    assertThat(values).allSatisfy(value -> assertThat(ewma.take(value)).isZero());
  }

  @Test
  void getsUsedToALastingChange() {
    Ewma ewma = new Ewma(1);
    for (int i = 0; i < 100; i++) {
      ewma.take(100);
    }
    assertThat(ewma.take(200)).isGreaterThan(Ewma.FAR);
    int samples = 0;
    while (Math.abs(ewma.take(200)) > Ewma.FAR) {
      samples++;
    }
    assertThat(samples).isLessThan(60);
  }

  @Property
  void addsUpToTheWindow(@ForAll @Size(5) List<@LongRange(max = 700_000) Long> millis) {
    Duration window = Duration.ofHours(1);
    Availability a = Availability.of(window, millis);

    assertThat(a.up()).isEqualTo(Duration.ofMillis(millis.get(0) + millis.get(1)));
    assertThat(a.down()).isEqualTo(Duration.ofMillis(millis.get(2) + millis.get(3)));
    assertThat(a.up().plus(a.down()).plus(a.unknown())).isEqualTo(window);
    Double percent = a.percent();
    if (a.up().plus(a.down()).isZero()) {
      assertThat(percent).isNull();
    } else {
      assertThat(percent).isBetween(0.0, 100.0);
      assertThat(Double.valueOf(100).equals(percent)).isEqualTo(a.down().isZero());
    }
  }

  @Test
  void meansTheOutagesThatHaveEnded() {
    Instant t = Instant.EPOCH;
    List<Outage> outages =
        List.of(
            new Outage(t, null, ""),
            new Outage(t, t.plusSeconds(10), ""),
            new Outage(t, t.plusSeconds(30), ""));

    assertThat(Outage.meanLength(outages)).isEqualTo(Duration.ofSeconds(20));
    assertThat(Outage.meanLength(outages.subList(0, 1))).isNull();
  }

  private static ProbeResult result(boolean passed, long millis) {
    return new ProbeResult(
        "http",
        dev.semper.engine.spec.ProbeSpec.Type.LIVENESS,
        Instant.EPOCH,
        passed ? ProbeResult.Kind.PASSED : ProbeResult.Kind.FAILED,
        Duration.ofMillis(millis),
        passed ? "ok" : "bad",
        0);
  }

  @Property(tries = 100)
  void countsTheResultsOfTheWindowOnly(
      @ForAll @IntRange(max = 2000) int n, @ForAll @IntRange(min = 1, max = 700) int seconds) {
    ProbeWindow window = new ProbeWindow();
    for (int i = 0; i < n; i++) {
      window.add(i * SECOND, result(i % 4 != 3, i));
    }

    int[] inWindow = window.since((n - seconds) * SECOND);

    assertThat(inWindow).hasSize(Math.min(Math.min(n, seconds), 600));
    ProbeWindow.Stats stats = ProbeWindow.stats(inWindow);
    if (inWindow.length == 0) {
      assertThat(stats.errorPercent()).isNull();
    } else {
      int first = n - inWindow.length;
      double mean = (first + n - 1) / 2.0;
      long failed = java.util.stream.IntStream.range(first, n).filter(i -> i % 4 == 3).count();
      assertThat(stats.meanMillis()).isCloseTo(mean, within(1e-6));
      assertThat(stats.errorPercent()).isCloseTo(100.0 * failed / inWindow.length, within(1e-6));
      assertThat(stats.p95Millis()).isBetween(mean, (double) n);
    }
  }

  @Property(tries = 20)
  void leavesOutWhatFailsBeforeItHasPassedOnce(@ForAll @IntRange(max = 100) int failures) {
    ProbeWindow window = new ProbeWindow();
    for (int i = 0; i < failures; i++) {
      window.add(i, result(false, 1));
    }
    assertThat(window.since(0)).isEmpty();
    assertThat(window.total().checks()).isEqualTo(failures);

    window.add(failures, result(true, 1));
    window.add(failures + 1, result(false, 1));

    assertThat(ProbeWindow.stats(window.since(0)).errorPercent()).isEqualTo(50);
  }

  @Property(tries = 50)
  void remembersAnHourAndNoMore(
      @ForAll @IntRange(max = 9000) int n, @ForAll @IntRange(min = 1, max = 60) int step) {
    History history = new History();
    Instant start = Instant.parse("2026-01-01T00:00:00Z");
    Instant now = start;
    for (int i = 0; i < n; i++) {
      now = start.plusSeconds((long) i * step);
      history.add(now, HealthStatus.HEALTHY, i % 101, ScoreTest.measures(1.0, null, null, null));
    }

    List<History.Sample> samples = history.between(Instant.MIN, Instant.MAX);

    assertThat(samples).hasSize(Math.min(n, 3600 / step + 1));
    if (n > 0) {
      assertThat(samples.getLast().at()).isEqualTo(now);
      assertThat(samples.getLast().score()).isEqualTo((n - 1) % 101);
      assertThat(samples.getLast().memoryMb()).isNull();
    }
  }

  @Test
  void aHistoryStaysInOrderWhenTheClockJumps() {
    History history = new History();
    Instant start = Instant.parse("2026-07-01T12:00:00Z");
    for (int minute = 0; minute < 20; minute++) {
      history.add(start.plusSeconds(60L * minute), HealthStatus.HEALTHY, 100, Measures.NONE);
    }

    Instant back = start.plusSeconds(300).minusSeconds(30);
    for (int minute = 0; minute < 12; minute++) {
      history.add(back.plusSeconds(60L * minute), HealthStatus.HEALTHY, 100, Measures.NONE);
    }
    assertThat(history.between(Instant.MIN, Instant.MAX))
        .hasSize(5 + 12)
        .isSortedAccordingTo(Comparator.comparing(History.Sample::at));
    Trend trend = Objects.requireNonNull(history.trend(back.plusSeconds(660)));
    assertThat(trend.direction()).isEqualTo(Trend.Direction.STABLE);

    Instant ahead = start.plusSeconds(36_000);
    history.add(ahead, HealthStatus.HEALTHY, 100, Measures.NONE);
    assertThat(history.between(Instant.MIN, Instant.MAX)).hasSize(1);
  }

  @Test
  void holdsAStatusUntilEnoughSamplesSpeakAgainstIt() {
    Hysteresis hysteresis = new Hysteresis();
    List<HealthStatus> seen = new ArrayList<>();
    HealthStatus up = HealthStatus.HEALTHY;
    HealthStatus down = HealthStatus.UNHEALTHY;
    for (HealthStatus measured :
        List.of(up, down, down, up, down, down, HealthStatus.CRITICAL, up)) {
      seen.add(hysteresis.take(measured, HealthSpec.DEFAULT));
    }

    assertThat(seen).containsExactly(up, up, up, up, up, up, HealthStatus.CRITICAL, up);
  }
}
