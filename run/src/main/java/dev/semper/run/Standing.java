package dev.semper.run;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How things stand at one moment, for those who ask by HTTP.
///
/// @param report what the last health check found; null before the first
/// @param healthEnabled without health checks a running program is a healthy one
record Standing(
    Lifecycle lifecycle,
    Lifecycle.State state,
    Health.@Nullable Report report,
    boolean healthEnabled,
    Validation.@Nullable Result validation,
    List<Dependency.Found> dependencies,
    int orphans) {

  private boolean running() {
    return state == Lifecycle.State.RUNNING;
  }

  Health.Status status() {
    if (!running() || (report == null && healthEnabled)) {
      return Health.Status.UNHEALTHY;
    }
    return report == null ? Health.Status.HEALTHY : report.status();
  }

  boolean ready() {
    return running() && status() != Health.Status.UNHEALTHY;
  }

  Map<String, String> checks() {
    Map<String, String> checks = new LinkedHashMap<>();
    checks.put("program", (running() ? Health.Status.HEALTHY : Health.Status.UNHEALTHY).told());
    if (report != null) {
      checks.putAll(report.told());
    }
    return checks;
  }

  Map<String, @Nullable Object> detailed() {
    Map<String, @Nullable Object> body = new LinkedHashMap<>();
    body.put("status", status().told());
    body.put("timestamp", Log.now());
    body.put("state", state.told());
    body.put("checks", checks());
    body.put("issues", report == null ? List.of() : report.issues());
    body.put("checked_at", report == null ? null : report.timestamp());
    body.put("metrics", metrics());
    body.put("lifecycle", lifecycle.metrics());
    body.put("validation", validation == null ? null : validation.told());
    body.put("dependencies", dependencies.stream().map(Dependency.Found::told).toList());
    body.put("orphans_reaped", orphans);
    return body;
  }

  /// The seed's eight metrics as one object.
  private Map<String, @Nullable Object> metrics() {
    Usage usage = report == null ? null : report.usage();
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("container_health_status", RestartPolicy.number(Double.parseDouble(status().metric())));
    map.put(
        "database_response_time_ms",
        report == null
            ? null
            : report.databases().values().stream()
                .map(answer -> Usage.rounded(answer.millis()))
                .max(Double::compare)
                .orElse(null));
    map.put("memory_usage_percent", usage == null ? null : usage.memoryPercent());
    map.put("cpu_usage_percent", usage == null ? null : usage.cpuPercent());
    map.put("disk_usage_percent", usage == null ? null : usage.diskPercent());
    map.put("health_check_failures", lifecycle.failedChecks());
    map.put("restart_count", lifecycle.restarts());
    map.put("uptime_seconds", RestartPolicy.number(lifecycle.age()));
    return map;
  }

  /// Text for Prometheus, format 0.0.4. What is not known yet is left out.
  String prometheus() {
    StringBuilder to = new StringBuilder(4096);
    String status = status().metric();
    one(to, "container_health_status", "gauge", "1 healthy, 0.5 degraded, 0 unhealthy", status);
    one(to, "overall_health_status", "gauge", "As container_health_status", status);
    if (report != null) {
      one(
          to,
          "application_health_status",
          "gauge",
          "1 healthy, 0.5 degraded, 0 unhealthy",
          report.application().metric());
      one(
          to,
          "application_issues_count",
          "gauge",
          "What the last health check found wrong",
          "" + report.issues().size());
      List<String> statuses = new ArrayList<>();
      List<String> times = new ArrayList<>();
      report
          .databases()
          .forEach((name, answer) -> {
            String label = "{database=\"" + escaped(name) + "\"} ";
            statuses.add(label + answer.status().metric());
            times.add(label + text(answer.millis()));
          });
      many(to, "database_health_status", "1 healthy, 0.5 degraded, 0 unhealthy", statuses);
      many(to, "database_response_time_ms", "Time of the health query", times);
      Usage usage = report.usage();
      if (usage != null) {
        gauge(to, "memory_usage_percent", "Of the limit", usage.memoryPercent());
        gauge(to, "memory_usage_mb", "Memory in use, MiB", usage.memoryMb());
        gauge(to, "cpu_usage_percent", "Of the cores allowed", usage.cpuPercent());
        gauge(to, "disk_usage_percent", "Of the base folder's file system", usage.diskPercent());
        gauge(to, "network_connections", "Established TCP connections", usage.connections());
        gauge(to, "load_average_1m", "Of the machine", usage.load().get(0));
        gauge(to, "load_average_5m", "Of the machine", usage.load().get(1));
        gauge(to, "load_average_15m", "Of the machine", usage.load().get(2));
      }
    }
    one(to, "health_checks_total", "counter", "Health checks", "" + lifecycle.checks());
    one(
        to,
        "health_check_failures",
        "counter",
        "Health checks that found it unhealthy",
        "" + lifecycle.failedChecks());
    one(to, "restart_count", "counter", "Restarts of the program", "" + lifecycle.restarts());
    gauge(to, "uptime_seconds", "Since this entry point began", lifecycle.age());
    one(
        to,
        "semper_run_orphans_reaped_total",
        "counter",
        "Processes collected that were started by others",
        "" + orphans);
    return to.toString();
  }

  private static void gauge(StringBuilder to, String name, String help, double value) {
    one(to, name, "gauge", help, text(value));
  }

  private static String text(double value) {
    return String.format(Locale.ROOT, "%s", RestartPolicy.number(Math.round(value * 1e3) / 1e3));
  }

  private static void one(StringBuilder to, String name, String type, String help, String value) {
    to.append("# HELP ").append(name).append(' ').append(help).append('\n');
    to.append("# TYPE ").append(name).append(' ').append(type).append('\n');
    to.append(name).append(' ').append(value).append('\n');
  }

  private static void many(StringBuilder to, String name, String help, List<String> samples) {
    if (samples.isEmpty()) {
      return;
    }
    to.append("# HELP ").append(name).append(' ').append(help).append('\n');
    to.append("# TYPE ").append(name).append(" gauge\n");
    samples.forEach(sample -> to.append(name).append(sample).append('\n'));
  }

  private static String escaped(String label) {
    return label.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
  }
}
