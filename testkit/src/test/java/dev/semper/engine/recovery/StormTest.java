package dev.semper.engine.recovery;

import static dev.semper.testkit.EngineHarness.TENANT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.engine.operation.Doc;
import dev.semper.engine.operation.OperationKind;
import dev.semper.engine.workload.State;
import dev.semper.engine.workload.Workload;
import dev.semper.testkit.EngineHarness;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/// A thousand workloads fail at the same instant.
@Timeout(300)
class StormTest {
  private static final int WORKLOADS = 1000;
  private static final int AT_ONCE = 50;
  private static final Duration PATIENCE = Duration.ofMinutes(4);

  @RegisterExtension
  final EngineHarness engine =
      new EngineHarness(b -> b.maxConcurrentRecoveries(AT_ONCE).maxConcurrentOperations(AT_ONCE));

  private static String document(String restart, String recovery) {
    return IntStream.range(0, WORKLOADS)
        .mapToObj(i ->
            Doc.workload("w" + i, "1", restart)
                + (recovery.isEmpty()
                    ? ""
                    : "[workloads.w%d.recovery]%n%s%n".formatted(i, recovery)))
        .collect(Collectors.joining());
  }

  private void failAll() {
    for (int i = 0; i < WORKLOADS; i++) {
      engine.driver().exit("w" + i + "-0", 1);
    }
  }

  private List<Workload> workloads() {
    return engine.semper().workloads().list(TENANT);
  }

  private boolean allAreBack() {
    return engine.driver().launches().size() == 2 * WORKLOADS
        && workloads().stream()
            .allMatch(w -> w.state() == State.RUNNING && w.ready() == 1 && w.operationId() == null);
  }

  private static int threads() {
    return ManagementFactory.getThreadMXBean().getThreadCount();
  }

  @Test
  void allAreRecoveredOnceAndOnlySoManyAtATime() throws InterruptedException {
    engine.up(document("restart = \"no\"", "ladder = [{ action = \"restart\", settle = \"1s\" }]"));
    int threads = threads();
    List<Integer> atOnce = new ArrayList<>();

    failAll();
    Awaitility.await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(20))
        .until(() -> {
          atOnce.add(engine.semper().operations().openRecoveries().size());
          return allAreBack();
        });

    assertThat(atOnce).allSatisfy(n -> assertThat(n).isLessThanOrEqualTo(AT_ONCE));
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> engine.semper().operations().openRecoveries().isEmpty());
    Map<String, List<Recovery>> recoveries = engine.semper().recoveries().newest(TENANT, 10);
    assertThat(recoveries).hasSize(WORKLOADS);
    assertThat(recoveries.values())
        .allSatisfy(own -> {
          assertThat(own).hasSize(1);
          assertThat(own.getFirst().status()).isEqualTo(Recovery.Status.RECOVERED);
          assertThat(own.getFirst().attempts()).hasSize(1);
        });
    // Threads of the platform; what is virtual carries no stack of its own.
    assertThat(threads()).isLessThan(threads + 20);
  }

  @Test
  void allAreRestartedOnceByTheirPolicy() throws InterruptedException {
    engine.up(document("restart = { policy = \"on-failure\", delay = \"5ms\", jitter = 0.0 }", ""));
    int threads = threads();

    failAll();
    Awaitility.await().atMost(PATIENCE).until(this::allAreBack);

    assertThat(engine.semper().operations().list(TENANT, null, null, 5000))
        .noneMatch(o -> o.kind() == OperationKind.RECOVER);
    assertThat(threads()).isLessThan(threads + 20);
  }
}
