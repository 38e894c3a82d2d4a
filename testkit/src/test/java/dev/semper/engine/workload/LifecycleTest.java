package dev.semper.engine.workload;

import static dev.semper.testkit.EngineHarness.ACTOR;
import static dev.semper.testkit.EngineHarness.TENANT;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.engine.operation.ApplyRequest;
import dev.semper.engine.operation.Doc;
import dev.semper.engine.operation.Operation;
import dev.semper.engine.operation.OperationKind;
import dev.semper.engine.operation.OperationRequest;
import dev.semper.engine.operation.Priority;
import dev.semper.engine.store.Event;
import dev.semper.engine.workload.TransitionTable.Transition;
import dev.semper.testkit.Behaviour;
import dev.semper.testkit.EngineHarness;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/// Keeps the table of the lifecycle honest: it is drawn into `docs/lifecycle.md`, and every
/// transition of it is taken by real operations.
class LifecycleTest {
  private static final String FAST =
      "update = { order = \"start-first\", ready_timeout = \"500ms\" }";
  private static final String LOOP =
      "restart = { delay = \"500ms\", max_delay = \"500ms\", jitter = 0, max_attempts = 0 }";
  private static final String ONCE = "restart = \"no\"";

  /// Something that happens to workloads.
  private interface Story {
    void tell(EngineHarness engine) throws InterruptedException;
  }

  private static final Map<String, Story> STORIES = new TreeMap<>();

  static {
    STORIES.put("start, restart, update, maintain, stop, disable, delete", LifecycleTest::plain);
    STORIES.put("delete what was only installed", LifecycleTest::installed);
    STORIES.put("fail to install, recover in vain, be deleted", LifecycleTest::failedInstall);
    STORIES.put("cancel an install early and late", LifecycleTest::cancelledInstalls);
    STORIES.put("cancel a recovery", LifecycleTest::cancelledRecovery);
    STORIES.put("fail to start, be updated in vain, be stopped", LifecycleTest::failedStart);
    STORIES.put("stop, update and restart what is starting", LifecycleTest::starting);
    STORIES.put("crash again and again", LifecycleTest::crashing);
    STORIES.put("jobs end", LifecycleTest::jobs);
    STORIES.put("fail to restart, and fail while running", LifecycleTest::failing);
    STORIES.put("leave a forced state", LifecycleTest::forced);
  }

  @Test
  void takesEveryTransition() throws InterruptedException {
    Set<String> taken = new TreeSet<>();
    for (Map.Entry<String, Story> story : STORIES.entrySet()) {
      try (EngineHarness engine = new EngineHarness()) {
        engine.start();
        try {
          story.getValue().tell(engine);
        } catch (AssertionError | RuntimeException e) {
          throw new AssertionError(story.getKey() + "\n" + engine.journal(), e);
        }
        for (Event event : engine.events()) {
          if (event.type().equals("workload.state_changed")) {
            taken.add(
                event.data().get("from")
                    + " "
                    + event.data().get("trigger")
                    + " "
                    + event.data().get("to"));
          }
        }
      }
    }

    assertThat(taken)
        .as("left: those that no story takes; right: those that are not in the table")
        .containsExactlyInAnyOrderElementsOf(
            Lifecycle.TABLE.transitions().stream()
                .map(t -> t.from().id() + " " + t.trigger().id() + " " + t.to().id())
                .toList());
  }

  private static void plain(EngineHarness engine) throws InterruptedException {
    engine.up(Doc.workload("web", "1", FAST));
    engine.succeed(OperationKind.RESTART, "web");
    engine.up(Doc.workload("web", "2", FAST));
    engine.succeed(OperationKind.ENTER_MAINTENANCE, "web");
    engine.succeed(OperationKind.EXIT_MAINTENANCE, "web");
    engine.succeed(OperationKind.ENTER_MAINTENANCE, "web");
    engine.succeed(OperationKind.STOP, "web");
    engine.up(Doc.workload("web", "3", FAST));
    engine.succeed(OperationKind.START, "web");
    engine.succeed(OperationKind.DISABLE, "web");
    engine.succeed(OperationKind.ENABLE, "web");
    engine.succeed(OperationKind.DISABLE, "web");
    engine.succeed(OperationKind.DELETE, "web");
    engine.up(Doc.workload("web"));
    engine.succeed(OperationKind.DELETE, "web");
  }

  private static void installed(EngineHarness engine) throws InterruptedException {
    for (OperationKind kind : List.of(OperationKind.DELETE, OperationKind.STOP)) {
      ApplyRequest install =
          new ApplyRequest(
              TENANT,
              engine.specs(Doc.workload("web")),
              ACTOR,
              false,
              false,
              10,
              false,
              false,
              Priority.NORMAL,
              null);
      engine.await(engine.semper().operations().apply(install).orElseThrow());
      assertThat(engine.workload("web").state()).isEqualTo(State.INSTALLED);
      engine.succeed(kind, "web");
    }
  }

  private static void failedInstall(EngineHarness engine) throws InterruptedException {
    ApplyRequest install = engine.request(Doc.workload("web", "1", "note = \"new\""));
    engine.driver().refuse("new");
    engine.await(engine.semper().operations().apply(install).orElseThrow());
    assertThat(engine.workload("web").state()).isEqualTo(State.ERROR);
    engine.run(OperationKind.RECOVER, "web");
    assertThat(engine.workload("web").state()).isEqualTo(State.ERROR);
    engine.succeed(OperationKind.DELETE, "web");
  }

  private static void cancelledInstalls(EngineHarness engine) throws InterruptedException {
    cancelAt(
        engine,
        "install/1/prepare (generation 1)/intent",
        () -> engine.begin(Doc.workload("early")));
    engine.await("early", State.STOPPED);
    cancelAt(engine, "install/4/want running/intent", () -> engine.begin(Doc.workload("late")));
    engine.await("late", State.STOPPED);
  }

  private static void cancelledRecovery(EngineHarness engine) throws InterruptedException {
    engine.driver().next("web", Behaviour.cannotStart("no such file", false));
    engine.apply(Doc.workload("web"));
    cancelAt(
        engine,
        "recover/6/1 restart: want running/intent",
        () -> engine.ask(OperationKind.RECOVER, "web"));
    engine.await("web", State.ERROR);
    assertThat(engine.driver().instances()).isEmpty();
  }

  private interface Asking {
    Operation ask() throws InterruptedException;
  }

  private static void cancelAt(EngineHarness engine, String point, Asking asking)
      throws InterruptedException {
    engine.points().hold(point);
    Operation operation = asking.ask();
    Awaitility.await(point).until(() -> engine.points().held() == 1);
    engine.semper().operations().cancel(operation.id(), ACTOR);
    engine.points().letGo();
    assertThat(engine.await(operation).status()).isEqualTo(Operation.Status.CANCELLED);
  }

  private static void failedStart(EngineHarness engine) throws InterruptedException {
    engine.driver().script("web", Behaviour.cannotStart("no such file", false));
    engine.apply(Doc.workload("web", "1", FAST));
    assertThat(engine.workload("web").state()).isEqualTo(State.ERROR);
    engine.apply(Doc.workload("web", "2", FAST));
    assertThat(engine.workload("web").state()).isEqualTo(State.ERROR);
    engine.succeed(OperationKind.STOP, "web");
  }

  /// A start that takes longer than its operation waits.
  private static void startSlowly(EngineHarness engine) throws InterruptedException {
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
            Duration.ofMillis(60),
            1,
            null);
    assertThat(engine.await(engine.semper().operations().submit(start)).status())
        .isEqualTo(Operation.Status.FAILED);
    assertThat(engine.workload("web").state()).isEqualTo(State.STARTING);
  }

  private static void starting(EngineHarness engine) throws InterruptedException {
    Behaviour slow = Behaviour.runs().withStartTaking(Duration.ofMillis(300));
    engine.up(Doc.workload("web", "1", FAST));
    engine.succeed(OperationKind.STOP, "web");
    engine.driver().next("web", slow);
    startSlowly(engine);
    engine.succeed(OperationKind.STOP, "web");
    engine.driver().next("web", slow);
    startSlowly(engine);
    engine.succeed(OperationKind.RESTART, "web");
    engine.succeed(OperationKind.STOP, "web");
    engine.driver().next("web", slow);
    startSlowly(engine);
    engine.up(Doc.workload("web", "2", FAST));
  }

  private static void crashing(EngineHarness engine) throws InterruptedException {
    engine.driver().script("web", Behaviour.crashes(1));
    engine.driver().next("web", Behaviour.runs());
    engine.up(Doc.workload("web", "1", FAST, LOOP));
    engine.driver().exit("web-0", 1);
    engine.await("web", State.RESTARTING);
    // An update in vain: it crashes on.
    engine.apply(Doc.workload("web", "2", FAST, LOOP));
    engine.await("web", State.RESTARTING);
    engine.driver().script("web", Behaviour.runs());
    engine.succeed(OperationKind.RESTART, "web");
    engine.driver().script("web", Behaviour.crashes(1));
    engine.driver().exit("web-0", 1);
    engine.await("web", State.RESTARTING);
    engine.succeed(OperationKind.STOP, "web");
  }

  private static void jobs(EngineHarness engine) throws InterruptedException {
    // Ends while it runs.
    engine.driver().next("job", Behaviour.exits(0, Duration.ofMillis(200)));
    engine.up(Doc.workload("job", "1", ONCE));
    engine.await("job", State.STOPPED);
    // Fails first, and ends well when it is restarted.
    engine.driver().next("again", Behaviour.runs(), Behaviour.crashes(0));
    engine.up(Doc.workload("again", "1", LOOP));
    engine.driver().exit("again-0", 1);
    engine.await("again", State.STOPPED);
    // Fails first while it starts, and nobody waits any more when it ends well.
    engine.up(Doc.workload("web", "1", LOOP));
    engine.succeed(OperationKind.STOP, "web");
    engine.driver().next("web", Behaviour.crashes(1), Behaviour.crashes(0));
    startSlowly(engine);
    engine.await("web", State.STOPPED);
    // Ends well while it is being updated in vain.
    engine.up(Doc.workload("old", "1", ONCE, FAST));
    engine
        .driver()
        .script(
            "old",
            "2",
            Behaviour.cannotStart("no such file", false).withStartTaking(Duration.ofMillis(200)));
    Operation update = engine.begin(Doc.workload("old", "2", ONCE, FAST));
    engine.await("old", w -> w.instances().size() == 2);
    engine.driver().exit("old-0", 0);
    engine.await(update);
    engine.await("old", State.STOPPED);
  }

  private static void failing(EngineHarness engine) throws InterruptedException {
    engine.up(Doc.workload("web", "1", ONCE));
    engine.driver().exit("web-0", 3);
    engine.await("web", State.ERROR);
    engine.succeed(OperationKind.RECOVER, "web");
    engine.driver().script("web", Behaviour.cannotStart("no such file", false));
    engine.run(OperationKind.RESTART, "web");
    engine.await("web", State.ERROR);
  }

  private static void forced(EngineHarness engine) throws InterruptedException {
    engine.up(Doc.workload("web"));
    engine.semper().workloads().forceState(TENANT, "web", State.UPDATING, "root", "a drill");
    engine.succeed(OperationKind.STOP, "web");
  }

  @Test
  void isDrawnInTheDocuments() throws IOException {
    Path file = root().resolve("docs").resolve("lifecycle.md");
    String drawn = draw();
    String before = Files.exists(file) ? Files.readString(file, UTF_8) : "";
    if (!before.equals(drawn)) {
      Files.createDirectories(file.getParent());
      Files.writeString(file, drawn, UTF_8);
    }

    assertThat(before)
        .as(file + " was out of date; it has been rewritten, commit it")
        .isEqualTo(drawn);
  }

  private static Path root() {
    Path directory = Path.of("").toAbsolutePath();
    while (!Files.exists(directory.resolve("LICENSE"))) {
      directory = Objects.requireNonNull(directory.getParent(), "no LICENSE above");
    }
    return directory;
  }

  private static String draw() {
    StringBuilder text = new StringBuilder();
    text.append(
        """
        # The life of a workload

        Drawn by `LifecycleTest` from the table in `Lifecycle.java`; change it there and run the test. Every
        transition here is taken by a real operation in that test. What is asked for and is not in the table
        is refused, with the list of what is possible.

        ```mermaid
        stateDiagram-v2
          [*] --> inactive
        """);
    for (Transition t : Lifecycle.TABLE.transitions()) {
      text.append("  %s --> %s: %s%n".formatted(t.from().id(), t.to().id(), t.trigger().id()));
    }
    text.append(
        """
          inactive --> [*]
        ```

        | From | Trigger | To | Origin |
        |---|---|---|---|
        """);
    for (Transition t : Lifecycle.TABLE.transitions()) {
      text.append(
          "| %s | %s | %s | %s |%n"
              .formatted(
                  t.from().id(), t.trigger().id(), t.to().id(), t.added() ? "added" : "seed 001"));
    }
    text.append("\n## Why the additions exist\n\n");
    for (Transition t : Lifecycle.TABLE.transitions()) {
      if (t.added()) {
        String key = t.from().id() + " " + t.trigger().id();
        assertThat(REASONS).as("each addition has a reason").containsKey(key);
        text.append(
            "- **%s, %s → %s**: %s%n"
                .formatted(t.from().id(), t.trigger().id(), t.to().id(), REASONS.get(key)));
      }
    }
    text.append(
        """

        An administrator can force any state (`state --force`); that is recorded as `workload.state_forced`
        and does nothing to the instances.
        """);
    return text.toString();
  }

  private static final Map<String, String> REASONS =
      Map.ofEntries(
          Map.entry(
              "installing stop",
              "an install that is cancelled must end somewhere, and nothing runs yet."),
          Map.entry(
              "installed stop",
              "what is installed and not started can be declared stopped, so that it stays so."),
          Map.entry(
              "configuring health_check_pass",
              "a stopped workload is updated at rest: configured anew, and stopped again."),
          Map.entry(
              "configuring stop",
              "an install that is cancelled shortly before its start ends stopped."),
          Map.entry(
              "starting stop",
              "an operator must be able to stop what does not come up, without waiting for it to fail."),
          Map.entry(
              "starting update",
              "what does not come up is often mended by a new version; it need not fail first."),
          Map.entry("starting restart", "what hangs while starting can be started afresh."),
          Map.entry("starting complete", "a short job may end well before anybody saw it run."),
          Map.entry("running complete", "a job that has done its work is not in error but done."),
          Map.entry(
              "updating stop",
              "the way out of a state that was forced; an update under way is cancelled first."),
          Map.entry(
              "updating restart",
              "an update was turned back, and the old version is being restarted by its policy."),
          Map.entry(
              "updating complete",
              "an update was turned back, and meanwhile the old version had done its work."),
          Map.entry("restarting stop", "an operator must be able to end a crash loop."),
          Map.entry(
              "restarting restart", "an operator need not wait for the back-off of a crash loop."),
          Map.entry("restarting update", "a crash loop is often mended by a new version."),
          Map.entry("restarting complete", "a job may end well when it is tried again."),
          Map.entry(
              "stopped update", "a stopped workload can get a new version; it stays stopped."),
          Map.entry("stopped disable", "stopped for good: nothing starts it until it is enabled."),
          Map.entry("maintenance stop", "an operator's stop is always possible."),
          Map.entry("error stop", "gives up on what is in error: what is left of it is stopped."),
          Map.entry("error update", "what failed is often mended by a new version."),
          Map.entry(
              "disabled enable", "undoes disable; the workload is stopped and may be started."),
          Map.entry("disabled uninstall", "what is disabled can be deleted as it is."));
}
