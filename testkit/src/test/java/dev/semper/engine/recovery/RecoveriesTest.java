package dev.semper.engine.recovery;

import static dev.semper.testkit.EngineHarness.ACTOR;
import static dev.semper.testkit.EngineHarness.TENANT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.semper.engine.error.SemperException;
import dev.semper.engine.operation.Doc;
import dev.semper.engine.operation.Operation;
import dev.semper.engine.operation.OperationKind;
import dev.semper.engine.operation.OperationRequest;
import dev.semper.engine.operation.Priority;
import dev.semper.engine.recovery.Recovery.Attempt;
import dev.semper.engine.recovery.Recovery.Outcome;
import dev.semper.engine.recovery.Recovery.Status;
import dev.semper.engine.workload.State;
import dev.semper.testkit.Behaviour;
import dev.semper.testkit.EngineHarness;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class RecoveriesTest {
  /// The real time, and as much more as a test wants.
  private static final class Shifted extends Clock {
    private final AtomicReference<Duration> shift = new AtomicReference<>(Duration.ZERO);

    void advance(Duration by) {
      shift.accumulateAndGet(by, Duration::plus);
    }

    @Override
    public Instant instant() {
      return Instant.now().plus(Objects.requireNonNull(shift.get()));
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      throw new UnsupportedOperationException("it is in UTC");
    }
  }

  private final Shifted clock = new Shifted();

  @RegisterExtension
  final EngineHarness engine = new EngineHarness(b -> b.clock(clock).maxConcurrentRecoveries(2));

  /// Everything at once, and every action given 300 ms.
  private static String recovery(String name, String... lines) {
    return "[workloads.%s.recovery]%nfailure_threshold = 1%n%s%n"
        .formatted(name, String.join("\n", lines));
  }

  private static String rung(String action, String... more) {
    return "{ action = \"%s\", settle = \"300ms\"%s }"
        .formatted(action, more.length == 0 ? "" : ", " + String.join(", ", more));
  }

  private static String ladder(String... rungs) {
    return "ladder = [" + String.join(", ", rungs) + "]";
  }

  /// Ready while the scripted command `readiness` says so.
  private static String web(String version, String... recovery) {
    return Doc.workload("web", version, "update = { ready_timeout = \"500ms\" }")
        + Doc.probe("web", "readiness")
        + recovery("web", recovery);
  }

  private List<Recovery> recoveries(String workload) {
    return engine.semper().recoveries().list(TENANT, workload, 100);
  }

  private Recovery ended(String workload, int count) {
    return Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(
            () -> recoveries(workload),
            all -> all.size() == count && all.getFirst().endedAt() != null)
        .getFirst();
  }

  private void sick(String workload) {
    engine.driver().answer(workload, "readiness", 1);
  }

  private void well(String workload) {
    engine.driver().answer(workload, "readiness", 0);
  }

  private static List<String> actions(Recovery recovery) {
    return recovery.attempts().stream().map(a -> a.action().id() + " " + a.outcome().id()).toList();
  }

  private Operation recover(boolean force, boolean dryRun, @Nullable String strategy)
      throws InterruptedException {
    return engine
        .semper()
        .operations()
        .submit(
            new OperationRequest(
                TENANT,
                "web",
                OperationKind.RECOVER,
                ACTOR,
                Priority.NORMAL,
                dryRun,
                false,
                force,
                false,
                false,
                true,
                null,
                1,
                null,
                strategy));
  }

  @Test
  void clearsTheCacheWhenRestartingHasNotHelped(@TempDir Path dir)
      throws InterruptedException, IOException {
    Path stale = Files.writeString(Files.createDirectory(dir.resolve("cache")).resolve("x"), "y");
    Files.setLastModifiedTime(
        stale, java.nio.file.attribute.FileTime.from(clock.instant().minusSeconds(60)));
    engine.up(
        web("1", "strategy = \"conservative\"", "cache_paths = [\"" + stale.getParent() + "\"]"));
    String before = engine.driver().running("web").getFirst();

    sick("web");
    Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> !Files.exists(stale));
    well("web");
    Recovery recovery = ended("web", 1);

    assertThat(recovery.status()).isEqualTo(Status.RECOVERED);
    assertThat(recovery.automatic()).isTrue();
    assertThat(actions(recovery)).containsExactly("restart failed", "clear_cache succeeded");
    assertThat(recovery.cause().probe()).isEqualTo("readiness");
    assertThat(recovery.cause().message()).contains("scripted to fail");
    assertThat(recovery.attempts().getLast().detail()).contains("deleted 1 files, 1 bytes");
    assertThat(engine.driver().running("web")).hasSize(1).doesNotContain(before);
    assertThat(engine.events("web", "recovery.started")).hasSize(1);
    assertThat(engine.events("web", "recovery.attempt_ended")).hasSize(2);
    assertThat(engine.events("web", "recovery.completed")).hasSize(1);
    engine.await("web", State.RUNNING);
  }

  @Test
  void leavesAloneWhatIsNotToBeHealed() throws InterruptedException {
    engine.up(
        Doc.workload("off", "1")
            + Doc.probe("off", "readiness")
            + recovery("off", "enabled = false")
            + web("1", ladder(rung("restart"))));
    engine.driver().answer("off", "readiness", 1);
    engine.succeed(OperationKind.ENTER_MAINTENANCE, "web");
    sick("web");
    engine.await("off", w -> w.ready() == 0);
    engine.await("web", w -> w.ready() == 0);
    engine.succeed(OperationKind.EXIT_MAINTENANCE, "web");
    Recovery recovery = ended("web", 1);

    assertThat(recovery.status()).isEqualTo(Status.EXHAUSTED);
    assertThat(engine.events("web", "recovery.exhausted").getFirst().data().get("story"))
        .asString()
        .contains("restart did not help (not well within");
    assertThat(recoveries("off")).isEmpty();
    engine.succeed(OperationKind.STOP, "web");
    clock.advance(Duration.ofHours(2));
    engine.up(Doc.workload("other"));
    assertThat(recoveries("web")).hasSize(1);
    assertThat(engine.semper().recoveries().pending(TENANT)).isEmpty();
  }

  @Test
  void keepsItsCooldownAndItsLimitAcrossARestartOfTheServer() throws InterruptedException {
    engine.up(
        web(
            "1",
            "max_attempts = 2",
            "cooldown = \"5m\"",
            "window = \"1h\"",
            ladder(rung("restart", "cooldown = \"10m\"", "max_attempts = 1"), rung("notify"))));
    sick("web");
    Recovery first = ended("web", 1);
    assertThat(actions(first)).containsExactly("restart failed", "notify failed");
    pendingReason("web", "in the cooldown of 5m");

    engine.restart();
    pendingReason("web", "in the cooldown of 5m");
    clock.advance(Duration.ofMinutes(6));
    Recovery second = ended("web", 2);
    assertThat(actions(second)).containsExactly("restart left_out", "notify failed");
    assertThat(second.attempts().getFirst().error()).contains("was tried 1 times within 1h");
    clock.advance(Duration.ofMinutes(6));
    pendingReason("web", "2 recoveries within 1h, its limit");
    assertThat(engine.events("web", "recovery.limit_reached")).hasSize(1);

    clock.advance(Duration.ofMinutes(55));
    Recovery third = ended("web", 3);
    assertThat(actions(third)).containsExactly("restart failed", "notify failed");
    assertThat(engine.events("web", "recovery.notification")).hasSize(3);
  }

  @Test
  void waitsNoLongerThanItsCooldownWhenTheClockIsPutBack() throws InterruptedException {
    engine.up(web("1", "cooldown = \"2s\"", "max_attempts = 10", ladder(rung("restart"))));
    sick("web");
    ended("web", 1);

    clock.advance(Duration.ofHours(-5));
    ended("web", 2);
    clock.advance(Duration.ofHours(9));
    Recovery third = ended("web", 3);

    assertThat(actions(third)).containsExactly("restart failed");
  }

  private void pendingReason(String workload, String reason) {
    Awaitility.await(reason)
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(() ->
            assertThat(engine.semper().recoveries().pending(TENANT))
                .anySatisfy(p -> {
                  assertThat(p.workload()).isEqualTo(workload);
                  assertThat(p.reason()).contains(reason);
                }));
  }

  @Test
  void goesBackToTheVersionBeforeWhenANewOneGoesBad() throws InterruptedException {
    engine.up(web("1", ladder(rung("restart"), rung("rollback_version"))));
    engine.up(web("2", ladder(rung("restart"), rung("rollback_version"))));
    engine.driver().answer("web@2", "readiness", 1);
    Recovery recovery = ended("web", 1);

    assertThat(recovery.status()).isEqualTo(Status.RECOVERED);
    assertThat(actions(recovery)).containsExactly("restart failed", "rollback_version succeeded");
    assertThat(engine.workload("web").spec().version()).isEqualTo("1");
    assertThat(engine.driver().versions("web")).containsExactly("1");
    engine.await("web", State.RUNNING);
  }

  @Test
  void comesBackFromAVersionThatHasNotHelpedEither() throws InterruptedException {
    String fast = "update = { ready_timeout = \"1s\" }";
    String ladder = ladder(rung("rollback_version"), rung("scale", "instances = 2"));
    engine.up(Doc.workload("web", "1", fast) + Doc.probe("web", "readiness"));
    engine.up(
        Doc.workload("web", "2", fast) + Doc.probe("web", "readiness") + recovery("web", ladder));
    sick("web");
    Recovery recovery = ended("web", 1);

    assertThat(recovery.status()).isEqualTo(Status.EXHAUSTED);
    assertThat(actions(recovery)).containsExactly("rollback_version failed", "scale failed");
    engine.await("web", w -> w.state() == State.RUNNING && w.operationId() == null);
    assertThat(engine.workload("web").spec().version()).isEqualTo("2");
    assertThat(engine.workload("web").spec().instances()).isEqualTo(1);
    assertThat(engine.driver().versions("web")).containsExactly("2");
  }

  @Test
  void disablesWhatCannotBeHelped() throws InterruptedException {
    engine.up(web("1", ladder(rung("restart"), rung("disable", "after = 2")), "cooldown = 0"));
    sick("web");
    Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> recoveries("web").size() > 0);
    Recovery second = ended("web", 2);

    assertThat(actions(second)).containsExactly("restart left_out", "disable succeeded");
    assertThat(second.status()).isEqualTo(Status.EXHAUSTED);
    assertThat(second.story()).contains("the workload is disabled");
    engine.await("web", State.DISABLED);
    assertThat(engine.driver().instances()).isEmpty();
  }

  @Test
  void beginsWhenTheRestartPolicyHasGivenUp() throws InterruptedException {
    engine.up(
        Doc.workload("web", "1", "restart = \"no\"") + recovery("web", ladder(rung("restart"))));
    engine.driver().exit("web-0", 3);
    Recovery recovery = ended("web", 1);

    assertThat(recovery.status()).isEqualTo(Status.RECOVERED);
    assertThat(recovery.cause().status()).isEqualTo(Evidence.CRITICAL);
    assertThat(recovery.cause().message()).contains("ended with code 3");
    engine.await("web", State.RUNNING);
    assertThat(engine.driver().instances()).containsExactly("web-0");
  }

  @Test
  void healsWhatOthersDependOnFirstAndNoMoreAtOnceThanItMay() throws InterruptedException {
    AtomicInteger most = new AtomicInteger();
    StringBuilder doc = new StringBuilder();
    List<String> names = List.of("d", "c", "b", "a");
    for (int i = 0; i < 4; i++) {
      String name = names.get(i);
      doc.append(
              i == 3
                  ? Doc.workload(name, "1")
                  : Doc.workload(name, "1", "depends_on = [\"" + names.get(i + 1) + "\"]"))
          .append(Doc.probe(name, "readiness"))
          .append(recovery(name, ladder(rung("restart"))));
    }
    for (int i = 0; i < 8; i++) {
      doc.append(Doc.workload("w" + i, "1"))
          .append(Doc.probe("w" + i, "readiness"))
          .append(recovery("w" + i, ladder(rung("restart"))));
    }
    engine.up(doc.toString());
    sick("a");
    engine.await("a", w -> w.ready() == 0); // else b may be the first to be seen failing
    engine
        .semper()
        .workloads()
        .list(TENANT)
        .forEach(w -> engine.driver().answer(w.name(), "readiness", 1));
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(5))
        .until(() -> {
          most.accumulateAndGet(engine.semper().operations().openRecoveries().size(), Math::max);
          return recoveries("a").size() == 1
              && recoveries("w7").size() == 1
              && recoveries("w7").getFirst().endedAt() != null;
        });

    assertThat(most.get()).isEqualTo(2);
    assertThat(recoveries("b")).isEmpty();
    pendingReason("b", "a, which it depends on");
    pendingReason("d", "c, which it depends on");
    names.forEach(n -> engine.driver().answer(n, "readiness", 0));
    engine.await("d", w -> w.ready() == 1);
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(() ->
            engine.semper().recoveries().pending(TENANT).stream()
                .noneMatch(p -> names.contains(p.workload())));
  }

  @Test
  void givesWayToAnOperator() throws InterruptedException {
    engine.up(web("1", "ladder = [{ action = \"notify\", settle = \"1h\" }]"));
    sick("web");
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> engine.events("web", "recovery.attempt"), e -> !e.isEmpty());

    engine.succeed(OperationKind.STOP, "web");
    Recovery recovery = ended("web", 1);
    assertThat(recovery.status()).isEqualTo(Status.SUPERSEDED);
    assertThat(recovery.story()).isEqualTo("gave way to stop by " + ACTOR);
    assertThat(recovery.attempts().getFirst().outcome()).isEqualTo(Outcome.CANCELLED);
    engine.await("web", State.STOPPED);
    assertThat(engine.driver().instances()).isEmpty();
  }

  @Test
  void isCancelledAtAnyTime() throws InterruptedException {
    engine.up(web("1", "enabled = false", ladder(rung("restart"), rung("notify"))));
    sick("web");
    engine.await("web", w -> w.ready() == 0);
    Operation operation = recover(false, false, null);
    Awaitility.await().until(() -> !engine.events("web", "recovery.attempt").isEmpty());
    engine.semper().operations().cancel(operation.id(), ACTOR);

    assertThat(engine.await(operation).status()).isEqualTo(Operation.Status.CANCELLED);
    assertThat(ended("web", 1).status()).isEqualTo(Status.CANCELLED);
    engine.await("web", w -> w.operationId() == null);
    well("web");
    engine.await("web", w -> w.ready() == 1);
    assertThat(engine.driver().instances()).containsExactly("web-0");
  }

  @Test
  void doesNothingToWhatIsWellWithoutForce() throws InterruptedException {
    engine.up(web("1", "strategy = \"auto\""));
    String before = engine.driver().running("web").getFirst();
    Operation idle = engine.await(recover(false, false, null));
    assertThat(idle.status()).isEqualTo(Operation.Status.SUCCEEDED);
    assertThat(engine.driver().running("web")).containsExactly(before);
    assertThat(ended("web", 1).story()).isEqualTo("it was well already");

    Operation forced = engine.await(recover(true, false, "conservative"));
    assertThat(forced.status()).as(forced.error()).isEqualTo(Operation.Status.SUCCEEDED);
    assertThat(engine.driver().running("web")).hasSize(1).doesNotContain(before);
    Recovery recovery = ended("web", 2);
    assertThat(recovery.forced()).isTrue();
    assertThat(recovery.strategy()).isEqualTo("conservative");
    assertThat(actions(recovery)).containsExactly("restart succeeded");
  }

  @Test
  void showsWhatItWouldDoAndWhy() throws InterruptedException {
    engine.up(web("1", "enabled = false", "strategy = \"aggressive\""));
    sick("web");
    engine.await("web", w -> w.ready() == 0);
    Operation shown = recover(false, true, null);

    assertThat(shown.steps().stream().map(s -> s.name() + " | " + s.status() + " | " + s.detail()))
        .satisfiesExactly(
            s ->
                assertThat(s)
                    .startsWith("restart: act | PENDING | restart copies [0], because it is")
                    .contains("unhealthy: probe readiness of web-0 fails: "),
            s ->
                assertThat(s).isEqualTo("clear_cache: act | SKIPPED | no cache_paths are declared"),
            s ->
                assertThat(s)
                    .isEqualTo(
                        "restore_backup: act | SKIPPED | not available until Semper has backups"),
            s ->
                assertThat(s)
                    .isEqualTo("rollback_version: act | SKIPPED | there is no earlier version"),
            s ->
                assertThat(s)
                    .startsWith(
                        "reinstall: act | PENDING | check that it can run here, stop all copies"));
    assertThat(recoveries("web")).isEmpty();
    assertThatThrownBy(() -> recover(false, true, "bold"))
        .isInstanceOf(SemperException.class)
        .hasMessageContaining(
            "there is no strategy bold; there are auto, conservative, aggressive");
  }

  @Test
  void forgetsWhatWasLongAgoWhileTheServerRuns() throws InterruptedException {
    engine.up(web("1", "cooldown = 0", ladder(rung("restart", "cooldown = 0"))));
    sick("web");
    Recovery old = ended("web", 1);
    well("web");
    engine.await("web", w -> w.ready() == 1);

    clock.advance(Duration.ofDays(89));
    sick("web");
    engine.await("web", w -> w.ready() == 0);
    Awaitility.await().until(() -> recoveries("web").size() > 1);
    assertThat(recoveries("web")).contains(old);
    clock.advance(Duration.ofDays(2));

    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(() -> assertThat(recoveries("web")).isNotEmpty().doesNotContain(old));
  }

  @Test
  void installsAnewEvenTheCopiesThatAreWell() throws InterruptedException {
    engine.up(
        Doc.workload("web", "1", "instances = 2", "restart = \"no\"")
            + recovery("web", ladder(rung("reinstall"))));
    List<String> before = engine.driver().running("web");
    engine.driver().exit("web-1", 1);
    Recovery recovery = ended("web", 1);

    assertThat(recovery.status()).isEqualTo(Status.RECOVERED);
    assertThat(actions(recovery)).containsExactly("reinstall succeeded");
    assertThat(engine.driver().running("web")).hasSize(2).doesNotContainAnyElementsOf(before);
    assertThat(engine.driver().incarnations())
        .containsExactlyInAnyOrderElementsOf(engine.driver().running("web"));
    engine.await("web", State.RUNNING);
  }

  @Test
  void stopsNothingThatCouldNotBeInstalledAgain() throws InterruptedException {
    engine.up(
        web("1", ladder(rung("reinstall"), rung("notify")))
            .replace("update =", "note = \"gone\"\nupdate ="));
    List<String> before = engine.driver().running("web");
    engine.driver().refuse("gone");
    sick("web");
    Recovery recovery = ended("web", 1);

    assertThat(actions(recovery)).containsExactly("reinstall failed", "notify failed");
    assertThat(recovery.attempts().getFirst().error())
        .contains("Workload web cannot run here", "note: is not possible on this machine any more");
    assertThat(engine.driver().running("web")).isEqualTo(before);
  }

  @Test
  void restartsOnlyTheCopiesThatAreNotWell() throws InterruptedException {
    engine.up(
        Doc.workload("web", "1", "instances = 3", "restart = \"no\"")
            + recovery("web", ladder(rung("restart"))));
    List<String> others =
        engine.driver().running("web").stream().filter(i -> !i.contains(".1.")).toList();
    engine.driver().script("web", Behaviour.runs());
    engine.driver().exit("web-1", 1);
    Recovery recovery = ended("web", 1);

    assertThat(recovery.status()).isEqualTo(Status.RECOVERED);
    Attempt attempt = recovery.attempts().getFirst();
    assertThat(attempt.detail()).startsWith("restart copies [1], because it is degraded");
    assertThat(engine.driver().running("web")).containsAll(others).hasSize(3);
  }
}
