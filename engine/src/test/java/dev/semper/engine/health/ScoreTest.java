package dev.semper.engine.health;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.engine.spec.HealthSpec;
import dev.semper.engine.spec.ProbeSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScoreTest {
  static Measures measures(
      @Nullable Double cpu,
      @Nullable Double memory,
      @Nullable Double errors,
      @Nullable Double millis) {
    return new Measures(cpu, memory, null, errors, millis, millis, null, 0, null);
  }

  private static List<ProbeReport> checks(ProbeResult.Kind kind, int n) {
    ProbeResult result =
        new ProbeResult(
            "queue", ProbeSpec.Type.READINESS, Instant.EPOCH, kind, Duration.ZERO, "long", 1);
    return Collections.nCopies(n, new ProbeReport("web-0", result));
  }

  /// The table of the seed, at its thresholds and just over them.
  @ParameterizedTest
  @CsvSource({
    "70,    400,   5,    2000, 100",
    "70.1,  400,   5,    2000, 85",
    "90,    400,   5,    2000, 85",
    "90.1,  400,   5,    2000, 70",
    "0,     409.6, 0,    0,    100",
    "0,     409.7, 0,    0,    90",
    "0,     512,   0,    0,    90",
    "0,     512.1, 0,    0,    75",
    "0,     0,     5.1,  0,    80",
    "0,     0,     10,   0,    80",
    "0,     0,     10.1, 0,    60",
    "0,     0,     0,    2001, 90",
    "0,     0,     0,    5001, 80",
    "100,   9999,  100,  9999, 0"
  })
  void takesWhatTheSeedTakes(double cpu, double memory, double errors, double millis, int points) {
    Score score = Score.of(HealthSpec.DEFAULT, measures(cpu, memory, errors, millis), List.of());

    assertThat(score.points()).as(score::toString).isEqualTo(points);
  }

  @ParameterizedTest
  @CsvSource({
    "100, HEALTHY",
    "90, HEALTHY",
    "89, DEGRADED",
    "70, DEGRADED",
    "69, UNHEALTHY",
    "30, UNHEALTHY",
    "29, CRITICAL",
    "0, CRITICAL"
  })
  void hasTheBandsOfTheSeed(int points, HealthStatus status) {
    assertThat(HealthStatus.of(points)).isEqualTo(status);
  }

  @Property
  void takesForEachCheckOfItsOwn(
      @ForAll @IntRange(max = 20) int failed, @ForAll @IntRange(max = 20) int erred) {
    List<ProbeReport> custom =
        Stream.of(
                checks(ProbeResult.Kind.FAILED, failed),
                checks(ProbeResult.Kind.ERROR, erred),
                checks(ProbeResult.Kind.PASSED, 3))
            .flatMap(List::stream)
            .toList();

    Score score = Score.of(HealthSpec.DEFAULT, Measures.NONE, custom);

    assertThat(score.points()).isEqualTo(Math.max(0, 100 - 10 * failed - 15 * erred));
    assertThat(score.reasons()).hasSize(failed + erred);
  }

  @Property
  void neverRisesWhenAMeasureDoes(
      @ForAll @DoubleRange(max = 100) double cpu,
      @ForAll @DoubleRange(max = 2000) double memory,
      @ForAll @DoubleRange(max = 100) double errors,
      @ForAll @DoubleRange(max = 20000) double millis,
      @ForAll @DoubleRange(min = 1, max = 3) double factor) {
    int before =
        Score.of(HealthSpec.DEFAULT, measures(cpu, memory, errors, millis), List.of()).points();
    int after =
        Score.of(
                HealthSpec.DEFAULT,
                measures(cpu * factor, memory * factor, errors * factor, millis * factor),
                List.of())
            .points();

    assertThat(before).isBetween(0, 100);
    assertThat(after).isBetween(0, before);
  }

  @Property
  void whatWasNotMeasuredTakesNothing(
      @ForAll @DoubleRange(max = 100) double cpu, @ForAll @DoubleRange(max = 100) double errors) {
    int both = Score.of(HealthSpec.DEFAULT, measures(cpu, null, errors, null), List.of()).points();
    int first = Score.of(HealthSpec.DEFAULT, measures(cpu, null, null, null), List.of()).points();
    int second =
        Score.of(HealthSpec.DEFAULT, measures(null, null, errors, null), List.of()).points();

    assertThat(both).isEqualTo(first + second - 100);
  }
}
