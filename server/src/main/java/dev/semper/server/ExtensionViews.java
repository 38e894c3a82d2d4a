package dev.semper.server;

import dev.semper.api.ExtensionHealth;
import dev.semper.api.ExtensionHealthConfig;
import dev.semper.api.ExtensionOverview;
import dev.semper.api.ExtensionRecovery;
import dev.semper.api.ExtensionsOverview;
import dev.semper.api.HealthMeasures;
import dev.semper.api.WorkloadHealth;
import dev.semper.engine.health.HealthReport;
import dev.semper.engine.health.HealthStatus;
import dev.semper.engine.recovery.Recovery;
import dev.semper.engine.spec.SpecReader;
import dev.semper.engine.spec.WorkloadSpec;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Workloads in the shapes of the seed's extensions.
final class ExtensionViews {
  private ExtensionViews() {}

  static ExtensionHealth health(HealthReport report) {
    WorkloadHealth health = HealthRoutes.view(report, null);
    HealthMeasures m = health.measures();
    Map<String, Double> metrics = new TreeMap<>();
    metrics.put("anomalies", (double) health.anomalies().size());
    if (m.responseTimeP95Ms() != null) {
      metrics.put("response_time_p95", m.responseTimeP95Ms());
    }
    if (health.trend() != null) {
      metrics.put("score_slope_per_hour", health.trend().slopePerHour());
    }
    return new ExtensionHealth(
        health.workload(),
        health.status(),
        health.lastCheck(),
        m.cpuPercent(),
        m.memoryMb(),
        m.diskPercent(),
        m.errorRatePercent(),
        m.responseTimeMs(),
        m.uptimeSeconds(),
        m.restartCount(),
        m.lastError(),
        health.score() == null ? 0 : health.score(),
        metrics);
  }

  static ExtensionOverview overview(
      HealthReport report, List<ExtensionRecovery> recoveries, Instant now) {
    return new ExtensionOverview(
        report.workload(), now, health(report), List.of(), null, recoveries);
  }

  static ExtensionsOverview.Statistics statistics(Collection<HealthReport> reports) {
    int total = reports.size();
    int healthy = (int) reports.stream().filter(r -> r.status() == HealthStatus.HEALTHY).count();
    int unhealthy = (int) reports.stream().filter(r -> r.status().isDown()).count();
    double percentage = total == 0 ? 0 : Math.round(10_000.0 * healthy / total) / 100.0;
    return new ExtensionsOverview.Statistics(total, healthy, unhealthy, percentage);
  }

  /// Empty for what is under way or was left out.
  static Optional<ExtensionRecovery> attempt(Recovery.Attempt attempt) {
    Instant ended = attempt.endedAt();
    return switch (attempt.outcome()) {
      case RUNNING, LEFT_OUT -> Optional.empty();
      case SUCCEEDED, FAILED, CANCELLED -> {
        boolean success = attempt.outcome() == Recovery.Outcome.SUCCEEDED;
        String error = attempt.error().isEmpty() ? attempt.outcome().id() : attempt.error();
        yield Optional.of(
            new ExtensionRecovery(
                attempt.action().id(),
                ended == null ? attempt.startedAt() : ended,
                success,
                success ? null : error));
      }
    };
  }

  /// The document of a workload with other health settings. What they do not say has its default,
  /// but `window` and, without `timeout_seconds`, the timeouts of probes are kept: the seed has no
  /// word for them.
  static Map<String, Object> configured(WorkloadSpec spec, ExtensionHealthConfig config) {
    Map<String, Object> document = new LinkedHashMap<>(SpecReader.write(spec));
    Map<String, Object> health = new LinkedHashMap<>();
    if (document.get("health") instanceof Map<?, ?> before && before.get("window") != null) {
      health.put("window", before.get("window"));
    }
    put(health, "interval", seconds(config.checkIntervalSeconds()));
    put(health, "failure_threshold", config.failureThreshold());
    put(health, "success_threshold", config.successThreshold());
    put(health, "enabled_checks", config.enabledChecks());
    put(health, "custom_checks", config.customChecks());
    if (config.thresholds() != null) {
      config
          .thresholds()
          .forEach((key, value) ->
              health.put(
                  key,
                  key.startsWith("response_time_")
                      ? value.toPlainString() + "ms"
                      : value.doubleValue()));
    }
    document.put("health", health);
    if (config.timeoutSeconds() != null && document.get("probes") instanceof List<?> probes) {
      document.put(
          "probes",
          probes.stream().map(p -> withTimeout(p, seconds(config.timeoutSeconds()))).toList());
    }
    return document;
  }

  private static void put(Map<String, Object> table, String key, @Nullable Object value) {
    if (value != null) {
      table.put(key, value);
    }
  }

  private static @Nullable String seconds(@Nullable Integer number) {
    return number == null ? null : number + "s";
  }

  private static Object withTimeout(Object probe, @Nullable String timeout) {
    Map<String, @Nullable Object> table = new LinkedHashMap<>();
    if (probe instanceof Map<?, ?> before) {
      before.forEach((key, value) -> table.put(String.valueOf(key), value));
    }
    table.put("timeout", timeout);
    return table;
  }
}
