package dev.semper.engine.operation;

import static dev.semper.testkit.EngineHarness.ACTOR;
import static dev.semper.testkit.EngineHarness.TENANT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.operation.Operation.Status;
import dev.semper.engine.store.Event;
import dev.semper.engine.workload.Desired;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.State;
import dev.semper.engine.workload.Workload;
import dev.semper.spi.Exit;
import dev.semper.testkit.Behaviour;
import dev.semper.testkit.EngineHarness;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class OperationsTest {
  @RegisterExtension
  final EngineHarness engine = new EngineHarness(b -> b.maxConcurrentOperations(2));

  private static OperationRequest request(
      String workload, OperationKind kind, Priority priority, boolean queue) {
    return new OperationRequest(
        TENANT, workload, kind, ACTOR, priority, false, queue, false, false, false, true, null, 1,
        null);
  }

  private static OperationRequest options(
      String workload,
      OperationKind kind,
      boolean dryRun,
      boolean force,
      @Nullable Duration timeout,
      int attempts,
      @Nullable String key) {
    return new OperationRequest(
        TENANT,
        workload,
        kind,
        ACTOR,
        Priority.NORMAL,
        dryRun,
        false,
        force,
        false,
        false,
        true,
        timeout,
        attempts,
        key);
  }

  private Operations operations() {
    return engine.semper().operations();
  }

  private static void assertRefused(ErrorCode code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            SemperException.class, e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code));
  }

  @Test
  void installsStartsStopsAndDeletes() throws InterruptedException {
    engine.up(Doc.workload("web", "1", "instances = 2"));
    assertThat(engine.driver().instances()).containsExactly("web-0", "web-1");
    assertThat(engine.workload("web").health()).isEqualTo("healthy");

    engine.succeed(OperationKind.STOP, "web");
    assertThat(engine.driver().instances()).isEmpty();
    assertThat(engine.workload("web").desired()).isEqualTo(Desired.STOPPED);

    engine.succeed(OperationKind.START, "web");
    assertThat(engine.driver().instances()).containsExactly("web-0", "web-1");

    engine.succeed(OperationKind.DELETE, "web");
    assertThat(engine.driver().instances()).isEmpty();
    assertThat(engine.semper().workloads().find(TENANT, "web")).isEmpty();
    await().untilAsserted(() -> assertThat(engine.driver().incarnations()).isEmpty());
  }

  @Test
  void refusesWhatIsNotPossibleNowWithWhatIs() throws InterruptedException {
    engine.up(Doc.workload("web"));

    assertThatThrownBy(() -> engine.ask(OperationKind.START, "web"))
        .isInstanceOfSatisfying(
            SemperException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.ILLEGAL_TRANSITION);
              assertThat(e.getMessage()).contains("running", "stop", "restart");
            });
  }

  @Test
  void namesTheOperationThatIsInTheWay() throws InterruptedException {
    engine.up(Doc.workload("web"));
    engine.driver().script("web", Behaviour.runs().withStartTaking(Duration.ofMillis(300)));
    Operation restart = engine.ask(OperationKind.RESTART, "web");

    assertThatThrownBy(() -> engine.ask(OperationKind.STOP, "web"))
        .isInstanceOfSatisfying(
            SemperException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.OPERATION_IN_PROGRESS);
              assertThat(e.getMessage()).contains(restart.id());
            });
    engine.await(restart);
  }

  @Test
  void queuesBehindTheFirstWhateverThePriority() throws InterruptedException {
    engine.up(Doc.workload("web"));
    engine.driver().script("web", Behaviour.runs().withStartTaking(Duration.ofMillis(200)));
    Operation restart = engine.ask(OperationKind.RESTART, "web");
    Operation again =
        operations().submit(request("web", OperationKind.RESTART, Priority.LOW, true));
    Operation stop =
        operations().submit(request("web", OperationKind.STOP, Priority.CRITICAL, true));

    assertThat(operations().get(stop.id()).waitingFor()).contains(restart.id());
    assertThat(engine.await(stop).status()).isEqualTo(Status.SUCCEEDED);
    assertThat(engine.await(again).status()).isEqualTo(Status.SUCCEEDED);
    assertThat(engine.workload("web").state()).isEqualTo(State.STOPPED);
    assertThat(engine.driver().instances()).isEmpty();
  }

  @Test
  void startsHigherPrioritiesFirstAndEachInOrderOfArrival() throws InterruptedException {
    StringBuilder all = new StringBuilder();
    for (String name : List.of("a", "b", "c", "d", "e", "f")) {
      all.append(Doc.workload(name));
    }
    ApplyRequest install =
        new ApplyRequest(
            TENANT,
            engine.specs(all.toString()),
            ACTOR,
            false,
            false,
            10,
            false,
            false,
            Priority.NORMAL,
            null);
    engine.await(operations().apply(install).orElseThrow());
    engine.points().hold("start/0/check dependencies (generation 1)/intent");
    operations().submit(request("a", OperationKind.START, Priority.NORMAL, false));
    operations().submit(request("b", OperationKind.START, Priority.NORMAL, false));
    await().until(() -> engine.points().held() == 2);
    List<Operation> queued = new ArrayList<>();
    queued.add(operations().submit(request("c", OperationKind.START, Priority.LOW, false)));
    queued.add(operations().submit(request("d", OperationKind.START, Priority.NORMAL, false)));
    queued.add(operations().submit(request("e", OperationKind.START, Priority.NORMAL, false)));
    queued.add(operations().submit(request("f", OperationKind.START, Priority.CRITICAL, false)));
    assertThat(operations().get(queued.getFirst().id()).status()).isEqualTo(Status.QUEUED);
    engine.points().letGo();
    for (Operation o : queued) {
      engine.await(o);
    }

    List<String> order =
        engine.events().stream()
            .filter(
                e -> e.type().equals("operation.running") && "start".equals(e.data().get("kind")))
            .map(Event::workload)
            .filter(w -> !Set.of("a", "b").contains(w))
            .toList();
    // Two at a time: the order within a pair is the scheduler's.
    assertThat(order.subList(0, 2)).containsExactlyInAnyOrder("f", "d");
    assertThat(order.subList(2, 4)).containsExactlyInAnyOrder("e", "c");
  }

  @Test
  void runsNoMoreAtOnceThanItMay() throws InterruptedException {
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < 6; i++) {
      all.append(Doc.workload("w" + i));
    }
    engine.points().hold("install/1/prepare (generation 1)/intent");
    Operation batch = engine.begin(all.toString());
    await().until(() -> engine.points().held() == 2);
    long working =
        operations().members(batch.id()).stream().filter(o -> o.status() == Status.RUNNING).count();

    assertThat(working).isEqualTo(2);
    engine.points().letGo();
    assertThat(engine.await(batch).status()).isEqualTo(Status.SUCCEEDED);
  }

  @Test
  void oneThatOnlyWaitsHoldsNoSlot() throws InterruptedException {
    engine.driver().script("a", Behaviour.runs().withStartTaking(Duration.ofSeconds(3)));
    engine.driver().script("b", Behaviour.runs().withStartTaking(Duration.ofSeconds(3)));
    Operation slow = engine.begin(Doc.workload("a") + Doc.workload("b"));
    await()
        .until(() ->
            operations().members(slow.id()).stream()
                .allMatch(o -> o.waitingFor().contains("launched")));

    engine.up(Doc.workload("c"));
    assertThat(operations().get(slow.id()).status().ended()).isFalse();
    operations().cancel(slow.id(), ACTOR);
    engine.await(slow);
  }

  @Test
  void cancelsAQueuedOne() throws InterruptedException {
    engine.up(Doc.workload("web"));
    engine.driver().script("web", Behaviour.runs().withStartTaking(Duration.ofMillis(200)));
    Operation restart = engine.ask(OperationKind.RESTART, "web");
    Operation stop = operations().submit(request("web", OperationKind.STOP, Priority.NORMAL, true));

    operations().cancel(stop.id(), ACTOR);
    assertThat(operations().get(stop.id()).status()).isEqualTo(Status.CANCELLED);
    assertThat(engine.await(restart).status()).isEqualTo(Status.SUCCEEDED);
    assertThat(engine.workload("web").state()).isEqualTo(State.RUNNING);
    assertRefused(ErrorCode.NOT_CANCELLABLE, () -> operations().cancel(stop.id(), ACTOR));
  }

  @Test
  void cancelsAStartThatIsUnderWay() throws InterruptedException {
    engine.up(Doc.workload("web"));
    engine.succeed(OperationKind.STOP, "web");
    engine.driver().script("web", Behaviour.crashes(1));
    Operation start = engine.ask(OperationKind.START, "web");
    engine.await("web", w -> w.state() == State.STARTING && w.launches() > 3);

    operations().cancel(start.id(), ACTOR);
    assertThat(engine.await(start).status()).isEqualTo(Status.CANCELLED);
    Workload web = engine.await("web", State.STOPPED);
    assertThat(web.desired()).isEqualTo(Desired.STOPPED);
    assertThat(engine.driver().instances()).isEmpty();
  }

  @Test
  void aCancelledStopBringsItBack() throws InterruptedException {
    engine
        .driver()
        .script("web", Behaviour.runs().withStopTaking(Duration.ofMillis(150)).withStopCode(0));
    engine.up(Doc.workload("web", "1", "instances = 2"));
    Operation stop = engine.ask(OperationKind.STOP, "web");
    engine.await(
        "web", w -> w.instances().stream().anyMatch(i -> i.phase() == Instance.Phase.STOPPING));

    operations().cancel(stop.id(), ACTOR);
    assertThat(engine.await(stop).status()).isEqualTo(Status.CANCELLED);
    Workload web = engine.await("web", State.RUNNING);
    assertThat(web.desired()).isEqualTo(Desired.RUNNING);
    assertThat(web.ready()).isEqualTo(2);
    assertThat(engine.driver().instances()).containsExactly("web-0", "web-1");
  }

  @Test
  void aCancelledDisableBringsItBack() throws InterruptedException {
    engine
        .driver()
        .script("web", Behaviour.runs().withStopTaking(Duration.ofMillis(150)).withStopCode(0));
    engine.up(Doc.workload("web"));
    Operation disable = engine.ask(OperationKind.DISABLE, "web");
    engine.await("web", w -> w.state() == State.STOPPING);

    operations().cancel(disable.id(), ACTOR);
    assertThat(engine.await(disable).status()).isEqualTo(Status.CANCELLED);
    assertThat(engine.await("web", State.RUNNING).ready()).isEqualTo(1);
  }

  @Test
  void aCancelledInstallDoesNotRun() throws InterruptedException {
    engine.driver().script("web", Behaviour.runs().withStartTaking(Duration.ofMillis(150)));
    Operation install = engine.begin(Doc.workload("web"));
    engine.await("web", w -> w.state() == State.STARTING);

    operations().cancel(install.id(), ACTOR);
    assertThat(engine.await(install).status()).isEqualTo(Status.CANCELLED);
    Workload web = engine.await("web", State.STOPPED);
    assertThat(web.desired()).isEqualTo(Desired.STOPPED);
    assertThat(engine.driver().instances()).isEmpty();
    engine.succeed(OperationKind.START, "web");
  }

  @Test
  void aCancelledRestartLeavesItRunning() throws InterruptedException {
    engine.up(Doc.workload("web", "1", "instances = 3"));
    engine.driver().script("web", Behaviour.runs().withStartTaking(Duration.ofMillis(150)));
    Operation restart = engine.ask(OperationKind.RESTART, "web");
    engine.await(
        "web", w -> w.instances().stream().anyMatch(i -> i.phase() == Instance.Phase.LAUNCHING));

    operations().cancel(restart.id(), ACTOR);
    assertThat(engine.await(restart).status()).isEqualTo(Status.CANCELLED);
    engine.await("web", w -> w.state() == State.RUNNING && w.ready() == 3);
  }

  @Test
  void cancelsOneThatUnwinds() throws InterruptedException {
    engine.up(Doc.workload("web"));
    engine.driver().script("web", "2", Behaviour.crashes(1));
    engine.points().hold("update/8/undo retire 0 (generation 2)/intent");
    Operation update = engine.begin(Doc.workload("web", "2"));
    String member = operations().members(update.id()).getFirst().id();
    await().until(() -> engine.points().held() == 1);
    operations().cancel(member, ACTOR);
    engine.points().letGo();

    engine.await(update);
    assertThat(operations().get(member).status()).isEqualTo(Status.ROLLED_BACK);
    assertThat(engine.driver().versions("web")).containsExactly("1");
  }

  @Test
  void timesOutWithTheReason() throws InterruptedException {
    engine.up(Doc.workload("web"));
    engine.succeed(OperationKind.STOP, "web");
    engine.driver().script("web", Behaviour.crashes(3));
    Operation start =
        operations()
            .submit(
                options("web", OperationKind.START, false, false, Duration.ofMillis(200), 1, null));

    Operation ended = engine.await(start);
    assertThat(ended.status()).isEqualTo(Status.FAILED);
    assertThat(ended.errorCode()).isEqualTo(ErrorCode.TIMEOUT.name());
    assertThat(ended.error()).contains("web-0", "code 3");
    assertThat(engine.workload("web").state())
        .isIn(State.STARTING, State.RESTARTING, State.RUNNING);
    engine.driver().script("web", Behaviour.runs());
    engine.await("web", State.RUNNING);
  }

  @Test
  void triesAgainWithBackOff() throws InterruptedException {
    engine.up(Doc.workload("web"));
    engine.succeed(OperationKind.STOP, "web");
    engine.driver().next("web", Behaviour.cannotStart("no such file", false));
    Operation start =
        operations().submit(options("web", OperationKind.START, false, false, null, 3, null));
    await().until(() -> operations().get(start.id()).status() == Status.WAITING);
    assertThat(operations().get(start.id()).waitingFor()).contains("try 2 of 3", "no such file");

    Operation ended = engine.await(start);
    assertThat(ended.status()).isEqualTo(Status.SUCCEEDED);
    assertThat(ended.attempt()).isEqualTo(2);
  }

  @Test
  void goesOnTryingAfterACrash() throws InterruptedException {
    engine.up(Doc.workload("web"));
    engine.succeed(OperationKind.STOP, "web");
    engine.driver().next("web", Behaviour.cannotStart("no such file", false));
    Operation start =
        operations().submit(options("web", OperationKind.START, false, false, null, 3, null));
    await().until(() -> operations().get(start.id()).status() == Status.WAITING);

    engine.restart();
    Operation ended = engine.await(start);
    assertThat(ended.status()).isEqualTo(Status.SUCCEEDED);
    assertThat(engine.workload("web").state()).isEqualTo(State.RUNNING);
    assertThat(engine.driver().instances()).containsExactly("web-0");
  }

  @Test
  void aCancelledRetryGoesBackToWhatWasBeforeTheFirstTry() throws InterruptedException {
    engine.up(Doc.workload("web"));
    engine.succeed(OperationKind.STOP, "web");
    engine.driver().script("web", Behaviour.cannotStart("no such file", false));
    Operation start =
        operations().submit(options("web", OperationKind.START, false, false, null, 3, null));
    await().until(() -> operations().get(start.id()).status() == Status.WAITING);

    operations().cancel(start.id(), ACTOR);
    assertThat(engine.await(start).status()).isEqualTo(Status.CANCELLED);
    assertThat(engine.workload("web").desired()).isEqualTo(Desired.STOPPED);
  }

  @Test
  void aDryRunChangesNothing() throws InterruptedException {
    engine.up(Doc.workload("web"));
    int events = engine.events().size();
    Operation dry =
        operations().submit(options("web", OperationKind.STOP, true, false, null, 1, null));

    assertThat(dry.steps()).isNotEmpty();
    assertThat(engine.events()).hasSize(events);
    assertThat(operations().list(null, "web", null, 10)).hasSize(1);
    assertThat(engine.driver().instances()).containsExactly("web-0");
  }

  @Test
  void theSameKeyIsTheSameOperation() throws Exception {
    engine.up(Doc.workload("web"));
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Callable<Operation> call =
          () ->
              operations()
                  .submit(options("web", OperationKind.RESTART, false, false, null, 1, "key"));
      List<Callable<Operation>> calls = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        calls.add(call);
      }
      Set<String> ids =
          threads.invokeAll(calls).stream()
              .map(Future::resultNow)
              .map(Operation::id)
              .collect(Collectors.toSet());
      assertThat(ids).hasSize(1);
      engine.await(operations().get(ids.iterator().next()));
    }
    assertThat(engine.driver().launches("web")).hasSize(2);
    assertRefused(
        ErrorCode.IDEMPOTENCY_MISMATCH,
        () ->
            operations().submit(options("web", OperationKind.STOP, false, false, null, 1, "key")));
  }

  @Test
  void theCircuitOpensAfterFiveFailures() throws InterruptedException {
    engine.up(Doc.workload("web"));
    engine.succeed(OperationKind.STOP, "web");
    engine.driver().script("web", Behaviour.cannotStart("no such file", false));
    for (int i = 0; i < 5; i++) {
      assertThat(engine.run(OperationKind.START, "web").status()).isEqualTo(Status.FAILED);
      assertThat(engine.workload("web").state()).isEqualTo(State.ERROR);
    }

    assertRefused(ErrorCode.CIRCUIT_OPEN, () -> engine.ask(OperationKind.START, "web"));
    engine.driver().script("web", Behaviour.runs());
    Operation forced =
        operations().submit(options("web", OperationKind.START, false, true, null, 1, null));
    assertThat(engine.await(forced).status()).isEqualTo(Status.SUCCEEDED);
    engine.succeed(OperationKind.RESTART, "web");
  }

  @Test
  void aForcedStopCancelsWhatIsInTheWay() throws InterruptedException {
    engine.up(Doc.workload("web"));
    engine.driver().script("web", Behaviour.runs().withStartTaking(Duration.ofMillis(200)));
    Operation restart = engine.ask(OperationKind.RESTART, "web");
    Operation stop =
        operations().submit(options("web", OperationKind.STOP, false, true, null, 1, null));

    assertThat(engine.await(stop).status()).isEqualTo(Status.SUCCEEDED);
    assertThat(engine.await(restart).status()).isEqualTo(Status.CANCELLED);
    assertThat(engine.driver().instances()).isEmpty();
  }

  @Test
  void stopsWhatIsBeingLaunchedAndNothingComesBack() throws InterruptedException {
    engine.up(Doc.workload("web"));
    engine.driver().script("web", Behaviour.runs().withStartTaking(Duration.ofMillis(100)));
    engine.driver().kill("web-0");
    engine.await(
        "web", w -> w.instances().stream().anyMatch(i -> i.phase() == Instance.Phase.LAUNCHING));

    engine.succeed(OperationKind.STOP, "web");
    assertThat(engine.driver().instances()).isEmpty();
    assertThat(engine.workload("web").instances()).allMatch(i -> i.phase() == Instance.Phase.ENDED);
  }

  @Test
  void killsWhatIgnoresTheStopSignal() throws InterruptedException {
    engine.driver().script("web", Behaviour.runs().ignoringStop());
    engine.up(Doc.workload("web"));

    engine.succeed(OperationKind.STOP, "web");
    assertThat(engine.driver().instances()).isEmpty();
    assertThat(engine.workload("web").instances().getFirst().lastExit())
        .isNotNull()
        .extracting(Exit::signal)
        .isEqualTo("KILL");
  }

  @Test
  void restartsOneAfterTheOther() throws InterruptedException {
    engine.up(Doc.workload("web", "1", "instances = 3"));
    List<String> before = engine.driver().running("web");
    engine.succeed(OperationKind.RESTART, "web");

    assertThat(engine.driver().instances()).containsExactly("web-0", "web-1", "web-2");
    assertThat(engine.driver().running("web")).doesNotContainAnyElementsOf(before);
  }

  @Test
  void aStoppedOneStaysStoppedOverACrash() throws InterruptedException {
    engine.up(Doc.workload("db") + Doc.workload("web", "1", "depends_on = [\"db\"]"));
    engine.succeed(OperationKind.STOP, "web");

    engine.restart();
    engine.succeed(OperationKind.RESTART, "db");
    assertThat(engine.workload("web").state()).isEqualTo(State.STOPPED);
    assertThat(engine.driver().instances()).containsExactly("db-0");
  }

  @Test
  void maintenanceSuspendsHealing() throws InterruptedException {
    engine.up(Doc.workload("web") + Doc.probe("web", "liveness"));
    engine.succeed(OperationKind.ENTER_MAINTENANCE, "web");
    String incarnation = engine.driver().running("web").getFirst();
    engine.driver().answer("web", "liveness", 1);
    engine.await("web", w -> !w.instances().getFirst().health().live());
    assertThat(engine.driver().running("web")).containsExactly(incarnation);

    engine.succeed(OperationKind.EXIT_MAINTENANCE, "web");
    await().until(() -> engine.driver().launches("web").size() > 1);
    engine.driver().answer("web", "liveness", 0);
    await()
        .untilAsserted(() ->
            assertThat(engine.driver().running("web")).hasSize(1).doesNotContain(incarnation));
    engine.await("web", State.RUNNING);
  }

  @Test
  void whatGotWellDuringMaintenanceIsLeftAlone() throws InterruptedException {
    engine.up(Doc.workload("web") + Doc.probe("web", "liveness"));
    engine.succeed(OperationKind.ENTER_MAINTENANCE, "web");
    String incarnation = engine.driver().running("web").getFirst();
    engine.driver().answer("web", "liveness", 1);
    engine.await("web", w -> !w.instances().getFirst().health().live());
    engine.driver().answer("web", "liveness", 0);

    engine.succeed(OperationKind.EXIT_MAINTENANCE, "web");
    engine.await("web", w -> w.instances().getFirst().health().live());
    assertThat(engine.driver().running("web")).containsExactly(incarnation);
  }

  @Test
  void whatEndsDuringMaintenanceComesBackAfterIt() throws InterruptedException {
    engine.up(Doc.workload("web"));
    engine.succeed(OperationKind.ENTER_MAINTENANCE, "web");
    engine.driver().kill("web-0");
    engine.await("web", w -> w.instances().getFirst().reason().contains("maintenance"));
    assertThat(engine.driver().instances()).isEmpty();

    engine.restart();
    assertThat(engine.workload("web").state()).isEqualTo(State.MAINTENANCE);
    engine.succeed(OperationKind.EXIT_MAINTENANCE, "web");
    engine.await("web", w -> w.state() == State.RUNNING && w.ready() == 1);
  }

  @Test
  void anAdministratorForcesAState() throws InterruptedException {
    engine.up(Doc.workload("web"));
    Workload forced =
        engine.semper().workloads().forceState(TENANT, "web", State.ERROR, "root", "to see");

    assertThat(forced.state()).isEqualTo(State.ERROR);
    assertThat(forced.reason()).contains("root", "to see");
    assertThat(engine.events("web", "workload.state_forced")).hasSize(1);
    engine.succeed(OperationKind.RECOVER, "web");
    engine.await("web", State.RUNNING);
    assertThat(engine.driver().instances()).containsExactly("web-0");
  }

  @Test
  void recoversTheCopiesThatWereGivenUp() throws InterruptedException {
    engine.up(Doc.workload("web", "1", "instances = 3", "restart = \"no\""));
    List<String> others =
        engine.driver().running("web").stream().filter(i -> !i.contains(".1.")).toList();
    engine.driver().exit("web-1", 1);
    Workload degraded =
        engine.await(
            "web", w -> w.instances().stream().anyMatch(i -> i.phase() == Instance.Phase.FAILED));
    assertThat(degraded.state()).isEqualTo(State.RUNNING);
    assertThat(degraded.health()).isEqualTo("degraded");

    engine.succeed(OperationKind.RECOVER, "web");
    assertThat(engine.workload("web").health()).isEqualTo("healthy");
    assertThat(engine.driver().running("web")).containsAll(others).hasSize(3);
  }

  @Test
  void aJobThatIsDoneIsStopped() throws InterruptedException {
    engine.driver().script("job", Behaviour.exits(0, Duration.ofMillis(20)));
    engine.up(Doc.workload("job", "1", "restart = \"no\""));

    Workload job = engine.await("job", State.STOPPED);
    assertThat(job.reason()).isEqualTo("completed");
    engine.restart();
    assertThat(engine.workload("job").state()).isEqualTo(State.STOPPED);
    assertThat(engine.driver().launches("job")).hasSize(1);
  }

  @Test
  void aJobThatFailsIsInError() throws InterruptedException {
    engine.driver().script("job", Behaviour.exits(2, Duration.ofMillis(30)));
    engine.apply(Doc.workload("job", "1", "restart = \"no\""));

    assertThat(engine.await("job", State.ERROR).reason()).contains("code 2");
  }

  @Test
  void restartCountersSurviveACrash() throws InterruptedException {
    engine.driver().script("web", Behaviour.exits(1, Duration.ofMillis(25)));
    engine.begin(
        Doc.workload(
            "web",
            "1",
            "restart = { delay = \"1ms\", max_delay = \"10s\", jitter = 0, max_attempts = 2 }"));
    engine.await(
        "web",
        w ->
            !w.instances().isEmpty()
                && w.instances().getFirst().attempts().size() == 2
                && w.instances().getFirst().phase() != Instance.Phase.BACKOFF);

    engine.restart();
    Workload web =
        engine.await(
            "web",
            w ->
                w.instances().getFirst().phase() == Instance.Phase.BACKOFF
                    && w.instances().getFirst().restarts() == 3);
    assertThat(web.instances().getFirst().nextAttemptAt()).isNotNull();
    assertThat(engine.events("web", "instance.restart_limit_reached")).hasSize(1);
  }

  @Test
  void anExitThatWasMissedIsFoundAfterACrash() throws InterruptedException {
    engine.up(Doc.workload("web"));
    engine.crash();
    engine.driver().exit("web-0", 7);
    engine.start();

    engine.await("web", w -> w.state() == State.RUNNING && w.ready() == 1 && w.launches() == 2);
    Event exit = engine.events("web", "instance.exited").getFirst();
    assertThat(exit.data()).containsEntry("code", 7);
    assertThat(engine.driver().instances()).containsExactly("web-0");
  }

  @Test
  void anEndToldBeforeTheStartDoesNotConfuseIt() throws InterruptedException {
    engine.driver().next("web", Behaviour.diesInStart(1), Behaviour.diesInStart(1));
    engine.up(Doc.workload("web"));

    Workload web = engine.workload("web");
    assertThat(web.launches()).isEqualTo(3);
    assertThat(web.instances()).hasSize(1);
    assertThat(web.ready()).isEqualTo(1);
  }

  @Test
  void anEndToldLateIsWaitedFor() throws InterruptedException {
    engine.driver().script("web", Behaviour.runs().withExitTold(Duration.ofMillis(100)));
    engine.up(Doc.workload("web"));
    engine.succeed(OperationKind.RESTART, "web");
    engine.succeed(OperationKind.STOP, "web");

    assertThat(engine.driver().instances()).isEmpty();
    assertThat(engine.workload("web").instances()).hasSize(1);
  }

  @Test
  void aFailingLivenessProbeRestartsAndAStopMeanwhileWins() throws InterruptedException {
    engine.driver().script("web", Behaviour.runs().withStopTaking(Duration.ofMillis(100)));
    engine.up(Doc.workload("web") + Doc.probe("web", "liveness"));
    engine.driver().answer("web", "liveness", 1);
    engine.await("web", w -> w.instances().getFirst().phase() == Instance.Phase.RESTARTING);

    engine.succeed(OperationKind.STOP, "web");
    assertThat(engine.driver().instances()).isEmpty();
    assertThat(engine.workload("web").state()).isEqualTo(State.STOPPED);
  }

  @Test
  void disablesAndEnables() throws InterruptedException {
    engine.up(Doc.workload("web"));
    engine.succeed(OperationKind.DISABLE, "web");
    assertThat(engine.driver().instances()).isEmpty();
    assertRefused(ErrorCode.ILLEGAL_TRANSITION, () -> engine.ask(OperationKind.START, "web"));

    engine.restart();
    assertThat(engine.workload("web").state()).isEqualTo(State.DISABLED);
    engine.succeed(OperationKind.ENABLE, "web");
    engine.succeed(OperationKind.START, "web");
    assertThat(engine.driver().instances()).containsExactly("web-0");
  }

  @Test
  void closesWhileMuchIsUnderWayAndGoesOnLater() throws InterruptedException {
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      engine.driver().script("w" + i, Behaviour.runs().withStartTaking(Duration.ofMillis(50)));
      all.append(Doc.workload("w" + i, "1", "instances = 2"));
    }
    Operation batch = engine.begin(all.toString());
    await().until(() -> engine.driver().instances().size() > 3);
    engine.stop();
    engine.start();

    assertThat(engine.await(batch).status()).isEqualTo(Status.SUCCEEDED);
    assertThat(engine.driver().instances()).hasSize(16).doesNotHaveDuplicates();
  }
}
