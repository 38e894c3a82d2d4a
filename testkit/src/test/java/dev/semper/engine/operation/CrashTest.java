package dev.semper.engine.operation;

import static dev.semper.testkit.EngineHarness.TENANT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.engine.operation.Operation.Status;
import dev.semper.engine.recovery.Recovery;
import dev.semper.engine.store.EventFilter;
import dev.semper.engine.workload.Desired;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.State;
import dev.semper.engine.workload.Workload;
import dev.semper.testkit.Behaviour;
import dev.semper.testkit.EngineHarness;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Lets the engine die at every point an operation passes, starts the next one on the same home and
/// machine, and looks whether everything is as it should be. The points are those of a first run.
class CrashTest {
  private static final String FAST = "update = { order = \"start-first\", ready_timeout = \"2s\" }";

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
      boolean succeeds() {
        return false;
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

    abstract void act(EngineHarness engine) throws InterruptedException;

    boolean succeeds() {
      return true;
    }

    int copies() {
      return version.isEmpty() ? 0 : 2;
    }
  }

  @ParameterizedTest
  @EnumSource
  void survivesItsDeathAtEveryPoint(Drill drill) throws InterruptedException {
    List<String> points = points(drill);
    assertThat(points.size()).isGreaterThan(4);
    Map<String, Integer> occurrences = new HashMap<>();
    for (String point : points) {
      int occurrence = occurrences.merge(point, 1, Integer::sum) - 1;
      try (EngineHarness engine = new EngineHarness()) {
        engine.start();
        drill.prepare(engine);
        int before = requests(engine);
        engine.points().dieAt(point, occurrence);
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
        assertEnd(drill, engine, point + " (" + occurrence + ")");
      }
    }
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

  private static List<String> points(Drill drill) throws InterruptedException {
    try (EngineHarness engine = new EngineHarness()) {
      engine.start();
      drill.prepare(engine);
      int before = engine.points().passed().size();
      drill.act(engine);
      await("all operations end").until(() -> open(engine) == 0);
      List<String> all = engine.points().passed();
      return new ArrayList<>(all.subList(before, all.size()));
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
      assertThat(last.status())
          .as(point + last.error())
          .isEqualTo(drill.succeeds() ? Status.SUCCEEDED : Status.ROLLED_BACK);
      await(point).untilAsserted(() -> assertTrue(drill, engine));
      assertNothingTwice(engine);
      await(point).untilAsserted(() -> assertEachActionOnce(engine));
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError("died at " + point + "\n" + engine.journal(), e);
    }
  }

  private static void assertEachActionOnce(EngineHarness engine) {
    List<Recovery> recoveries = engine.semper().recoveries().list(TENANT, "web", 10);
    assertThat(recoveries).hasSizeLessThanOrEqualTo(1);
    for (Recovery recovery : recoveries) {
      assertThat(recovery.status()).isEqualTo(Recovery.Status.RECOVERED);
      assertThat(recovery.attempts().stream().map(Recovery.Attempt::action))
          .doesNotHaveDuplicates();
    }
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
