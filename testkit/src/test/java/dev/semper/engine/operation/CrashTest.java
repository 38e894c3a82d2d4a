package dev.semper.engine.operation;

import static dev.semper.testkit.EngineHarness.TENANT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.engine.operation.Operation.Status;
import dev.semper.engine.recovery.Recovery;
import dev.semper.engine.spec.SpecReader;
import dev.semper.engine.store.EventFilter;
import dev.semper.engine.workload.Desired;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.State;
import dev.semper.engine.workload.Workload;
import dev.semper.testkit.Behaviour;
import dev.semper.testkit.EngineHarness;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Lets the engine die at every point an operation passes, starts the next one on the same home and
/// machine, and looks whether everything is as it should be. The points are those of a first run.
/// Without the tag `soak` only some of the points are taken.
class CrashTest {
  private static final int SAMPLE = 3;
  private static final String FAST = "update = { order = \"start-first\", ready_timeout = \"2s\" }";

  private static final String CHANNEL =
      """
      [[alerts.channels]]
      name = "ops"
      type = "webhook"
      url = "http://127.0.0.1:1/"
      """;

  private static final String RECOVERY =
      """
      [workloads.web.recovery]
      enabled = false
      ladder = [{ action = "restart", settle = "50ms" }]
      """;

  private static final String PROBED =
      Doc.probe("web", "readiness", "timeout = \"200ms\"")
          + """
          [workloads.web.recovery]
          enabled = false
          ladder = [{ action = "restart", settle = "50ms" }, { action = "rollback_version" }]
          """;

  /// What is done, and how it is to end.
  enum Drill {
    INSTALL("1", State.RUNNING) {
      @Override
      void prepare(EngineHarness engine) {}

      @Override
      void act(EngineHarness engine) throws InterruptedException {
        engine.begin(doc("1"));
      }
    },
    START("1", State.RUNNING) {
      @Override
      void prepare(EngineHarness engine) throws InterruptedException {
        engine.up(doc("1"));
        engine.succeed(OperationKind.STOP, "web");
      }

      @Override
      void act(EngineHarness engine) throws InterruptedException {
        engine.ask(OperationKind.START, "web");
      }
    },
    STOP("", State.STOPPED) {
      @Override
      void act(EngineHarness engine) throws InterruptedException {
        engine.ask(OperationKind.STOP, "web");
      }
    },
    RESTART("1", State.RUNNING) {
      @Override
      void act(EngineHarness engine) throws InterruptedException {
        engine.ask(OperationKind.RESTART, "web");
      }
    },
    UPDATE("2", State.RUNNING) {
      @Override
      void act(EngineHarness engine) throws InterruptedException {
        engine.begin(doc("2"));
      }
    },
    UPDATE_STOP_FIRST("2", State.RUNNING) {
      @Override
      void act(EngineHarness engine) throws InterruptedException {
        engine.begin(
            Doc.workload(
                "web",
                "2",
                "instances = 2",
                "update = { order = \"stop-first\", ready_timeout = \"2s\" }"));
      }
    },
    SCALE("1", State.RUNNING) {
      @Override
      void act(EngineHarness engine) throws InterruptedException {
        engine.begin(Doc.workload("web", "1", "instances = 1", FAST));
      }

      @Override
      int copies() {
        return 1;
      }
    },
    FAILING_UPDATE("1", State.RUNNING) {
      @Override
      void act(EngineHarness engine) throws InterruptedException {
        engine.driver().script("web", "2", Behaviour.crashes(1));
        engine.begin(doc("2"));
      }

      @Override
      Status status() {
        return Status.ROLLED_BACK;
      }
    },
    ROLLBACK("1", State.RUNNING) {
      @Override
      void prepare(EngineHarness engine) throws InterruptedException {
        engine.up(doc("1"));
        engine.up(doc("2"));
      }

      @Override
      void act(EngineHarness engine) throws InterruptedException {
        engine.ask(OperationKind.ROLLBACK, "web");
      }
    },
    DELETE("", State.INACTIVE) {
      @Override
      void act(EngineHarness engine) throws InterruptedException {
        engine.ask(OperationKind.DELETE, "web");
      }
    },
    DISABLE("", State.DISABLED) {
      @Override
      void act(EngineHarness engine) throws InterruptedException {
        engine.ask(OperationKind.DISABLE, "web");
      }
    },
    ENABLE("", State.STOPPED) {
      @Override
      void prepare(EngineHarness engine) throws InterruptedException {
        engine.up(doc("1"));
        engine.succeed(OperationKind.DISABLE, "web");
      }

      @Override
      void act(EngineHarness engine) throws InterruptedException {
        engine.ask(OperationKind.ENABLE, "web");
      }
    },
    RECOVER("1", State.RUNNING) {
      @Override
      void prepare(EngineHarness engine) throws InterruptedException {
        engine.driver().script("web", Behaviour.cannotStart("no such file", false));
        engine.apply(doc("1") + RECOVERY);
        engine.await("web", State.ERROR);
        engine.driver().script("web", Behaviour.runs());
      }

      @Override
      void act(EngineHarness engine) throws InterruptedException {
        engine.ask(OperationKind.RECOVER, "web");
      }
    },
    /// Restarting does not help, going back does.
    RECOVER_BY_ROLLBACK("1", State.RUNNING) {
      @Override
      void prepare(EngineHarness engine) throws InterruptedException {
        engine.up(doc("1") + PROBED);
        engine.up(doc("2") + PROBED);
        engine.driver().answer("web@2", "readiness", 1);
        engine.await("web", w -> w.ready() == 0);
      }

      @Override
      void act(EngineHarness engine) throws InterruptedException {
        engine.ask(OperationKind.RECOVER, "web");
      }
    },
    RECOVER_BY_RESTART("1", State.RUNNING) {
      @Override
      void prepare(EngineHarness engine) throws InterruptedException {
        engine.up(doc("1") + ladder("action = \"restart\""));
      }

      @Override
      void check(EngineHarness engine) {
        assertThat(engine.driver().launches()).hasSize(4);
      }
    },
    RECOVER_BY_REINSTALL("1", State.RUNNING) {
      @Override
      void prepare(EngineHarness engine) throws InterruptedException {
        engine.up(doc("1") + ladder("action = \"reinstall\""));
      }

      @Override
      void check(EngineHarness engine) {
        assertThat(engine.driver().launches()).hasSize(4);
      }
    },
    RECOVER_BY_REINSTALL_FROM_ERROR("1", State.RUNNING) {
      @Override
      void prepare(EngineHarness engine) throws InterruptedException {
        engine.driver().script("web", Behaviour.cannotStart("no such file", false));
        engine.apply(doc("1") + ladder("action = \"reinstall\""));
        engine.await("web", State.ERROR);
        engine.driver().script("web", Behaviour.runs());
      }

      @Override
      void check(EngineHarness engine) {
        assertThat(engine.driver().launches()).hasSize(2);
      }
    },
    RECOVER_BY_SCALING("1", State.RUNNING) {
      @Override
      void prepare(EngineHarness engine) throws InterruptedException {
        engine.up(doc("1") + ladder("action = \"scale\"", "instances = 3"));
      }

      @Override
      int copies() {
        return 3;
      }

      @Override
      void check(EngineHarness engine) {
        assertThat(engine.driver().launches()).hasSize(3);
      }
    },
    RECOVER_BY_DISABLING("", State.DISABLED) {
      @Override
      void prepare(EngineHarness engine) throws InterruptedException {
        engine.up(doc("1") + ladder("action = \"disable\""));
      }

      @Override
      Status status() {
        return Status.FAILED;
      }
    },
    /// At most once: whether a signal was sent leaves no trace.
    RECOVER_BY_SIGNAL("1", State.RUNNING) {
      @Override
      void prepare(EngineHarness engine) throws InterruptedException {
        engine.up(doc("1") + ladder("action = \"memory_cleanup\"", "signal = \"USR1\""));
      }

      @Override
      void check(EngineHarness engine) {
        assertThat(engine.driver().signals()).doesNotHaveDuplicates();
      }
    },
    RECOVER_BY_CLEARING("1", State.RUNNING) {
      @Override
      void prepare(EngineHarness engine) throws InterruptedException {
        Path litter = litter();
        engine.up(
            doc("1") + ladder("action = \"clear_cache\"") + "cache_paths = [\"" + litter + "\"]\n");
      }

      @Override
      void check(EngineHarness engine) {
        assertSwept(Path.of(engine.workload("web").spec().recovery().cachePaths().getFirst()));
      }
    },
    RECOVER_BY_DISK_CLEANUP("1", State.RUNNING) {
      @Override
      void prepare(EngineHarness engine) throws InterruptedException {
        engine.up(
            doc("1")
                + ladder(
                    "action = \"disk_cleanup\"",
                    "paths = [\"" + litter() + "\"]",
                    "older_than = \"1h\"",
                    "pattern = \"*.old\""));
      }

      @Override
      void check(EngineHarness engine) {
        assertSwept(
            Path.of(
                engine.workload("web").spec().recovery().ladder().getFirst().paths().getFirst()));
      }
    },
    RECOVER_BY_NOTICE("1", State.RUNNING) {
      @Override
      void prepare(EngineHarness engine) throws InterruptedException {
        engine.up(doc("1") + ladder("action = \"notify\"", "message = \"look\""));
      }

      @Override
      void check(EngineHarness engine) {
        assertThat(engine.events("web", "recovery.notification")).hasSize(1);
        assertThat(engine.events("web", "alert.notice")).hasSize(1);
        assertThat(engine.semper().alerts().deliveries(null, null, null, 10)).hasSize(1);
      }
    },
    ENTER_MAINTENANCE("1", State.MAINTENANCE) {
      @Override
      void act(EngineHarness engine) throws InterruptedException {
        engine.ask(OperationKind.ENTER_MAINTENANCE, "web");
      }
    },
    EXIT_MAINTENANCE("1", State.RUNNING) {
      @Override
      void prepare(EngineHarness engine) throws InterruptedException {
        engine.up(doc("1"));
        engine.succeed(OperationKind.ENTER_MAINTENANCE, "web");
        engine.driver().kill("web-0");
        engine.await("web", w -> w.ready() == 1);
      }

      @Override
      void act(EngineHarness engine) throws InterruptedException {
        engine.ask(OperationKind.EXIT_MAINTENANCE, "web");
      }
    };

    final String version;
    final State state;

    /// @param version that runs in the end; empty if none does
    Drill(String version, State state) {
      this.version = version;
      this.state = state;
    }

    static String doc(String version) {
      return Doc.workload("web", version, "instances = 2", FAST);
    }

    void prepare(EngineHarness engine) throws InterruptedException {
      engine.up(doc("1"));
    }

    /// At first: a recovery by the ladder there is.
    void act(EngineHarness engine) throws InterruptedException {
      recover(engine);
    }

    Status status() {
      return Status.SUCCEEDED;
    }

    /// What it was to do beside its copies.
    void check(EngineHarness engine) {}

    /// A recovery that is at work even if all is well, by one action.
    static String ladder(String... rung) {
      return """
      [workloads.web.recovery]
      enabled = false
      ladder = [{ settle = "50ms", %s }]
      """
          .formatted(String.join(", ", rung));
    }

    static void recover(EngineHarness engine) throws InterruptedException {
      engine
          .semper()
          .operations()
          .submit(
              new OperationRequest(
                  TENANT,
                  "web",
                  OperationKind.RECOVER,
                  EngineHarness.ACTOR,
                  Priority.NORMAL,
                  false,
                  false,
                  true,
                  false,
                  false,
                  true,
                  null,
                  1,
                  null,
                  null));
    }

    /// A directory of its own with three old files.
    static Path litter() {
      try {
        Path directory = Files.createTempDirectory(base, "litter-");
        for (int i = 0; i < 3; i++) {
          Path old = Files.writeString(directory.resolve(i + ".old"), "x");
          Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofDays(1))));
        }
        return directory;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    static void assertSwept(Path directory) {
      assertThat(directory).isEmptyDirectory();
    }

    int copies() {
      return version.isEmpty() ? 0 : 2;
    }
  }

  @TempDir static Path base = Path.of("");

  @ParameterizedTest
  @EnumSource
  void survivesItsDeathHereAndThere(Drill drill) throws InterruptedException {
    List<Point> points = points(drill);
    for (int i = 0; i < SAMPLE; i++) {
      dieAt(points.get((2 * i + 1) * points.size() / (2 * SAMPLE)), drill);
    }
  }

  @Tag("soak")
  @ParameterizedTest
  @EnumSource
  void survivesItsDeathAtEveryPoint(Drill drill) throws InterruptedException {
    for (Point point : points(drill)) {
      dieAt(point, drill);
    }
  }

  private static void dieAt(Point point, Drill drill) throws InterruptedException {
    try (EngineHarness engine = engine()) {
      engine.start();
      drill.prepare(engine);
      int before = requests(engine);
      engine.points().dieAt(point.name(), point.occurrence());
      // The call itself may never return: its thread dies with the engine.
      Thread caller = Thread.ofVirtual().start(() -> act(drill, engine));
      if (!engine.points().awaitDeath(Duration.ofSeconds(10))) {
        // Threads may pass fewer points than in the first run, e.g. join two commits in one.
        caller.join();
      }
      engine.crash();
      caller.join();
      engine.start();
      if (requests(engine) == before) {
        // It died of what was left of the preparation, before the request was taken.
        drill.act(engine);
      }
      assertEnd(drill, engine, point.toString());
    }
  }

  /// With a channel that nobody listens at.
  private static EngineHarness engine() {
    return new EngineHarness(b -> b.alerts(SpecReader.readAlerts(CHANNEL, base)));
  }

  private static void act(Drill drill, EngineHarness engine) {
    try {
      drill.act(engine);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      // The engine has died under the call.
    }
  }

  /// @param occurrence how often it is passed before
  private record Point(String name, int occurrence) {}

  private static List<Point> points(Drill drill) throws InterruptedException {
    try (EngineHarness engine = engine()) {
      engine.start();
      drill.prepare(engine);
      int before = engine.points().passed().size();
      drill.act(engine);
      await("all operations end").until(() -> open(engine) == 0);
      List<String> all = engine.points().passed();
      List<Point> points = new ArrayList<>();
      Map<String, Integer> occurrences = new HashMap<>();
      for (String name : all.subList(before, all.size())) {
        points.add(new Point(name, occurrences.merge(name, 1, Integer::sum) - 1));
      }
      assertThat(points.size()).isGreaterThan(4);
      return points;
    }
  }

  private static ConditionFactory await(String what) {
    return Awaitility.await(what).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(5));
  }

  private static int requests(EngineHarness engine) {
    return engine.semper().operations().list(null, null, null, 100).size();
  }

  private static long open(EngineHarness engine) {
    return engine.semper().operations().list(null, null, null, 100).stream()
        .filter(o -> !o.status().ended())
        .count();
  }

  private static void assertEnd(Drill drill, EngineHarness engine, String point) {
    try {
      await(point).until(() -> open(engine) == 0);
      Operation last =
          engine.semper().operations().list(null, "web", null, 1).stream()
              .findFirst()
              .orElseThrow();
      assertThat(last.status()).as(point + last.error()).isEqualTo(drill.status());
      await(point).untilAsserted(() -> assertTrue(drill, engine));
      assertNothingTwice(engine);
      await(point).untilAsserted(() -> assertEachActionOnce(drill, engine));
      await(point).untilAsserted(() -> drill.check(engine));
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError("died at " + point + "\n" + engine.journal(), e);
    }
  }

  private static void assertEachActionOnce(Drill drill, EngineHarness engine) {
    List<Recovery> recoveries = engine.semper().recoveries().list(TENANT, "web", 10);
    assertThat(recoveries).hasSizeLessThanOrEqualTo(1);
    for (Recovery recovery : recoveries) {
      assertThat(recovery.status())
          .isEqualTo(
              drill.status() == Status.SUCCEEDED
                  ? Recovery.Status.RECOVERED
                  : Recovery.Status.EXHAUSTED);
      assertThat(recovery.attempts().stream().map(Recovery.Attempt::action))
          .doesNotHaveDuplicates();
      assertChartAndJournalAgree(engine, recovery);
    }
  }

  /// Each attempt of the chart has its steps in the journal, each once and ended, and has been told
  /// once.
  private static void assertChartAndJournalAgree(EngineHarness engine, Recovery recovery) {
    List<Operation.Step> steps = engine.semper().operations().get(recovery.id()).steps();
    assertThat(steps).noneMatch(s -> s.status() == Operation.StepStatus.PENDING);
    assertThat(steps).noneMatch(s -> s.status() == Operation.StepStatus.RUNNING);
    for (Recovery.Attempt attempt : recovery.attempts()) {
      List<Operation.Step> own =
          steps.stream()
              .filter(
                  s -> s.name().startsWith(attempt.number() + " " + attempt.action().id() + ": "))
              .filter(s -> !s.undo())
              .toList();
      assertThat(own)
          .extracting(Operation.Step::name)
          .filteredOn(name -> !name.contains(": move "))
          .doesNotHaveDuplicates();
      assertThat(own.isEmpty()).isEqualTo(attempt.outcome() == Recovery.Outcome.LEFT_OUT);
      if (attempt.outcome() == Recovery.Outcome.SUCCEEDED) {
        assertThat(own).allMatch(s -> s.status() == Operation.StepStatus.DONE);
      }
      assertThat(attempt.outcome()).isNotEqualTo(Recovery.Outcome.RUNNING);
    }
    assertThat(engine.events("web", "recovery.started")).hasSize(1);
    assertThat(engine.events("web", "recovery.attempt")).hasSameSizeAs(recovery.attempts());
    assertThat(engine.events("web", "recovery.attempt_ended"))
        .hasSize(
            (int)
                recovery.attempts().stream()
                    .filter(a -> a.outcome() != Recovery.Outcome.LEFT_OUT)
                    .count());
    assertThat(
            engine.events("web", "recovery.completed").size()
                + engine.events("web", "recovery.exhausted").size())
        .isEqualTo(1);
  }

  private static void assertTrue(Drill drill, EngineHarness engine) {
    Optional<Workload> found = engine.semper().workloads().find(TENANT, "web");
    List<String> versions = engine.driver().versions("web");
    assertThat(versions).hasSize(drill.copies()).allMatch(drill.version::equals);
    assertThat(engine.driver().instances()).doesNotHaveDuplicates();
    // Nothing but what runs is left on the machine.
    assertThat(engine.driver().incarnations())
        .containsExactlyInAnyOrderElementsOf(engine.driver().running("web"));
    if (drill == Drill.DELETE) {
      assertThat(found).isEmpty();
      return;
    }
    Workload web = found.orElseThrow();
    assertThat(web.state()).isEqualTo(drill.state);
    assertThat(web.operationId()).isNull();
    assertThat(web.spec().version()).isEqualTo(drill.version.isEmpty() ? "1" : drill.version);
    assertThat(web.desired()).isEqualTo(drill.copies() == 0 ? Desired.STOPPED : Desired.RUNNING);
    assertThat(web.ready()).isEqualTo(drill.copies());
    assertThat(
            web.instances().stream().filter(Instance::isLive).map(Instance::incarnation).toList())
        .containsExactlyInAnyOrderElementsOf(engine.driver().running("web"));
    assertThat(web.specs()).hasSize(1);
  }

  /// Each incarnation is started once and ends once, and every number of an event is there.
  private static void assertNothingTwice(EngineHarness engine) {
    assertThat(engine.driver().launches()).doesNotHaveDuplicates();
    List<String> ends =
        engine.events("web", "instance.exited").stream()
            .map(e -> String.valueOf(e.data().get("incarnation")))
            .toList();
    assertThat(ends).doesNotHaveDuplicates();
    for (String incarnation : engine.driver().launches()) {
      assertThat(engine.driver().running("web").contains(incarnation) || ends.contains(incarnation))
          .as(incarnation + " has ended, and nobody knows")
          .isTrue();
    }
    long last = engine.events().getLast().seq();
    assertThat(engine.semper().events().read(EventFilter.ALL, 10_000)).hasSize((int) last);
  }
}
