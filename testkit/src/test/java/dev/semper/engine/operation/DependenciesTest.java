package dev.semper.engine.operation;

import static dev.semper.testkit.EngineHarness.ACTOR;
import static dev.semper.testkit.EngineHarness.TENANT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.semper.engine.access.Quota;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.operation.Operation.Status;
import dev.semper.engine.store.Event;
import dev.semper.engine.workload.State;
import dev.semper.engine.workload.Workload;
import dev.semper.testkit.Behaviour;
import dev.semper.testkit.EngineHarness;
import java.time.Duration;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class DependenciesTest {
  @RegisterExtension final EngineHarness engine = new EngineHarness();

  private Operations operations() {
    return engine.semper().operations();
  }

  private static SemperException refusal(ErrorCode code, ThrowingCallable call) {
    SemperException[] caught = new SemperException[1];
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            SemperException.class,
            e -> {
              assertThat(e.code()).as(e.getMessage()).isEqualTo(code);
              caught[0] = e;
            });
    return caught[0];
  }

  private static OperationRequest cascade(
      String workload, OperationKind kind, boolean dryRun, @Nullable String key) {
    return new OperationRequest(
        TENANT,
        workload,
        kind,
        ACTOR,
        Priority.NORMAL,
        dryRun,
        false,
        false,
        false,
        true,
        true,
        null,
        1,
        key);
  }

  private ApplyRequest apply(String doc, int parallelism, boolean failFast) {
    return new ApplyRequest(
        TENANT,
        engine.specs(doc),
        ACTOR,
        false,
        false,
        parallelism,
        failFast,
        true,
        Priority.NORMAL,
        null);
  }

  @Test
  void refusesAStartWhoseDependencyIsMissing() throws InterruptedException {
    engine.up(Doc.workload("web"));
    engine.succeed(OperationKind.STOP, "web");
    engine.up(Doc.workload("web", "1", "depends_on = [\"db\"]"));

    SemperException refused =
        refusal(ErrorCode.DEPENDENCY_MISSING, () -> engine.ask(OperationKind.START, "web"));
    assertThat(refused.getMessage()).contains("db", "there is no workload");
  }

  @Test
  void refusesAStartWhoseDependencyIsUnhealthyOrStopped() throws InterruptedException {
    engine.up(Doc.workload("db") + Doc.workload("web", "1", "depends_on = [\"db\"]"));
    engine.succeed(OperationKind.STOP, "web");
    engine.succeed(OperationKind.STOP, "db");
    refusal(ErrorCode.DEPENDENCY_MISSING, () -> engine.ask(OperationKind.START, "web"));

    engine.driver().script("db", Behaviour.cannotStart("no such file", false));
    engine.run(OperationKind.START, "db");
    SemperException refused =
        refusal(ErrorCode.DEPENDENCY_UNHEALTHY, () -> engine.ask(OperationKind.START, "web"));
    assertThat(refused.getMessage()).contains("error");
  }

  @Test
  void startsInOrderOfDependencies() throws InterruptedException {
    engine.driver().script("db", Behaviour.runs().withStartTaking(Duration.ofMillis(50)));
    engine.up(
        Doc.workload("web", "1", "depends_on = [\"api\"]")
            + Doc.workload("api", "1", "depends_on = [\"db\"]")
            + Doc.workload("db"));

    assertThat(
            engine.events().stream()
                .filter(e -> e.type().equals("instance.started"))
                .map(Event::workload))
        .containsExactly("db", "api", "web");
  }

  @Test
  void dependentsComeBackByThemselvesAfterTheirDependency() throws InterruptedException {
    engine.up(
        Doc.workload("db", "1", "restart = { delay = \"100ms\", jitter = 0 }")
            + Doc.workload("web", "1", "depends_on = [\"db\"]"));
    engine.driver().exit("db-0", 1);
    engine.await("db", w -> w.ready() == 0);
    engine.driver().exit("web-0", 1);
    engine.await("web", w -> w.instances().getFirst().reason().contains("waiting for db"));

    engine.await("db", w -> w.ready() == 1);
    engine.await("web", w -> w.state() == State.RUNNING && w.ready() == 1);
    assertThat(engine.events("web", "instance.waiting")).isNotEmpty();
  }

  @Test
  void dependentsComeUpByThemselvesWhenTheFirstStartHadFailed() throws InterruptedException {
    engine.driver().script("db", Behaviour.cannotStart("no such file", false));
    Operation batch =
        engine
            .apply(
                Doc.workload("db")
                    + Doc.workload(
                        "web", "1", "depends_on = [{ workload = \"db\", timeout = \"100ms\" }]"))
            .orElseThrow();

    assertThat(batch.status()).isEqualTo(Status.FAILED);
    List<Operation> members = operations().members(batch.id());
    assertThat(members.get(0).status()).isEqualTo(Status.FAILED);
    assertThat(members.get(1).errorCode()).isEqualTo(ErrorCode.DEPENDENCY_UNHEALTHY.name());
    assertThat(members.get(1).error()).contains("waiting for db");
    engine.driver().script("db", Behaviour.runs());
    engine.succeed(OperationKind.RECOVER, "db");
    engine.await("web", w -> w.state() == State.RUNNING && w.ready() == 1);
  }

  @Test
  void waitsForOneThatIsMadeLater() throws InterruptedException {
    Operation batch =
        engine
            .apply(
                Doc.workload(
                    "web", "1", "depends_on = [{ workload = \"db\", timeout = \"50ms\" }]"))
            .orElseThrow();
    assertThat(batch.status()).isEqualTo(Status.FAILED);
    assertThat(engine.driver().instances()).isEmpty();

    engine.restart();
    engine.up(Doc.workload("db"));
    engine.await("web", w -> w.state() == State.RUNNING && w.ready() == 1);
  }

  @Test
  void waitsAgainWhenItsDependencyIsDeleted() throws InterruptedException {
    engine.up(Doc.workload("db") + Doc.workload("web", "1", "depends_on = [\"db\"]"));
    OperationRequest delete =
        new OperationRequest(
            TENANT,
            "db",
            OperationKind.DELETE,
            ACTOR,
            Priority.NORMAL,
            false,
            false,
            true,
            false,
            false,
            true,
            null,
            1,
            null);
    engine.await(operations().submit(delete));
    engine.driver().exit("web-0", 1);
    engine.await("web", w -> w.instances().getFirst().reason().contains("there is no workload db"));

    engine.up(Doc.workload("db"));
    engine.await("web", w -> w.state() == State.RUNNING && w.ready() == 1);
  }

  @Test
  void waitsForAJobToComplete() throws InterruptedException {
    engine.driver().script("job", Behaviour.exits(0, Duration.ofMillis(200)));
    engine.up(
        Doc.workload("job", "1", "restart = \"no\"")
            + Doc.workload(
                "web", "1", "depends_on = [{ workload = \"job\", condition = \"completed\" }]"));

    assertThat(engine.workload("job").state()).isEqualTo(State.STOPPED);
    assertThat(engine.workload("web").state()).isEqualTo(State.RUNNING);
  }

  @Test
  void aJobThatWasStoppedIsNotComplete() throws InterruptedException {
    engine.driver().script("job", Behaviour.runs().withStopCode(0));
    engine.up(Doc.workload("job", "1", "restart = \"no\""));
    engine.succeed(OperationKind.STOP, "job");
    Operation batch =
        engine
            .apply(
                Doc.workload("job", "1", "restart = \"no\"")
                    + Doc.workload(
                        "web",
                        "1",
                        "depends_on = [{ workload = \"job\", condition = \"completed\", timeout = \"50ms\" }]"))
            .orElseThrow();

    assertThat(batch.status()).isEqualTo(Status.FAILED);
    assertThat(engine.driver().instances()).isEmpty();
  }

  @Test
  void waitsUntilItHasBeenHealthyForAWhile() throws InterruptedException {
    long before = System.nanoTime();
    engine.up(
        Doc.workload("db")
            + Doc.workload(
                "web",
                "1",
                "depends_on = [{ workload = \"db\", condition = \"healthy\", for = \"300ms\" }]"));

    assertThat(Duration.ofNanos(System.nanoTime() - before)).isGreaterThan(Duration.ofMillis(300));
    assertThat(engine.driver().instances()).containsExactly("db-0", "web-0");
  }

  @Test
  void anOptionalOneIsWaitedForOnlyAWhile() throws InterruptedException {
    engine.up(
        Doc.workload(
            "web",
            "1",
            "instances = 3",
            "depends_on = [{ workload = \"db\", required = false, timeout = \"100ms\" }]"));

    assertThat(engine.driver().instances()).hasSize(3);
    assertThat(engine.events("web", "instance.waiting")).isNotEmpty();
  }

  @Test
  void refusesToStopWhatOthersNeedUnlessTheyGoFirst() throws InterruptedException {
    engine.up(
        Doc.workload("db")
            + Doc.workload("api", "1", "depends_on = [\"db\"]")
            + Doc.workload("web", "1", "depends_on = [\"api\"]"));
    SemperException refused =
        refusal(ErrorCode.DEPENDED_UPON, () -> engine.ask(OperationKind.STOP, "db"));
    assertThat(refused.getMessage()).contains("api");

    Operation dry = operations().submit(cascade("db", OperationKind.STOP, true, null));
    assertThat(dry.steps()).hasSizeGreaterThan(8);
    assertThat(engine.driver().instances()).hasSize(3);

    Operation batch = operations().submit(cascade("db", OperationKind.STOP, false, "once"));
    assertThat(operations().submit(cascade("db", OperationKind.STOP, false, "once")).id())
        .isEqualTo(batch.id());
    assertThat(engine.await(batch).status()).isEqualTo(Status.SUCCEEDED);
    assertThat(
            engine.events().stream()
                .filter(e -> e.type().equals("instance.exited"))
                .map(Event::workload))
        .containsExactly("web", "api", "db");
  }

  @Test
  void aDoneJobNeedsNothing() throws InterruptedException {
    engine.driver().script("job", Behaviour.exits(0, Duration.ofMillis(10)));
    engine.up(
        Doc.workload("db") + Doc.workload("job", "1", "restart = \"no\"", "depends_on = [\"db\"]"));
    engine.await("job", State.STOPPED);

    engine.succeed(OperationKind.STOP, "db");
  }

  @Test
  void refusesCirclesAcrossFiles() throws InterruptedException {
    engine.up(Doc.workload("a") + Doc.workload("b", "1", "depends_on = [\"a\"]"));
    SemperException refused =
        refusal(
            ErrorCode.INVALID_SPEC,
            () -> engine.apply(Doc.workload("a", "1", "depends_on = [\"b\"]")));

    assertThat(refused.getMessage()).contains("circle", "a → b → a");
  }

  @Test
  void aBatchReportsPerItem() throws InterruptedException {
    engine.driver().script("bad", Behaviour.cannotStart("no such file", false));
    Operation batch =
        engine
            .apply(Doc.workload("good") + Doc.workload("bad") + Doc.workload("fine"))
            .orElseThrow();

    assertThat(batch.status()).isEqualTo(Status.FAILED);
    assertThat(batch.error()).contains("1 of 3", "bad", "no such file");
    assertThat(operations().members(batch.id()))
        .extracting(Operation::workload, Operation::status)
        .containsExactlyInAnyOrder(
            org.assertj.core.groups.Tuple.tuple("good", Status.SUCCEEDED),
            org.assertj.core.groups.Tuple.tuple("bad", Status.FAILED),
            org.assertj.core.groups.Tuple.tuple("fine", Status.SUCCEEDED));
  }

  @Test
  void aFailFastBatchStartsNothingMoreAndCanBeAppliedAgain() throws InterruptedException {
    engine.driver().script("a", Behaviour.cannotStart("no such file", false));
    String doc = Doc.workload("a") + Doc.workload("b") + Doc.workload("c");
    Operation batch = engine.await(operations().apply(apply(doc, 1, true)).orElseThrow());

    assertThat(operations().members(batch.id()))
        .extracting(Operation::status)
        .containsExactly(Status.FAILED, Status.CANCELLED, Status.CANCELLED);
    assertThat(engine.driver().instances()).isEmpty();

    Operation again = engine.apply(doc).orElseThrow();
    assertThat(again.status()).isEqualTo(Status.SUCCEEDED);
    assertThat(engine.driver().instances()).containsExactly("b-0", "c-0");
    assertThat(engine.apply(doc)).isEmpty();
  }

  @Test
  void whatNeverWasInstalledIsInstalledInItsNewForm() throws InterruptedException {
    engine.driver().script("a", Behaviour.cannotStart("no such file", false));
    String doc = Doc.workload("a") + Doc.workload("b");
    engine.await(operations().apply(apply(doc, 1, true)).orElseThrow());

    engine.apply(Doc.workload("a") + Doc.workload("b", "2"));
    assertThat(engine.driver().versions("b")).containsExactly("2");
    Workload b = engine.await("b", State.RUNNING);
    assertThat(b.generation()).isEqualTo(2);
    assertThat(b.spec().version()).isEqualTo("2");
  }

  @Test
  void aBatchRunsNoMoreMembersAtOnceThanAsked() throws InterruptedException {
    StringBuilder doc = new StringBuilder();
    for (int i = 0; i < 5; i++) {
      doc.append(Doc.workload("w" + i));
    }
    engine.points().hold("install/1/prepare (generation 1)/intent");
    Operation batch = operations().apply(apply(doc.toString(), 2, false)).orElseThrow();
    await().until(() -> engine.points().held() == 2);
    assertThat(
            operations().members(batch.id()).stream()
                .filter(o -> o.status() != Status.QUEUED)
                .count())
        .isEqualTo(2);

    engine.points().letGo();
    assertThat(engine.await(batch).status()).isEqualTo(Status.SUCCEEDED);
  }

  @Test
  void cancelsABatch() throws InterruptedException {
    StringBuilder doc = new StringBuilder();
    for (int i = 0; i < 5; i++) {
      engine.driver().script("w" + i, Behaviour.runs().withStartTaking(Duration.ofMillis(100)));
      doc.append(Doc.workload("w" + i));
    }
    Operation batch = operations().apply(apply(doc.toString(), 2, false)).orElseThrow();
    await().until(() -> !engine.events("w0", "instance.launching").isEmpty());
    operations().cancel(batch.id(), ACTOR);

    assertThat(engine.await(batch).status()).isEqualTo(Status.CANCELLED);
    assertThat(operations().members(batch.id())).allMatch(o -> o.status() == Status.CANCELLED);
    await().untilAsserted(() -> assertThat(engine.driver().instances()).isEmpty());
    assertThat(engine.apply(doc.toString())).isEmpty();
  }

  @Test
  void manyBatchesAtOnceAllEnd() throws InterruptedException {
    StringBuilder doc = new StringBuilder();
    for (int i = 0; i < 12; i++) {
      doc.append(Doc.workload("w" + i));
    }
    engine.up(doc.toString());
    for (int round = 0; round < 10; round++) {
      List<OperationRequest> all =
          engine.semper().workloads().list(TENANT).stream()
              .map(w -> OperationRequest.of(TENANT, w.name(), OperationKind.RESTART, ACTOR))
              .toList();
      Operation batch = operations().submitAll(TENANT, all, 12, false, true, ACTOR, null);
      assertThat(engine.await(batch).status()).isEqualTo(Status.SUCCEEDED);
    }
    assertThat(engine.driver().instances()).hasSize(12);
  }

  @Test
  void refusesWhatIsOverTheQuota() throws InterruptedException {
    engine.semper().tenants().update(TENANT, new Quota(2, 3, 0, 0), ACTOR);
    engine.up(Doc.workload("a", "1", "instances = 2"));
    SemperException refused =
        refusal(
            ErrorCode.QUOTA_EXCEEDED, () -> engine.apply(Doc.workload("b", "1", "instances = 2")));
    assertThat(refused.getMessage()).contains("instances: 4 wanted, 3 allowed");
    assertThat(engine.semper().workloads().find(TENANT, "b")).isEmpty();
    engine.up(Doc.workload("b"));
    refusal(ErrorCode.QUOTA_EXCEEDED, () -> engine.apply(Doc.workload("c", "1", "instances = 0")));
  }
}
