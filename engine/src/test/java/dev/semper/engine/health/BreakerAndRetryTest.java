package dev.semper.engine.health;

import static dev.semper.engine.health.ProbeRig.ERROR;
import static dev.semper.engine.health.ProbeRig.FAIL;
import static dev.semper.engine.health.ProbeRig.HANG;
import static dev.semper.engine.health.ProbeRig.PASS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.engine.spec.BreakerSpec;
import dev.semper.engine.spec.ProbeSpec;
import dev.semper.engine.spec.RetrySpec;
import dev.semper.engine.workload.Instance.Health;
import dev.semper.engine.workload.Prober.Verdict;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// The circuit breaker of a probe, and its tries within one check.
class BreakerAndRetryTest {
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final RetrySpec TWICE = new RetrySpec(2, SECOND, 2, Duration.ofSeconds(10));
  private static final BreakerSpec BREAKER = new BreakerSpec(4, Duration.ofSeconds(60), 3);

  private final ProbeRig rig = new ProbeRig();

  @Test
  void leavesAFailingTargetAloneAndSaysSo() {
    rig.answer("p", FAIL);
    rig.watch("i1", Health.NEW, probe(RetrySpec.NONE, BREAKER));
    advanceToCheck(4);

    rig.advance(Duration.ofSeconds(59));

    assertThat(rig.count("p")).isEqualTo(4);
    String open = "HTTP 503; circuit open, the next check is in 1m";
    assertThat(rig.result("i1", "p").message()).isEqualTo(open);
    assertThat(rig.verdicts).extracting(Verdict::message).containsExactly("HTTP 503", open);
    assertThat(rig.scheduler.metrics().breakersOpen()).isEqualTo(1);

    rig.answer("p", PASS);
    advanceToCheck(7);
    assertThat(rig.scheduler.metrics().breakersOpen()).isZero();
  }

  @Test
  void tellsEachCheckOnceHoweverOftenItWasTried() {
    List<ProbeResult> told = new ArrayList<>();
    rig.scheduler.onResult((_, result) -> told.add(result));
    script(PASS, FAIL, FAIL, PASS);
    rig.watch("i1", Health.NEW, probe(TWICE, null));

    advanceToCheck(4);

    assertThat(told).extracting(ProbeResult::passed).containsExactly(true, true);
  }

  @Test
  void aFailedTrialOpensItAgain() {
    rig.answer("p", FAIL);
    rig.watch("i1", Health.NEW, probe(RetrySpec.NONE, BREAKER));
    advanceToCheck(5);

    rig.advance(Duration.ofSeconds(59));

    assertThat(rig.count("p")).isEqualTo(5);
  }

  @Test
  void passedTrialsCloseIt() {
    rig.answer("p", FAIL);
    rig.watch("i1", Health.NEW, probe(RetrySpec.NONE, BREAKER));
    advanceToCheck(4);
    rig.answer("p", PASS);
    advanceToCheck(7);
    assertThat(rig.verdicts.getLast().passed()).isTrue();

    rig.answer("p", FAIL);
    advanceToCheck(10);
    rig.advance(Duration.ofSeconds(5));

    assertThat(rig.count("p")).as("three failures do not open a closed one").isGreaterThan(10);
  }

  @Test
  void aTrialThatFailsAfterPassedOnesOpensIt() {
    rig.answer("p", FAIL);
    rig.watch("i1", Health.NEW, probe(RetrySpec.NONE, BREAKER));
    advanceToCheck(4);
    rig.answer("p", PASS);
    advanceToCheck(6);

    rig.answer("p", FAIL);
    advanceToCheck(7);
    rig.advance(Duration.ofSeconds(59));

    assertThat(rig.count("p")).isEqualTo(7);
  }

  @Test
  void errorsOfTheProberMoveNothing() {
    rig.answer("p", ERROR);
    rig.watch("i1", Health.NEW, probe(TWICE, BREAKER));

    rig.advance(Duration.ofSeconds(30));

    assertThat(rig.count("p")).isGreaterThan(20);
    assertThat(rig.verdicts).isEmpty();
  }

  @Test
  void aRetryThatPassesMakesTheCheckPass() {
    script(FAIL, FAIL, PASS);
    rig.watch("i1", Health.NEW, probe(TWICE, null));

    advanceToCheck(3);

    assertThat(rig.verdicts).extracting(Verdict::passed).containsExactly(true);
    assertThat(rig.scheduler.metrics().failures()).isZero();
  }

  @Test
  void countsACheckOnceWhenAllItsTriesFail() {
    rig.answer("p", FAIL);
    rig.watch("i1", Health.NEW, probe(TWICE, null));

    advanceToCheck(3);
    assertThat(rig.result("i1", "p").failures()).isEqualTo(1);

    advanceToCheck(9);
    assertThat(rig.result("i1", "p").failures()).isEqualTo(3);
    assertThat(rig.scheduler.metrics().failures()).isEqualTo(3);
  }

  @Test
  void waitsLongerBeforeEachRetry() {
    rig.answer("p", FAIL);
    rig.watch("i1", Health.NEW, probe(TWICE, null));
    advanceToCheck(1);

    rig.advance(Duration.ofMillis(990));
    assertThat(rig.count("p")).isEqualTo(1);
    rig.advance(Duration.ofMillis(20));
    assertThat(rig.count("p")).isEqualTo(2);
    rig.advance(Duration.ofMillis(1980));
    assertThat(rig.count("p")).isEqualTo(2);
    rig.advance(Duration.ofMillis(20));
    assertThat(rig.count("p")).isEqualTo(3);
  }

  @Test
  void aTryThatHangsIsRepeatedOnlyOnceItHasReturned() {
    rig.answer("p", HANG);
    rig.watch("i1", Health.NEW, probe(TWICE, null));
    advanceToCheck(1);

    rig.advance(Duration.ofSeconds(20));
    assertThat(rig.count("p")).isEqualTo(1);

    rig.lastOf("p").end(PASS);
    rig.turn();
    rig.advance(Duration.ofSeconds(2));
    assertThat(rig.count("p")).isEqualTo(2);
  }

  @Test
  void theBreakerCountsChecksAndNotTries() {
    rig.answer("p", FAIL);
    rig.watch("i1", Health.NEW, probe(TWICE, BREAKER));

    advanceToCheck(12);
    rig.advance(Duration.ofSeconds(50));

    assertThat(rig.count("p")).isEqualTo(12);
  }

  @Test
  void growsTheDelayUpToItsLimit() {
    RetrySpec retry = new RetrySpec(9, SECOND, 3, Duration.ofSeconds(5));

    assertThat(List.of(1, 2, 3, 9).stream().map(retry::before))
        .containsExactly(
            SECOND, Duration.ofSeconds(3), Duration.ofSeconds(5), Duration.ofSeconds(5));
  }

  private void advanceToCheck(int count) {
    while (rig.count("p") < count) {
      rig.advanceToNext();
    }
  }

  private void script(Outcome... outcomes) {
    Queue<Outcome> left = new ArrayDeque<>(List.of(outcomes));
    rig.answer("p", () -> left.size() > 1 ? left.remove() : left.element());
  }

  private static ProbeSpec probe(RetrySpec retry, @Nullable BreakerSpec breaker) {
    return new ProbeSpec(
        "p",
        ProbeSpec.Type.READINESS,
        new ProbeSpec.Tcp("127.0.0.1", 0),
        Duration.ZERO,
        SECOND,
        Duration.ofMillis(500),
        3,
        1,
        retry,
        breaker);
  }
}
