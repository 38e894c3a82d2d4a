package dev.semper.engine.spec;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// When a workload counts as well. Loads and memory are of its busiest instance.
///
/// @param interval between samples, from 1 s, default 60 s
/// @param window results of probes that old count for error rate and response time, default 5 m
/// @param cpuWarning percent of what an instance may use, default 70
/// @param cpuCritical default 90
/// @param memoryLimitMb MB of 1,048,576 bytes, default `resources.memory`, else 512; 0 = no limit
/// @param memoryWarningMb default 80 % of the limit; 0 = none
/// @param errorRateWarning percent of checks that fail, default 5
/// @param errorRateCritical default 10
/// @param responseTimeWarning mean of the checks, default 2 s
/// @param responseTimeCritical default 5 s
/// @param failureThreshold samples in a row that make the status worse, default 3
/// @param successThreshold samples in a row that make it better, default 1
/// @param enabledChecks measures that count for the score, default all
/// @param customChecks names of the probes that count as checks of their own; null = those that are
///   neither http nor tcp
public record HealthSpec(
    Duration interval,
    Duration window,
    double cpuWarning,
    double cpuCritical,
    double memoryLimitMb,
    double memoryWarningMb,
    double errorRateWarning,
    double errorRateCritical,
    Duration responseTimeWarning,
    Duration responseTimeCritical,
    int failureThreshold,
    int successThreshold,
    Set<Check> enabledChecks,
    @Nullable List<String> customChecks) {
  public static final double MEGABYTE = 1 << 20;
  static final double MEMORY_LIMIT_MB = 512;
  static final double MEMORY_WARNING_SHARE = 0.8;

  /// For a workload without limits whose file says nothing of its health.
  public static final HealthSpec DEFAULT =
      new HealthSpec(
          Duration.ofSeconds(60),
          Duration.ofMinutes(5),
          70,
          90,
          MEMORY_LIMIT_MB,
          MEMORY_LIMIT_MB * MEMORY_WARNING_SHARE,
          5,
          10,
          Duration.ofSeconds(2),
          Duration.ofSeconds(5),
          3,
          1,
          Set.of(Check.values()),
          null);

  /// A measure that can cost points.
  public enum Check {
    CPU_USAGE,
    MEMORY_USAGE,
    ERROR_RATE,
    RESPONSE_TIME
  }

  public HealthSpec {
    enabledChecks = Set.copyOf(enabledChecks);
    customChecks = customChecks == null ? null : List.copyOf(customChecks);
    Limits.HEALTH_INTERVAL.require("interval", interval);
    Limits.HEALTH_WINDOW.require("window", window);
    Limits.PERCENT.require("cpu_warning", cpuWarning);
    Limits.PERCENT.require("cpu_critical", cpuCritical);
    Limits.MEGABYTES.require("memory_limit_mb", memoryLimitMb);
    Limits.MEGABYTES.require("memory_warning_mb", memoryWarningMb);
    Limits.PERCENT.require("error_rate_warning", errorRateWarning);
    Limits.PERCENT.require("error_rate_critical", errorRateCritical);
    Limits.RESPONSE_TIME.require("response_time_warning", responseTimeWarning);
    Limits.RESPONSE_TIME.require("response_time_critical", responseTimeCritical);
    Limits.THRESHOLD.require("failure_threshold", failureThreshold);
    Limits.THRESHOLD.require("success_threshold", successThreshold);
    Limits.require(cpuWarning <= cpuCritical, "cpu_warning must not be above cpu_critical");
    Limits.require(
        memoryLimitMb == 0 || memoryWarningMb <= memoryLimitMb,
        "memory_warning_mb must not be above memory_limit_mb");
    Limits.require(
        errorRateWarning <= errorRateCritical,
        "error_rate_warning must not be above error_rate_critical");
    Limits.require(
        responseTimeWarning.compareTo(responseTimeCritical) <= 0,
        "response_time_warning must not be above response_time_critical");
  }

  public boolean checks(Check check) {
    return enabledChecks.contains(check);
  }

  /// Whether a probe counts as a check of its own.
  public boolean isCustom(ProbeSpec probe) {
    return customChecks != null
        ? customChecks.contains(probe.name())
        : !(probe.method() instanceof ProbeSpec.Http || probe.method() instanceof ProbeSpec.Tcp);
  }
}
