package dev.semper.engine.health;

import static dev.semper.testkit.EngineHarness.TENANT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.engine.alert.Alert;
import dev.semper.engine.operation.Doc;
import dev.semper.engine.operation.OperationKind;
import dev.semper.engine.spec.SpecReader;
import dev.semper.engine.workload.State;
import dev.semper.testkit.EngineHarness;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// What is in maintenance is measured, and nothing comes of it. Its twin, which is not, shows what
/// would have come.
class MaintenanceTest {
  private static final String ALERTS =
      """
      [alerts]
      interval = "1s"
      builtin = false
      [[alerts.rules]]
      name = "failing"
      type = "consecutive_failures"
      count = 2
      [[alerts.rules]]
      name = "unready"
      measure = "not_ready"
      op = ">"
      value = 0
      """;

  @RegisterExtension
  final EngineHarness engine =
      new EngineHarness(b -> b.alerts(SpecReader.readAlerts(ALERTS, Path.of("/"))));

  private static String workload(String name) {
    return Doc.workload(name)
        + Doc.probe(name, "liveness")
        + Doc.probe(name, "readiness")
        + """
        [workloads.%s.recovery]
        failure_threshold = 1
        ladder = [{ action = "restart", settle = "300ms" }]
        """
            .formatted(name);
  }

  private static ConditionFactory await() {
    return Awaitility.await().atMost(Duration.ofSeconds(30));
  }

  private List<Alert> alerts(String workload) {
    return engine.semper().alerts().list(TENANT, workload, null, null, true, 100).stream()
        .map(s -> s.alert())
        .toList();
  }

  private int failures(String workload) {
    String incarnation = engine.workload(workload).instances().getFirst().incarnation();
    return engine.semper().probes().recent(incarnation).stream()
        .mapToInt(ProbeResult::failures)
        .max()
        .orElse(0);
  }

  private HealthReport health() {
    return engine.semper().health().get(TENANT, "web");
  }

  private void fail(String workload) {
    engine.driver().answer(workload, "readiness", 1);
    engine.driver().answer(workload, "liveness", 1);
  }

  @Test
  void measuresAndDoesNothing() throws InterruptedException {
    engine.up(workload("web") + workload("twin"));
    engine.succeed(OperationKind.ENTER_MAINTENANCE, "web");
    Instant since = engine.workload("web").stateSince();

    fail("web");
    await().until(() -> failures("web") >= 3);
    fail("twin");
    await().until(() -> engine.driver().launches("twin").size() > 1);
    await().until(() -> !alerts("twin").isEmpty());
    await().until(() -> !engine.semper().recoveries().list(TENANT, "twin", 10).isEmpty());

    assertThat(engine.driver().launches("web")).hasSize(1);
    assertThat(alerts("web")).noneMatch(a -> a.since().isAfter(since));
    assertThat(engine.semper().recoveries().list(TENANT, "web", 10)).isEmpty();
    assertThat(engine.semper().recoveries().pending(TENANT))
        .noneMatch(p -> p.workload().equals("web"));
    assertThat(health().status()).isEqualTo(HealthStatus.UNKNOWN);
    assertThat(health().reasons()).containsExactly("in maintenance");

    engine.driver().answer("web", "readiness", 0);
    engine.driver().answer("web", "liveness", 0);
    engine.await("web", w -> w.ready() == 1);
    engine.succeed(OperationKind.EXIT_MAINTENANCE, "web");
    engine.await(
        "web", w -> "ok".equals(w.instances().getFirst().health().probes().get("liveness")));
    await().until(() -> health().status() == HealthStatus.HEALTHY);
    assertThat(health().measures().errorPercent()).isEqualTo(0);
    engine.await("web", State.RUNNING);
    assertThat(engine.driver().launches("web")).hasSize(1);
    assertThat(engine.semper().recoveries().list(TENANT, "web", 10)).isEmpty();
  }
}
