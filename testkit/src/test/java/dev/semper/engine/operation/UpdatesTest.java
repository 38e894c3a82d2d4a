package dev.semper.engine.operation;

import static dev.semper.testkit.EngineHarness.ACTOR;
import static dev.semper.testkit.EngineHarness.TENANT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.operation.Operation.Status;
import dev.semper.engine.workload.Desired;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.State;
import dev.semper.engine.workload.Workload;
import dev.semper.testkit.Behaviour;
import dev.semper.testkit.EngineHarness;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class UpdatesTest {
  private static final String FAST =
      "update = { order = \"start-first\", ready_timeout = \"400ms\" }";
  private static final String STOP_FIRST =
      "update = { order = \"stop-first\", ready_timeout = \"400ms\" }";

  @RegisterExtension final EngineHarness engine = new EngineHarness();

  private Operations operations() {
    return engine.semper().operations();
  }

  /// Applies, and answers with the one member of the batch.
  private Operation update(String toml) throws InterruptedException {
    Operation batch = engine.apply(toml).orElseThrow();
    List<Operation> members = operations().members(batch.id());
    assertThat(members).hasSize(1);
    return members.getFirst();
  }

  @Test
  void keepsTheOldOneUntilTheNewOneIsReady() throws InterruptedException {
    engine.up(Doc.workload("web", "1", FAST) + Doc.probe("web", "readiness"));
    engine.driver().answer("web@2", "readiness", 1);
    Operation update =
        engine.begin(
            Doc.workload("web", "2", "update = { order = \"start-first\" }")
                + Doc.probe("web", "readiness"));
    engine.await("web", w -> w.instances().size() == 2);
    await().until(() -> engine.driver().versions("web").size() == 2);
    engine.await(
        "web",
        w ->
            w.instances().stream()
                .anyMatch(i -> i.candidate() && i.health().probes().containsKey("readiness")));
    assertThat(engine.driver().versions("web")).containsExactlyInAnyOrder("1", "2");
    assertThat(engine.workload("web").ready()).isEqualTo(1);

    engine.driver().answer("web@2", "readiness", 0);
    assertThat(engine.await(update).status()).isEqualTo(Status.SUCCEEDED);
    assertThat(engine.driver().versions("web")).containsExactly("2");
    Workload web = engine.workload("web");
    assertThat(web.generation()).isEqualTo(2);
    assertThat(web.previousGeneration()).isEqualTo(1);
    assertThat(web.instances()).hasSize(1).noneMatch(Instance::candidate);
  }

  @Test
  void stopsFirstWhatCannotRunTwice() throws InterruptedException {
    AtomicInteger most = new AtomicInteger();
    engine.up(Doc.workload("web", "1", STOP_FIRST));
    engine.driver().script("web", "2", Behaviour.runs().withStartTaking(Duration.ofMillis(30)));
    Operation update = engine.begin(Doc.workload("web", "2", STOP_FIRST));
    await()
        .until(() -> {
          most.accumulateAndGet(engine.driver().versions("web").size(), Math::max);
          return operations().get(update.id()).status().ended();
        });

    assertThat(most.get()).isEqualTo(1);
    assertThat(engine.driver().versions("web")).containsExactly("2");
  }

  @Test
  void aCandidateThatCrashesIsTurnedBack() throws InterruptedException {
    engine.up(Doc.workload("web", "1", FAST, "instances = 2"));
    List<String> before = engine.driver().running("web");
    engine.driver().script("web", "2", Behaviour.crashes(9));

    Operation update = update(Doc.workload("web", "2", FAST, "instances = 2"));
    assertThat(update.status()).isEqualTo(Status.ROLLED_BACK);
    assertThat(update.error()).contains("code 9");
    assertThat(engine.driver().running("web")).containsExactlyElementsOf(before);
    Workload web = engine.await("web", State.RUNNING);
    assertThat(web.generation()).isEqualTo(1);
    assertThat(web.instances()).hasSize(2);
    assertThat(web.specs()).hasSize(1);
  }

  @Test
  void aCandidateThatFailsLivenessIsTurnedBack() throws InterruptedException {
    String probes = Doc.probe("web", "readiness") + Doc.probe("web", "liveness");
    engine.up(Doc.workload("web", "1", FAST) + probes);
    List<String> before = engine.driver().running("web");
    engine.driver().answer("web@2", "readiness", 1);
    engine.driver().answer("web@2", "liveness", 1);

    Operation update =
        update(Doc.workload("web", "2", "update = { order = \"start-first\" }") + probes);
    assertThat(update.status()).isEqualTo(Status.ROLLED_BACK);
    assertThat(engine.driver().running("web")).containsExactlyElementsOf(before);
  }

  @Test
  void oneThatNeverGetsReadyIsTurnedBackStopFirstToo() throws InterruptedException {
    engine.up(Doc.workload("web", "1", STOP_FIRST) + Doc.probe("web", "readiness"));
    engine.driver().answer("web@2", "readiness", 1);

    Operation update = update(Doc.workload("web", "2", STOP_FIRST) + Doc.probe("web", "readiness"));
    assertThat(update.status()).isEqualTo(Status.ROLLED_BACK);
    assertThat(update.errorCode()).isEqualTo(ErrorCode.TIMEOUT.name());
    assertThat(engine.driver().versions("web")).containsExactly("1");
    assertThat(engine.await("web", State.RUNNING).health()).isEqualTo("healthy");
  }

  @Test
  void rollsOneByOneAndNeverHasFewerReady() throws InterruptedException {
    engine.up(Doc.workload("web", "1", FAST, "instances = 3"));
    AtomicInteger fewest = new AtomicInteger(99);
    AtomicInteger most = new AtomicInteger();
    Operation update = engine.begin(Doc.workload("web", "2", FAST, "instances = 3"));
    await()
        .until(() -> {
          fewest.accumulateAndGet((int) engine.workload("web").ready(), Math::min);
          most.accumulateAndGet(engine.workload("web").instances().size(), Math::max);
          return operations().get(update.id()).status().ended();
        });

    assertThat(engine.await(update).status()).isEqualTo(Status.SUCCEEDED);
    assertThat(fewest.get()).isGreaterThanOrEqualTo(3);
    assertThat(most.get()).isLessThanOrEqualTo(4);
    assertThat(engine.driver().versions("web")).containsExactly("2", "2", "2");
  }

  @Test
  void turnsBackTheCopiesItHadMovedAlready() throws InterruptedException {
    engine.up(Doc.workload("web", "1", FAST, "instances = 3"));
    engine.driver().script("web", "2", Behaviour.runs());
    engine.driver().next("web", Behaviour.runs(), Behaviour.crashes(1));

    Operation update = update(Doc.workload("web", "2", FAST, "instances = 3"));
    assertThat(update.status()).isEqualTo(Status.ROLLED_BACK);
    assertThat(engine.driver().versions("web")).containsExactly("1", "1", "1");
    assertThat(engine.driver().instances()).containsExactly("web-0", "web-1", "web-2");
    assertThat(engine.await("web", State.RUNNING).health()).isEqualTo("healthy");
  }

  @Test
  void aLiveChangeRestartsNothing() throws InterruptedException {
    engine.up(Doc.workload("web", "1", FAST));
    List<String> before = engine.driver().running("web");
    Operation update =
        update(Doc.workload("web", "1", "restart = \"always\"") + Doc.probe("web", "liveness"));

    assertThat(update.status()).isEqualTo(Status.SUCCEEDED);
    assertThat(engine.driver().running("web")).containsExactlyElementsOf(before);
    engine.await("web", w -> w.instances().getFirst().health().probes().containsKey("liveness"));
    engine.driver().exit("web-0", 0);
    engine.await("web", w -> w.ready() == 1 && w.launches() == 2);
  }

  @Test
  void removingAFailingProbeClearsWhatItSaid() throws InterruptedException {
    engine.up(Doc.workload("web", "1", FAST) + Doc.probe("web", "readiness"));
    engine.driver().answer("web", "readiness", 1);
    engine.await("web", w -> w.ready() == 0);

    update(Doc.workload("web", "1", FAST));
    Workload web = engine.workload("web");
    assertThat(web.ready()).isEqualTo(1);
    assertThat(web.instances().getFirst().health().probes()).isEmpty();
    assertThat(web.health()).isEqualTo("healthy");
  }

  @Test
  void addingAProbeTakesNothingAwayUntilItFails() throws InterruptedException {
    engine.up(Doc.workload("web", "1", FAST));
    engine.driver().answer("web", "readiness", 1);
    update(Doc.workload("web", "1", FAST) + Doc.probe("web", "readiness"));

    engine.await("web", w -> w.ready() == 0);
    engine.driver().answer("web", "readiness", 0);
    engine.await("web", w -> w.ready() == 1);
  }

  @Test
  void removingTheStartupProbeOfOneThatStartsLetsItUp() throws InterruptedException {
    engine.driver().answer("web", "startup", 1);
    Operation install =
        engine.begin(
            Doc.workload("web", "1", FAST)
                + Doc.probe("web", "startup")
                    .replace("failure_threshold = 1", "failure_threshold = 1000"));
    engine.await(
        "web", w -> w.instances().stream().anyMatch(i -> i.phase() == Instance.Phase.STARTING));
    operations().cancel(operations().members(install.id()).getFirst().id(), ACTOR);
    engine.await(install);
    assertThat(engine.workload("web").state()).isEqualTo(State.STOPPED);

    OperationRequest start =
        new OperationRequest(
            TENANT,
            "web",
            OperationKind.START,
            ACTOR,
            Priority.NORMAL,
            false,
            false,
            false,
            false,
            false,
            true,
            Duration.ofMillis(200),
            1,
            null);
    assertThat(engine.await(operations().submit(start)).status()).isEqualTo(Status.FAILED);
    assertThat(engine.workload("web").state()).isEqualTo(State.STARTING);
    update(Doc.workload("web", "1", FAST));
    engine.await("web", w -> w.state() == State.RUNNING && w.ready() == 1);
  }

  @Test
  void scalesUpAndDown() throws InterruptedException {
    engine.up(Doc.workload("web", "1", "instances = 1"));
    String first = engine.driver().running("web").getFirst();
    assertThat(update(Doc.workload("web", "1", "instances = 4")).status())
        .isEqualTo(Status.SUCCEEDED);
    assertThat(engine.driver().instances()).containsExactly("web-0", "web-1", "web-2", "web-3");
    assertThat(engine.driver().running("web")).contains(first);

    assertThat(update(Doc.workload("web", "1", "instances = 2")).status())
        .isEqualTo(Status.SUCCEEDED);
    assertThat(engine.driver().instances()).containsExactly("web-0", "web-1");
    assertThat(engine.workload("web").instances()).hasSize(2);
    assertThat(engine.driver().running("web")).contains(first);

    assertThat(update(Doc.workload("web", "1", "instances = 0")).status())
        .isEqualTo(Status.SUCCEEDED);
    assertThat(engine.driver().instances()).isEmpty();
    assertThat(update(Doc.workload("web", "1", "instances = 1")).status())
        .isEqualTo(Status.SUCCEEDED);
    assertThat(engine.await("web", State.RUNNING).health()).isEqualTo("healthy");
  }

  @Test
  void aScalingThatFailsIsTurnedBackWithItsHistory() throws InterruptedException {
    engine.up(Doc.workload("web", "1", FAST));
    assertThat(update(Doc.workload("web", "2", FAST)).status()).isEqualTo(Status.SUCCEEDED);
    engine.driver().script("web", Behaviour.cannotStart("no room", false));

    Operation scale = update(Doc.workload("web", "2", FAST, "instances = 2"));
    assertThat(scale.status()).isEqualTo(Status.ROLLED_BACK);
    Workload web = engine.await("web", State.RUNNING);
    assertThat(web.generation()).isEqualTo(2);
    assertThat(web.previousGeneration()).isEqualTo(1);
    assertThat(web.instances()).hasSize(1);
  }

  @Test
  void applyingTwiceDoesNothing() throws InterruptedException {
    String doc = Doc.workload("web", "1", FAST) + Doc.probe("web", "readiness");
    engine.up(doc);
    int events = engine.events().size();
    Optional<Operation> again = engine.apply(doc);

    assertThat(again).isEmpty();
    assertThat(engine.events()).hasSize(events);
  }

  @Test
  void applyingAgainWhileItIsUnderWayDoesNothing() throws InterruptedException {
    engine.up(Doc.workload("web", "1", FAST));
    engine.driver().script("web", "2", Behaviour.runs().withStartTaking(Duration.ofMillis(200)));
    Operation first = engine.begin(Doc.workload("web", "2", FAST));

    assertThat(engine.apply(Doc.workload("web", "2", FAST))).isEmpty();
    assertThatThrownBy(() -> engine.begin(Doc.workload("web", "3", FAST)))
        .isInstanceOfSatisfying(
            SemperException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.OPERATION_IN_PROGRESS));
    assertThat(engine.await(first).status()).isEqualTo(Status.SUCCEEDED);
  }

  @Test
  void updatesAStoppedOneWithoutStartingIt() throws InterruptedException {
    engine.up(Doc.workload("web", "1", FAST));
    engine.succeed(OperationKind.STOP, "web");
    assertThat(update(Doc.workload("web", "2", FAST)).status()).isEqualTo(Status.SUCCEEDED);
    assertThat(engine.driver().instances()).isEmpty();
    assertThat(engine.workload("web").state()).isEqualTo(State.STOPPED);

    engine.succeed(OperationKind.START, "web");
    assertThat(engine.driver().versions("web")).containsExactly("2");
  }

  @Test
  void aFailedUpdateOfAStoppedOneLeavesItStopped() throws InterruptedException {
    engine.up(Doc.workload("web", "1", FAST));
    engine.succeed(OperationKind.STOP, "web");
    ApplyRequest request = engine.request(Doc.workload("web", "2", FAST, "note = \"new\""));
    engine.driver().refuse("new");
    Operation batch = engine.await(operations().apply(request).orElseThrow());
    Operation update = operations().members(batch.id()).getFirst();

    assertThat(update.status()).isEqualTo(Status.ROLLED_BACK);
    Workload web = engine.workload("web");
    assertThat(web.state()).isEqualTo(State.STOPPED);
    assertThat(web.desired()).isEqualTo(Desired.STOPPED);
    assertThat(web.generation()).isEqualTo(1);
  }

  @Test
  void updatesADisabledOne() throws InterruptedException {
    engine.up(Doc.workload("web", "1", FAST));
    engine.succeed(OperationKind.DISABLE, "web");
    assertThat(update(Doc.workload("web", "2", FAST)).status()).isEqualTo(Status.SUCCEEDED);
    assertThat(engine.workload("web").state()).isEqualTo(State.DISABLED);
    assertThat(engine.workload("web").generation()).isEqualTo(2);
  }

  @Test
  void updatesOneInErrorAndItRunsAgain() throws InterruptedException {
    engine.driver().script("web", "1", Behaviour.cannotStart("no such file", false));
    engine.apply(Doc.workload("web", "1", FAST));
    assertThat(engine.workload("web").state()).isEqualTo(State.ERROR);

    assertThat(update(Doc.workload("web", "2", FAST)).status()).isEqualTo(Status.SUCCEEDED);
    assertThat(engine.await("web", State.RUNNING).health()).isEqualTo("healthy");
    assertThat(engine.driver().versions("web")).containsExactly("2");
  }

  @Test
  void oneInErrorIsInErrorAgainAfterAFailedUpdate() throws InterruptedException {
    engine.driver().script("web", Behaviour.cannotStart("no such file", false));
    engine.apply(Doc.workload("web", "1", FAST));
    Operation update = update(Doc.workload("web", "2", FAST));

    assertThat(update.status()).isEqualTo(Status.ROLLED_BACK);
    Workload web = engine.workload("web");
    assertThat(web.state()).isEqualTo(State.ERROR);
    assertThat(web.generation()).isEqualTo(1);
    assertThat(web.instances()).hasSize(1);
  }

  @Test
  void updatesOneThatCrashesAllTheTime() throws InterruptedException {
    engine.driver().script("web", "1", Behaviour.exits(1, Duration.ofMillis(20)));
    engine.apply(Doc.workload("web", "1", FAST));
    engine.await("web", w -> w.launches() > 3 && w.operationId() == null);

    engine.driver().script("web", "2", Behaviour.crashes(1));
    Operation bad = update(Doc.workload("web", "2", STOP_FIRST));
    assertThat(bad.status()).isEqualTo(Status.ROLLED_BACK);
    assertThat(engine.workload("web").generation()).isEqualTo(1);

    assertThat(update(Doc.workload("web", "3", FAST)).status()).isEqualTo(Status.SUCCEEDED);
    engine.await("web", State.RUNNING);
    assertThat(engine.driver().versions("web")).containsExactly("3");
  }

  @Test
  void rollsBackAndForth() throws InterruptedException {
    engine.up(Doc.workload("web", "1", FAST));
    update(Doc.workload("web", "2", FAST));
    engine.succeed(OperationKind.ROLLBACK, "web");
    assertThat(engine.driver().versions("web")).containsExactly("1");
    assertThat(engine.workload("web").generation()).isEqualTo(1);

    engine.succeed(OperationKind.ROLLBACK, "web");
    assertThat(engine.driver().versions("web")).containsExactly("2");
  }

  @Test
  void refusesToRollBackWhatHasNoPast() throws InterruptedException {
    engine.up(Doc.workload("web", "1", FAST));
    assertThatThrownBy(() -> engine.ask(OperationKind.ROLLBACK, "web"))
        .isInstanceOfSatisfying(
            SemperException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.PRECONDITION_FAILED));
  }

  @Test
  void deletesWhatTheFileDoesNotNameOnlyWhenAsked() throws InterruptedException {
    engine.up(Doc.workload("web") + Doc.workload("old"));
    assertThat(engine.apply(Doc.workload("web"))).isEmpty();
    assertThat(engine.driver().instances()).containsExactly("old-0", "web-0");

    ApplyRequest prune =
        new ApplyRequest(
            TENANT,
            engine.specs(Doc.workload("web")),
            ACTOR,
            true,
            false,
            10,
            false,
            true,
            Priority.NORMAL,
            null);
    assertThat(engine.await(operations().apply(prune).orElseThrow()).status())
        .isEqualTo(Status.SUCCEEDED);
    assertThat(engine.driver().instances()).containsExactly("web-0");
    assertThat(engine.semper().workloads().find(TENANT, "old")).isEmpty();
  }

  @Test
  void aCancelledUpdateGoesBack() throws InterruptedException {
    engine.up(Doc.workload("web", "1", FAST, "instances = 2"));
    engine.driver().next("web", Behaviour.runs());
    engine.driver().script("web", "2", Behaviour.runs().withStartTaking(Duration.ofMillis(200)));
    Operation update = engine.begin(Doc.workload("web", "2", FAST, "instances = 2"));
    await().until(() -> engine.driver().versions("web").contains("2"));
    engine.await(
        "web", w -> w.instances().stream().anyMatch(i -> i.ordinal() == 1 && i.candidate()));

    operations().cancel(update.id(), ACTOR);
    assertThat(engine.await(update).status()).isEqualTo(Status.CANCELLED);
    engine.await("web", State.RUNNING);
    assertThat(engine.driver().versions("web")).containsExactly("1", "1");
  }
}
