package dev.semper.engine.health;

import static dev.semper.engine.health.ProbeRig.ERROR;
import static dev.semper.engine.health.ProbeRig.FAIL;
import static dev.semper.engine.health.ProbeRig.HANG;
import static dev.semper.engine.health.ProbeRig.PASS;
import static dev.semper.engine.health.ProbeRig.liveness;
import static dev.semper.engine.health.ProbeRig.probe;
import static dev.semper.engine.health.ProbeRig.readiness;
import static dev.semper.engine.health.ProbeRig.startup;
import static dev.semper.engine.health.ProbeRig.timed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.engine.spec.ProbeSpec;
import dev.semper.engine.workload.Instance.Health;
import dev.semper.engine.workload.Prober.Verdict;
import dev.semper.engine.workload.Prober.Watch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The rules of the kubelet's prober (its worker_test.go: TestDoProbe, TestInitialDelay,
/// TestFailureThreshold, TestSuccessThreshold, TestCleanUp, TestHandleCrash,
/// TestOnHoldOnLivenessCheckFailure, TestOnHoldOnStartupCheckFailure) and ours beyond them.
class ProbeSchedulerTest {
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration MINUTE = Duration.ofMinutes(1);

  private final ProbeRig rig = new ProbeRig();

  private static Health known(boolean started, String probe, String word) {
    return new Health(started, word.equals("ok"), true, Map.of(probe, word));
  }

  @ParameterizedTest
  @EnumSource(ProbeSpec.Type.class)
  void tellsTheFirstPass(ProbeSpec.Type type) {
    rig.watch("i1", Health.NEW, probe("p", type, 3, 1));
    rig.advance(SECOND);

    assertThat(rig.verdicts).containsExactly(new Verdict("i1", "p", type, true, "ok", 0));
  }

  @ParameterizedTest
  @EnumSource(ProbeSpec.Type.class)
  void tellsAFailureOnlyAtItsThreshold(ProbeSpec.Type type) {
    rig.answer("p", FAIL);
    rig.watch("i1", Health.NEW, probe("p", type, 3, 1));

    advanceToCheck("p", 2);
    assertThat(rig.verdicts).isEmpty();

    advanceToCheck("p", 3);
    assertThat(rig.verdicts).containsExactly(new Verdict("i1", "p", type, false, "HTTP 503", 3));
  }

  @ParameterizedTest
  @EnumSource(ProbeSpec.Type.class)
  void anErrorOfTheProberChangesNothing(ProbeSpec.Type type) {
    rig.answer("p", ERROR);
    rig.watch("i1", Health.NEW, probe("p", type, 1, 1));
    rig.advance(MINUTE);

    assertThat(rig.verdicts).isEmpty();
    assertThat(rig.count("p")).isGreaterThan(50);
    assertThat(rig.scheduler.metrics().errors()).isEqualTo(rig.count("p"));
    assertThat(rig.result("i1", "p").kind()).isEqualTo(ProbeResult.Kind.ERROR);
  }

  @Test
  void anErrorBetweenFailuresNeitherCountsNorForgives() {
    AtomicInteger calls = new AtomicInteger();
    rig.answer("live", () -> calls.incrementAndGet() == 2 ? ERROR : FAIL);
    rig.watch("i1", Health.NEW, liveness(3));

    advanceToCheck("live", 3);
    assertThat(rig.verdicts).isEmpty();

    advanceToCheck("live", 4);
    assertThat(rig.verdicts).singleElement().satisfies(v -> assertThat(v.passed()).isFalse());
  }

  @Test
  void aCheckThatThrowsDoesNotEndTheWorker() {
    AtomicInteger calls = new AtomicInteger();
    rig.answer(
        "p",
        () -> {
          if (calls.incrementAndGet() == 1) {
            throw new IllegalStateException("boom");
          }
          return PASS;
        });
    rig.watch("i1", Health.NEW, probe("p", ProbeSpec.Type.READINESS, 1, 1));

    advanceToCheck("p", 2);

    assertThat(rig.verdicts).singleElement().satisfies(v -> assertThat(v.passed()).isTrue());
    assertThat(rig.scheduler.metrics().errors()).isOne();
  }

  @Test
  void anOwnerThatThrowsDoesNotEndTheWorker() {
    rig.scheduler.watch(
        new Watch(
            "t",
            "web",
            "i1",
            "process",
            "web-0",
            80,
            List.of(readiness(1, 1)),
            Health.NEW,
            _ -> {
              throw new IllegalStateException("boom");
            }));
    rig.advance(MINUTE);

    assertThat(rig.count("ready")).isGreaterThan(50);
  }

  @ParameterizedTest
  @EnumSource(ProbeSpec.Type.class)
  void waitsForTheInitialDelay(ProbeSpec.Type type) {
    rig.watch("i1", Health.NEW, timed("p", type, Duration.ofSeconds(30), SECOND, 1, 1));

    rig.advance(Duration.ofSeconds(30).minusNanos(1));
    assertThat(rig.checks).isEmpty();

    rig.advance(SECOND);
    assertThat(rig.count("p")).isPositive();
  }

  @Test
  void checksReadinessAtOnceWithATenthOfThePeriodOfJitter() {
    for (int i = 0; i < 50; i++) {
      rig.watch("i" + i, Health.NEW, readiness(1, 1));
    }
    rig.advance(Duration.ofMillis(100));

    assertThat(rig.checks).hasSize(50);
  }

  @Test
  void aPassForgivesFailuresBelowTheThreshold() {
    AtomicInteger calls = new AtomicInteger();
    rig.answer("live", () -> calls.incrementAndGet() % 3 == 0 ? PASS : FAIL);
    rig.watch("i1", known(true, "live", "ok"), liveness(3));
    rig.advance(MINUTE);

    assertThat(rig.verdicts).isEmpty();
  }

  @Test
  void readinessPassesAtItsSuccessThreshold() {
    rig.answer("ready", FAIL);
    rig.watch("i1", Health.NEW, readiness(1, 3));
    advanceToCheck("ready", 1);
    rig.answer("ready", PASS);

    advanceToCheck("ready", 3);
    assertThat(rig.verdicts).hasSize(1);

    advanceToCheck("ready", 4);
    assertThat(rig.verdicts).extracting(Verdict::passed).containsExactly(false, true);
  }

  @Test
  void tellsCrossingsNotResults() {
    rig.watch("i1", Health.NEW, readiness(2, 1));
    rig.advance(MINUTE);
    rig.answer("ready", FAIL);
    rig.advance(MINUTE);
    rig.answer("ready", PASS);
    rig.advance(MINUTE);

    assertThat(rig.verdicts).extracting(Verdict::passed).containsExactly(true, false, true);
    assertThat(rig.count("ready")).isBetween(170L, 190L);
  }

  @ParameterizedTest
  @EnumSource(
      value = ProbeSpec.Type.class,
      names = {"STARTUP", "LIVENESS"})
  void holdsAfterAFailureUntilANewIncarnation(ProbeSpec.Type type) {
    rig.answer("p", FAIL);
    ProbeSpec spec = probe("p", type, 2, 1);
    rig.watch("i1", Health.NEW, spec);
    rig.advance(MINUTE);
    assertThat(rig.count("p")).isEqualTo(2);
    assertThat(rig.verdicts).hasSize(1);

    rig.watch("i1", Health.NEW, spec);
    rig.advance(MINUTE);
    assertThat(rig.count("p")).isEqualTo(2);

    rig.unwatch("i1");
    rig.watch("i2", Health.NEW, spec);
    rig.advance(MINUTE);
    assertThat(rig.count("p")).isEqualTo(4);
    assertThat(rig.verdicts).extracting(Verdict::incarnation).containsExactly("i1", "i2");
  }

  @Test
  void startupGatesTheOthersUntilAllHavePassed() {
    rig.answer("startup", FAIL);
    rig.watch(
        "i1",
        Health.NEW,
        startup(1000),
        probe("startup2", ProbeSpec.Type.STARTUP, 1000, 1),
        readiness(1, 1),
        liveness(1));
    rig.advance(MINUTE);
    assertThat(rig.count("ready") + rig.count("live")).isZero();
    assertThat(rig.count("startup2")).isOne();

    rig.answer("startup", PASS);
    rig.advance(Duration.ofSeconds(3));
    long startups = rig.count("startup");
    rig.advance(MINUTE);

    assertThat(rig.count("ready")).isPositive();
    assertThat(rig.count("live")).isPositive();
    assertThat(rig.count("startup")).isEqualTo(startups);
    assertThat(rig.verdicts)
        .extracting(Verdict::probe)
        .containsExactly("startup2", "startup", "ready", "live");
  }

  @Test
  void readinessIsCheckedWithinATenthOfItsPeriodAfterStartup() {
    rig.watch("i1", Health.NEW, startup(3), readiness(3, 1));
    rig.advance(Duration.ofMillis(200));

    assertThat(rig.count("ready")).isOne();
  }

  @Test
  void anIncarnationKnownAsStartedNeedsNoStartupProbe() {
    rig.watch("i1", new Health(true, false, true, Map.of()), startup(1), liveness(1));
    rig.advance(MINUTE);

    assertThat(rig.count("startup")).isZero();
    assertThat(rig.count("live")).isPositive();
  }

  @Test
  void aStartupProbeKnownAsPassedIsNotCheckedAgain() {
    rig.watch("i1", known(false, "startup", "ok"), startup(1), liveness(1));
    rig.advance(MINUTE);

    assertThat(rig.count("startup")).isZero();
    assertThat(rig.count("live")).isPositive();
  }

  @Test
  void beingStartedByUptimeOpensTheGateLater() {
    rig.answer("startup", FAIL);
    rig.watch("i1", Health.NEW, startup(1000), liveness(1));
    rig.advance(MINUTE);
    assertThat(rig.count("live")).isZero();

    rig.watch("i1", new Health(true, true, true, Map.of()), startup(1000), liveness(1));
    rig.advance(MINUTE);
    assertThat(rig.count("live")).isPositive();
  }

  @Test
  void keepsWhatWasKnownBeforeARestartOfTheServer() {
    rig.watch("i1", known(true, "ready", "ok"), readiness(3, 1));
    rig.advance(MINUTE);
    assertThat(rig.verdicts).isEmpty();

    rig.answer("ready", FAIL);
    rig.advance(MINUTE);
    assertThat(rig.verdicts).extracting(Verdict::passed).containsExactly(false);
  }

  @Test
  void keepsAnInstanceUnreadyThatWasUnready() {
    rig.answer("ready", FAIL);
    rig.watch("i1", known(true, "ready", "HTTP 503"), readiness(3, 1));
    rig.advance(MINUTE);

    assertThat(rig.verdicts).isEmpty();
  }

  @Test
  void asksAgainForARestartThatTheServersDeathMayHaveSwallowed() {
    rig.answer("live", FAIL);
    rig.watch("i1", known(true, "live", "HTTP 503"), liveness(3));
    rig.advance(MINUTE);

    assertThat(rig.verdicts).extracting(Verdict::passed).containsExactly(false);
    assertThat(rig.count("live")).isEqualTo(3);
  }

  @Test
  void dropsTheLateResultOfAnOldIncarnation() {
    rig.answer("live", HANG);
    rig.watch("i1", Health.NEW, liveness(1));
    advanceToCheck("live", 1);
    Check old = rig.lastOf("live");
    rig.unwatch("i1");
    rig.answer("live", PASS);
    rig.watch("i2", Health.NEW, liveness(1));

    old.end(FAIL);
    rig.advance(MINUTE);

    assertThat(rig.cancelled).containsExactly(old);
    assertThat(rig.verdicts).extracting(Verdict::incarnation).containsExactly("i2");
    assertThat(rig.verdicts).extracting(Verdict::passed).containsExactly(true);
    assertThat(rig.scheduler.metrics().dropped()).isOne();
    assertThat(rig.scheduler.results("i1")).isEmpty();
  }

  @Test
  void dropsALateResultThoughTheSameIncarnationIsWatchedAgain() {
    rig.answer("live", HANG);
    rig.watch("i1", Health.NEW, liveness(1));
    advanceToCheck("live", 1);
    rig.unwatch("i1");
    rig.answer("live", PASS);
    rig.watch("i1", Health.NEW, liveness(1));

    rig.checks.getFirst().end(FAIL);
    rig.advance(MINUTE);

    assertThat(rig.verdicts).extracting(Verdict::passed).containsExactly(true);
  }

  @Test
  void aHungCheckFailsExactlyAtItsTimeout() {
    rig.answer("ready", HANG);
    rig.watch("i1", Health.NEW, readiness(1, 1));
    advanceToCheck("ready", 1);

    rig.advance(Duration.ofMillis(500).minusNanos(1));
    assertThat(rig.verdicts).isEmpty();

    rig.advance(Duration.ofNanos(1));
    assertThat(rig.verdicts)
        .containsExactly(
            new Verdict(
                "i1", "ready", ProbeSpec.Type.READINESS, false, "No answer within 500 ms", 1));
    assertThat(rig.cancelled).hasSize(1);
    assertThat(rig.result("i1", "ready").took()).isEqualTo(Duration.ofMillis(500));
  }

  @Test
  void neverBeginsACheckBeforeTheOneBeforeHasReturned() {
    rig.answer("ready", HANG);
    rig.watch("i1", Health.NEW, readiness(1, 1));
    rig.advance(MINUTE);
    assertThat(rig.count("ready")).isOne();
    assertThat(rig.result("i1", "ready").kind()).isEqualTo(ProbeResult.Kind.ERROR);

    rig.answer("ready", PASS);
    rig.checks.getFirst().end(PASS);
    rig.advance(SECOND);

    assertThat(rig.count("ready")).isEqualTo(2);
    assertThat(rig.verdicts).extracting(Verdict::passed).containsExactly(false, true);
  }

  @Test
  void aResultThatCameInTimeCountsThoughWeLookLate() {
    rig.answer("ready", HANG);
    rig.watch("i1", known(true, "ready", "failing"), readiness(1, 1));
    advanceToCheck("ready", 1);

    rig.checks.getFirst().end(PASS);
    rig.stall(MINUTE);

    assertThat(rig.verdicts).extracting(Verdict::passed).containsExactly(true);
  }

  @Test
  void aResultAfterTheTimeoutIsAFailureThoughWeLookLate() {
    rig.answer("ready", HANG);
    rig.watch("i1", Health.NEW, readiness(1, 1));
    advanceToCheck("ready", 1);
    Check check = rig.checks.getFirst();

    rig.answer("ready", PASS);
    rig.stallWith(Duration.ofMillis(501), () -> check.end(PASS));

    assertThat(rig.verdicts).extracting(Verdict::passed).containsExactly(false);
  }

  @Test
  void hangingProbesDoNotDelayAnother() {
    rig.answer("live", HANG);
    for (int i = 0; i < 100; i++) {
      rig.watch("h" + i, Health.NEW, liveness(1000));
    }
    rig.watch("good", Health.NEW, readiness(1, 1));
    rig.advance(MINUTE);

    assertThat(rig.count("ready")).isBetween(57L, 64L);
    assertThat(rig.scheduler.metrics().latenessMax()).isZero();
  }

  @Test
  void withholdsFailuresWhileTheHostIsStarved() {
    rig.watch("i1", known(true, "live", "ok"), liveness(2), readiness(2, 1));
    rig.advance(MINUTE);
    rig.answer("live", FAIL);
    rig.answer("ready", FAIL);

    rig.stall(SECOND.multipliedBy(4));
    rig.advance(Duration.ofMillis(4900));
    assertThat(rig.notices).extracting(n -> n.get("state")).containsExactly("begin");
    assertThat((Long) rig.notices.getFirst().get("lateness_ms")).isBetween(3900L, 4000L);
    assertThat(rig.result("i1", "live").kind()).isEqualTo(ProbeResult.Kind.WITHHELD);
    assertThat(rig.scheduler.metrics().starved()).isTrue();
    assertThat(rig.verdicts).extracting(Verdict::probe).containsExactly("ready", "ready");

    rig.advance(Duration.ofMillis(100));
    assertThat(rig.notices).extracting(n -> n.get("state")).containsExactly("begin", "end");
    assertThat(rig.notices.getLast()).containsEntry("withheld", rig.scheduler.metrics().withheld());
    assertThat(rig.scheduler.metrics().starved()).isFalse();
  }

  @Test
  void failuresOfAStarvedTimeDoNotAddUp() {
    rig.watch("i1", known(true, "live", "ok"), liveness(2));
    rig.advance(MINUTE);
    rig.answer("live", FAIL);
    rig.stall(SECOND.multipliedBy(4));
    rig.advance(Duration.ofSeconds(5));
    long before = rig.count("live");
    assertThat(rig.scheduler.metrics().withheld()).isGreaterThan(2);

    advanceToCheck("live", before + 1);
    assertThat(rig.verdicts).isEmpty();

    advanceToCheck("live", before + 2);
    assertThat(rig.verdicts).extracting(Verdict::failures).containsExactly(2);
  }

  @Test
  void startupFailuresAreWithheldToo() {
    rig.watch("idle", Health.NEW, readiness(1, 1));
    rig.advance(MINUTE);
    rig.stall(SECOND);
    rig.answer("startup", FAIL);
    rig.watch("i1", Health.NEW, startup(1));
    rig.advance(SECOND.multipliedBy(4));
    assertThat(rig.verdicts).extracting(Verdict::probe).containsExactly("ready");

    rig.advance(SECOND.multipliedBy(5));
    assertThat(rig.verdicts).extracting(Verdict::probe).containsExactly("ready", "startup");
  }

  @Test
  void lastingLatenessLengthensTheHold() {
    rig.watch("i1", Health.NEW, readiness(1, 1));
    rig.advance(MINUTE);
    for (int i = 0; i < 10; i++) {
      rig.stall(Duration.ofSeconds(2));
      rig.advance(Duration.ofSeconds(2));
    }

    assertThat(rig.notices).hasSize(1);
    rig.advance(Duration.ofSeconds(4));
    assertThat(rig.notices).hasSize(2);
    assertThat((Long) rig.notices.getLast().get("duration_ms")).isGreaterThan(38_000L);
  }

  @Test
  void smallLatenessIsNotStarvation() {
    rig.watch("i1", Health.NEW, liveness(1));
    rig.advance(MINUTE);
    for (int i = 0; i < 100; i++) {
      rig.stall(Duration.ofMillis(190));
    }

    assertThat(rig.notices).isEmpty();
  }

  @Test
  void aFastProbeDispatchedLateIsStarvationBeforeTheSentinelSaysSo() {
    Duration period = Duration.ofMillis(100);
    rig.answer("live", FAIL);
    rig.watch(
        "i1",
        known(true, "live", "ok"),
        timed("live", ProbeSpec.Type.LIVENESS, period, period, 3, 1));
    rig.stall(Duration.ofMillis(260));

    assertThat(rig.notices).extracting(n -> n.get("state")).containsExactly("begin");
    rig.advance(SECOND);
    assertThat(rig.verdicts).isEmpty();
  }

  @Test
  void aCheckThatNeverGotToRunIsAnErrorOfOurs() {
    rig.doNotBegin();
    rig.watch("i1", Health.NEW, liveness(1));
    rig.advance(Duration.ofSeconds(3));

    assertThat(rig.verdicts).isEmpty();
    assertThat(rig.scheduler.metrics().errors()).isOne();
    assertThat(rig.notices).hasSize(1);
  }

  @Test
  void aChangeKeepsTheCountOfUnchangedProbes() {
    rig.answer("live", FAIL);
    rig.watch("i1", Health.NEW, liveness(3), readiness(3, 1));
    advanceToCheck("live", 2);

    rig.watch("i1", Health.NEW, liveness(3), readiness(5, 1));
    advanceToCheck("live", 3);

    assertThat(rig.verdicts)
        .filteredOn(v -> v.probe().equals("live"))
        .extracting(Verdict::failures)
        .containsExactly(3);
  }

  @Test
  void aChangedProbeBeginsAnewAndARemovedOneEnds() {
    rig.answer("live", FAIL);
    rig.watch("i1", Health.NEW, liveness(3), readiness(3, 1));
    advanceToCheck("live", 2);
    long ready = rig.count("ready");

    rig.watch("i1", Health.NEW, liveness(4));
    advanceToCheck("live", 5);
    assertThat(rig.verdicts).noneMatch(v -> v.probe().equals("live"));

    advanceToCheck("live", 6);
    assertThat(rig.verdicts).anyMatch(v -> v.probe().equals("live") && v.failures() == 4);
    assertThat(rig.count("ready")).isEqualTo(ready);
    assertThat(rig.scheduler.results("i1")).extracting(ProbeResult::probe).containsExactly("live");
  }

  @Test
  void aChangeDoesNotWaitForTheInitialDelayAgain() {
    Duration delay = Duration.ofSeconds(30);
    rig.watch("i1", Health.NEW, timed("p", ProbeSpec.Type.READINESS, delay, SECOND, 1, 1));
    rig.advance(MINUTE);
    long before = rig.count("p");

    rig.watch("i1", Health.NEW, timed("p", ProbeSpec.Type.READINESS, delay, SECOND, 2, 1));
    rig.advance(SECOND);

    assertThat(rig.count("p")).isGreaterThan(before);
  }

  @Test
  void keepsPeriodsOfATenthOfASecond() {
    Duration period = Duration.ofMillis(100);
    rig.watch("i1", Health.NEW, timed("p", ProbeSpec.Type.READINESS, Duration.ZERO, period, 1, 1));
    rig.advance(Duration.ofSeconds(100));

    assertThat(rig.count("p")).isBetween(980L, 1021L);
  }

  @Test
  void probesThatAStallBroughtInStepSpreadAgain() {
    for (int i = 0; i < 200; i++) {
      rig.watch("i" + i, known(true, "ready", "ok"), readiness(3, 1));
    }
    rig.advance(SECOND.multipliedBy(2));
    rig.stall(SECOND.multipliedBy(3));
    rig.checks.clear();

    List<Integer> perTenth = new ArrayList<>();
    rig.advance(Duration.ofMillis(500));
    for (int tenth = 0; tenth < 10; tenth++) {
      int before = rig.checks.size();
      rig.advance(Duration.ofMillis(100));
      perTenth.add(rig.checks.size() - before);
    }

    assertThat(perTenth).allSatisfy(checks -> assertThat(checks).isBetween(3, 50));
  }

  @Test
  void aReturningServerSpreadsItsFirstChecksOverThePeriod() {
    for (int i = 0; i < 1000; i++) {
      rig.watch("i" + i, known(true, "ready", "ok"), readiness(3, 1));
    }
    rig.advance(Duration.ofMillis(100));

    assertThat(rig.checks.size()).isBetween(50, 150);
  }

  @Test
  void commandsBeyondTheLimitWaitForTheirTurn() {
    rig.answer("cmd", HANG);
    ProbeSpec command =
        new ProbeSpec(
            "cmd",
            ProbeSpec.Type.READINESS,
            new ProbeSpec.Command(List.of("true")),
            Duration.ZERO,
            SECOND,
            SECOND,
            1,
            1);
    for (int i = 0; i < ProbeScheduler.MAX_AT_A_TIME + 1; i++) {
      rig.watch("i" + i, Health.NEW, command);
    }
    rig.advance(Duration.ofMillis(900));
    assertThat(rig.checks).hasSize(ProbeScheduler.MAX_AT_A_TIME);

    rig.checks.getFirst().end(PASS);
    rig.turn();

    assertThat(rig.checks).hasSize(ProbeScheduler.MAX_AT_A_TIME + 1);
  }

  @Test
  void sleepsForEverWhenNothingIsWatched() {
    rig.watch("i1", Health.NEW, readiness(1, 1));
    assertThat(rig.next()).isLessThan(ProbeScheduler.NEVER);

    rig.unwatch("i1");

    assertThat(rig.next()).isEqualTo(ProbeScheduler.NEVER);
  }

  @Test
  void forgetsAnIncarnationThatIsNoLongerWatched() {
    rig.watch("i1", Health.NEW, readiness(1, 1), liveness(1));
    rig.advance(MINUTE);
    int checks = rig.checks.size();

    rig.unwatch("i1");
    rig.unwatch("unknown");
    rig.advance(MINUTE);

    assertThat(rig.checks).hasSize(checks);
    assertThat(rig.scheduler.results("i1")).isEmpty();
    assertThat(rig.scheduler.metrics().watched()).isZero();
  }

  private void advanceToCheck(String probe, long count) {
    for (int i = 0; rig.count(probe) < count; i++) {
      assertThat(i).as("turns until check %s of %s", count, probe).isLessThan(100_000);
      rig.advanceToNext();
    }
  }
}
