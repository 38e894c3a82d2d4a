package dev.semper.server;

import dev.semper.engine.Semper;
import dev.semper.engine.health.Health;
import dev.semper.engine.health.HealthReport;
import dev.semper.engine.health.HealthStatus;
import dev.semper.engine.health.Measures;
import dev.semper.engine.spec.HealthSpec;
import dev.semper.engine.workload.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The health of workloads in the text format of Prometheus. Written straight from the reports: a
/// meter for each series would be ten thousands of objects that are read once in a while.
final class HealthMetrics {
  /// @param labels `tenant="…",workload="…"`; names need no escapes
  record Line(String labels, HealthReport report, Health.ProbeTotals probes) {}

  private final StringBuilder text = new StringBuilder();
  private final List<Line> lines;

  private HealthMetrics(List<Line> lines) {
    this.lines = lines;
  }

  static String of(Semper semper) {
    List<Line> lines = new ArrayList<>();
    for (Workload workload : semper.workloads().list(null)) {
      lines.add(
          new Line(
              "tenant=\"" + workload.tenant() + "\",workload=\"" + workload.name() + "\"",
              semper.health().of(workload),
              semper.health().probeTotals(workload)));
    }
    return of(lines);
  }

  static String of(List<Line> lines) {
    return lines.isEmpty() ? "" : new HealthMetrics(lines).write();
  }

  private String write() {
    gauge(
        "semper_health_score",
        "Health score, 0 to 100",
        l -> l.report().score() == null ? null : Double.valueOf(l.report().score()));
    statuses();
    measure(
        "semper_workload_cpu_usage_ratio",
        "CPU of the busiest instance, of what it may use",
        m -> scaled(m.cpuPercent(), 0.01));
    measure(
        "semper_workload_memory_bytes",
        "Resident memory of the largest instance",
        m -> scaled(m.memoryMb(), HealthSpec.MEGABYTE));
    measure(
        "semper_workload_disk_usage_ratio",
        "How full the file system of its directory is",
        m -> scaled(m.diskPercent(), 0.01));
    measure(
        "semper_workload_uptime_seconds",
        "Uptime of the instance that was started last",
        m -> m.uptime() == null ? null : Double.valueOf(m.uptime().toMillis() / 1000.0));
    measure(
        "semper_workload_restarts",
        "Restarts by policy since an operator started it",
        m -> Double.valueOf(m.restarts()));
    measure(
        "semper_probe_failure_ratio",
        "Checks that failed within the window",
        m -> scaled(m.errorPercent(), 0.01));
    durations();
    return text.toString();
  }

  private static @Nullable Double scaled(@Nullable Double value, double factor) {
    return value == null ? null : Double.valueOf(value * factor);
  }

  private void head(String name, String type, String help) {
    text.append("# HELP ").append(name).append(' ').append(help).append('\n');
    text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
  }

  private void measure(String name, String help, Function<Measures, @Nullable Double> value) {
    gauge(name, help, line -> value.apply(line.report().measures()));
  }

  private void gauge(String name, String help, Function<Line, @Nullable Double> value) {
    head(name, "gauge", help);
    for (Line line : lines) {
      series(name, line.labels(), value.apply(line));
    }
  }

  private void series(String name, String labels, @Nullable Double value) {
    if (value != null) {
      text.append(name).append('{').append(labels).append("} ").append(value).append('\n');
    }
  }

  private void statuses() {
    head("semper_health_status", "gauge", "1 for the status it has, 0 for the others");
    for (Line line : lines) {
      for (HealthStatus status : HealthStatus.values()) {
        series(
            "semper_health_status",
            line.labels() + ",status=\"" + status.id() + "\"",
            line.report().status() == status ? 1.0 : 0.0);
      }
    }
  }

  private void durations() {
    String name = "semper_probe_duration_seconds";
    head(name, "summary", "What checks of probes take; the quantile is of the window");
    for (Line line : lines) {
      Health.ProbeTotals probes = line.probes();
      if (probes.checks() > 0) {
        series(
            name,
            line.labels() + ",quantile=\"0.95\"",
            scaled(line.report().measures().responseMillisP95(), 0.001));
        series(name + "_sum", line.labels(), probes.seconds());
        series(name + "_count", line.labels(), (double) probes.checks());
      }
    }
  }
}
