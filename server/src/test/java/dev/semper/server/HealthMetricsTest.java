package dev.semper.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.engine.health.Health;
import dev.semper.engine.health.HealthReport;
import dev.semper.engine.health.HealthStatus;
import dev.semper.engine.health.Measures;
import dev.semper.engine.workload.State;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class HealthMetricsTest {
  private static HealthMetrics.Line line(String name, HealthStatus status, @Nullable Double load) {
    Measures measures =
        new Measures(load, load, load, load, load, load, Duration.ofSeconds(61), 2, null);
    HealthReport report =
        new HealthReport(
            "default",
            name,
            "uid",
            State.RUNNING,
            status,
            load == null ? null : 85,
            Instant.EPOCH,
            Instant.EPOCH,
            List.of(),
            measures,
            List.of(),
            null,
            List.of());
    return new HealthMetrics.Line(
        "tenant=\"default\",workload=\"" + name + "\"",
        report,
        new Health.ProbeTotals(load == null ? 0 : 7, 1.5));
  }

  @Test
  void writesBaseUnitsAndLeavesOutWhatWasNotMeasured() {
    List<String> lines =
        HealthMetrics.of(
                List.of(
                    line("web", HealthStatus.DEGRADED, 50.0),
                    line("new", HealthStatus.UNKNOWN, null)))
            .lines()
            .toList();

    String web = "{tenant=\"default\",workload=\"web\"} ";
    assertThat(lines)
        .contains(
            "# TYPE semper_health_score gauge",
            "semper_health_score" + web + "85.0",
            "semper_health_status{tenant=\"default\",workload=\"web\",status=\"degraded\"} 1.0",
            "semper_health_status{tenant=\"default\",workload=\"web\",status=\"healthy\"} 0.0",
            "semper_workload_cpu_usage_ratio" + web + "0.5",
            "semper_workload_memory_bytes" + web + "5.24288E7",
            "semper_workload_uptime_seconds" + web + "61.0",
            "semper_workload_restarts" + web + "2.0",
            "semper_probe_failure_ratio" + web + "0.5",
            "# TYPE semper_probe_duration_seconds summary",
            "semper_probe_duration_seconds{tenant=\"default\",workload=\"web\",quantile=\"0.95\"} 0.05",
            "semper_probe_duration_seconds_sum" + web + "1.5",
            "semper_probe_duration_seconds_count" + web + "7.0");
    assertThat(lines)
        .filteredOn(l -> l.contains("workload=\"new\""))
        .allMatch(l ->
            l.startsWith("semper_health_status")
                || l.startsWith("semper_workload_restarts")
                || l.startsWith("semper_workload_uptime"));
    assertThat(lines).allMatch(l -> l.startsWith("# ") || l.matches("[a-z_]+\\{[^}]*} [-+.E0-9]+"));
  }

  @Test
  void isCheapForTenThousand() {
    List<HealthMetrics.Line> lines =
        Collections.nCopies(10_000, line("web", HealthStatus.HEALTHY, 50.0));
    HealthMetrics.of(lines);

    long start = System.nanoTime();
    String text = HealthMetrics.of(lines);
    Duration took = Duration.ofNanos(System.nanoTime() - start);

    System.out.printf(
        "metrics of 10,000 workloads: %d kB in %d ms%n", text.length() / 1000, took.toMillis());
    assertThat(took).isLessThan(Duration.ofSeconds(2));
    assertThat(text.length()).isLessThan(20_000_000);
  }
}
