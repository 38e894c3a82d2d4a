package dev.semper.engine.workload;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.engine.spec.RestartSpec;
import dev.semper.engine.spec.RestartSpec.OnLimit;
import dev.semper.engine.spec.RestartSpec.Policy;
import dev.semper.engine.workload.RestartPolicy.Verdict;
import dev.semper.spi.Exit;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RestartPolicyTest {
  private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");

  private static RestartSpec spec(Policy policy, int maxAttempts, OnLimit onLimit, double jitter) {
    return new RestartSpec(
        policy,
        Duration.ofSeconds(1),
        Duration.ofSeconds(20),
        jitter,
        maxAttempts,
        Duration.ofMinutes(60),
        Duration.ofMinutes(10),
        onLimit,
        Set.of(0, 3),
        Set.of(64),
        Set.of(75));
  }

  private static Verdict decide(RestartSpec spec, List<Instant> attempts, Exit exit) {
    return RestartPolicy.decide(spec, attempts, exit, Duration.ZERO, false, NOW, 0);
  }

  private static List<Instant> attempts(int count) {
    return new ArrayList<>(Collections.nCopies(count, NOW.minusSeconds(5)));
  }

  /// What follows an exit: D = done, F = given up, A = again.
  @ParameterizedTest
  @CsvSource({
    "NO, 0, D",
    "NO, 3, D",
    "NO, 1, F",
    "NO, 64, F",
    "NO, 75, A",
    "NO, KILL, F",
    "ON_FAILURE, 0, D",
    "ON_FAILURE, 3, D",
    "ON_FAILURE, 1, A",
    "ON_FAILURE, 64, F",
    "ON_FAILURE, 75, A",
    "ON_FAILURE, KILL, A",
    "ON_FAILURE, ?, A",
    "ALWAYS, 0, A",
    "ALWAYS, 3, A",
    "ALWAYS, 1, A",
    "ALWAYS, 64, F",
    "ALWAYS, 75, A",
    "ALWAYS, KILL, A",
    "UNLESS_STOPPED, 0, A",
    "UNLESS_STOPPED, 1, A",
    "UNLESS_STOPPED, 64, F"
  })
  void followsThePolicyAndTheCodes(Policy policy, String end, String expected) {
    Exit exit =
        switch (end) {
          case "KILL" -> Exit.signal(NOW, "KILL");
          case "?" -> Exit.unknown(NOW, "the host was rebooted");
          default -> Exit.code(NOW, Integer.parseInt(end));
        };
    Verdict verdict = decide(spec(policy, 5, OnLimit.SLOW, 0), List.of(), exit);

    assertThat(letter(verdict)).isEqualTo(expected);
  }

  private static String letter(Verdict verdict) {
    return switch (verdict) {
      case Verdict.Done _ -> "D";
      case Verdict.GiveUp _ -> "F";
      case Verdict.Again _ -> "A";
    };
  }

  @Test
  void aCodeThatPreventsARestartMayStillMeanSuccess() {
    RestartSpec spec =
        new RestartSpec(
            Policy.ALWAYS,
            Duration.ZERO,
            Duration.ZERO,
            0,
            5,
            Duration.ofMinutes(1),
            Duration.ofMinutes(1),
            OnLimit.SLOW,
            Set.of(0),
            Set.of(0),
            Set.of());

    assertThat(decide(spec, List.of(), Exit.code(NOW, 0))).isInstanceOf(Verdict.Done.class);
  }

  /// min(base · 2^min(n, 5), max), first = base.
  @ParameterizedTest
  @CsvSource({"0, 1", "1, 2", "2, 4", "3, 8", "4, 16", "5, 20", "6, 20", "50, 20"})
  void doublesTheDelayUpToTheLongest(int n, int seconds) {
    Verdict verdict =
        decide(spec(Policy.ALWAYS, 0, OnLimit.SLOW, 0), attempts(n), Exit.code(NOW, 1));

    assertThat(verdict)
        .isInstanceOfSatisfying(
            Verdict.Again.class,
            again -> assertThat(again.delay()).isEqualTo(Duration.ofSeconds(seconds)));
  }

  @Test
  void stopsDoublingAfterTheFifth() {
    RestartSpec spec =
        new RestartSpec(
            Policy.ALWAYS,
            Duration.ofSeconds(1),
            Duration.ofHours(1),
            0,
            0,
            Duration.ofMinutes(60),
            Duration.ofMinutes(10),
            OnLimit.SLOW,
            Set.of(0),
            Set.of(),
            Set.of());
    for (int n : List.of(5, 6, 100)) {
      assertThat(decide(spec, attempts(n), Exit.code(NOW, 1)))
          .isInstanceOfSatisfying(
              Verdict.Again.class,
              again -> assertThat(again.delay()).isEqualTo(Duration.ofSeconds(32)));
    }
  }

  @Test
  void addsItsShareOfJitter() {
    Verdict verdict =
        RestartPolicy.decide(
            spec(Policy.ALWAYS, 0, OnLimit.SLOW, 0.5),
            List.of(),
            Exit.code(NOW, 1),
            Duration.ZERO,
            false,
            NOW,
            0.5);

    assertThat(verdict)
        .isInstanceOfSatisfying(
            Verdict.Again.class,
            again -> assertThat(again.delay()).isEqualTo(Duration.ofMillis(1250)));
  }

  @Test
  void goesOnSlowlyAtTheLimit() {
    RestartSpec spec = spec(Policy.ALWAYS, 3, OnLimit.SLOW, 0);
    assertThat(decide(spec, attempts(2), Exit.code(NOW, 1)))
        .isInstanceOfSatisfying(Verdict.Again.class, again -> assertThat(again.slowed()).isFalse());

    assertThat(decide(spec, attempts(3), Exit.code(NOW, 1)))
        .isInstanceOfSatisfying(
            Verdict.Again.class,
            again -> {
              assertThat(again.slowed()).isTrue();
              assertThat(again.delay()).isEqualTo(Duration.ofSeconds(20));
              assertThat(again.attempt()).isEqualTo(4);
            });
  }

  @Test
  void givesUpAtTheLimitIfToldTo() {
    RestartSpec spec = spec(Policy.ALWAYS, 3, OnLimit.FAIL, 0);

    assertThat(letter(decide(spec, attempts(2), Exit.code(NOW, 1)))).isEqualTo("A");
    assertThat(decide(spec, attempts(3), Exit.code(NOW, 1)))
        .isInstanceOfSatisfying(
            Verdict.GiveUp.class, g -> assertThat(g.why()).contains("3 restarts"));
  }

  @Test
  void looksAtTheWindowBeforeTheLimit() {
    RestartSpec spec = spec(Policy.ALWAYS, 3, OnLimit.FAIL, 0);
    List<Instant> old = Collections.nCopies(3, NOW.minus(Duration.ofMinutes(61)));

    assertThat(decide(spec, old, Exit.code(NOW, 1)))
        .isInstanceOfSatisfying(
            Verdict.Again.class,
            again -> {
              assertThat(again.attempt()).isEqualTo(1);
              assertThat(again.delay()).isEqualTo(Duration.ofSeconds(1));
              assertThat(again.attempts()).containsExactly(NOW);
            });
  }

  @Test
  void aStableRunWipesTheSlate() {
    RestartSpec spec = spec(Policy.ALWAYS, 3, OnLimit.FAIL, 0);
    Verdict verdict =
        RestartPolicy.decide(
            spec, attempts(3), Exit.code(NOW, 1), Duration.ofMinutes(10), false, NOW, 0);

    assertThat(verdict)
        .isInstanceOfSatisfying(
            Verdict.Again.class, again -> assertThat(again.attempt()).isEqualTo(1));
  }

  @Test
  void oneEndedForItsProbeIsAFailureWhateverItsCode() {
    assertThat(
            letter(
                RestartPolicy.decide(
                    spec(Policy.ON_FAILURE, 5, OnLimit.SLOW, 0),
                    List.of(),
                    Exit.code(NOW, 0),
                    Duration.ofMinutes(1),
                    true,
                    NOW,
                    0)))
        .isEqualTo("A");
  }

  @Test
  void keepsNoMoreAttemptsThanMatter() {
    List<Instant> attempts = List.of();
    for (int i = 0; i < 100; i++) {
      Verdict verdict =
          decide(spec(Policy.ALWAYS, 0, OnLimit.SLOW, 0), attempts, Exit.code(NOW, 1));
      attempts = ((Verdict.Again) verdict).attempts();
    }

    assertThat(attempts).hasSize(6);
  }
}
