package dev.semper.engine.spec;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads when a workload counts as well.
final class HealthReader {
  private static final HealthSpec DEFAULT = HealthSpec.DEFAULT;

  private final TableReader workload;
  private final ResourceSpec resources;
  private final List<ProbeSpec> probes;

  HealthReader(TableReader workload, ResourceSpec resources, List<ProbeSpec> probes) {
    this.workload = workload;
    this.resources = resources;
    this.probes = probes;
  }

  HealthSpec read() {
    double limit =
        resources.memoryBytes() > 0
            ? resources.memoryBytes() / HealthSpec.MEGABYTE
            : HealthSpec.MEMORY_LIMIT_MB;
    TableReader t = workload.table("health", Section.HEALTH);
    if (t == null) {
      return with(limit);
    }
    Duration interval = t.duration("interval", DEFAULT.interval(), Limits.HEALTH_INTERVAL);
    Duration window = t.duration("window", DEFAULT.window(), Limits.HEALTH_WINDOW);
    double cpuWarning = t.decimal("cpu_warning", DEFAULT.cpuWarning(), Limits.PERCENT);
    double cpuCritical =
        t.decimal("cpu_critical", Math.max(DEFAULT.cpuCritical(), cpuWarning), Limits.PERCENT);
    limit = t.decimal("memory_limit_mb", limit, Limits.MEGABYTES);
    double memoryWarning =
        t.decimal("memory_warning_mb", limit * HealthSpec.MEMORY_WARNING_SHARE, Limits.MEGABYTES);
    double errorWarning =
        t.decimal("error_rate_warning", DEFAULT.errorRateWarning(), Limits.PERCENT);
    double errorCritical =
        t.decimal(
            "error_rate_critical",
            Math.max(DEFAULT.errorRateCritical(), errorWarning),
            Limits.PERCENT);
    Duration slow =
        t.duration("response_time_warning", DEFAULT.responseTimeWarning(), Limits.RESPONSE_TIME);
    Duration tooSlow =
        t.duration(
            "response_time_critical",
            slow.compareTo(DEFAULT.responseTimeCritical()) > 0
                ? slow
                : DEFAULT.responseTimeCritical(),
            Limits.RESPONSE_TIME);
    int failures = t.number("failure_threshold", DEFAULT.failureThreshold(), Limits.THRESHOLD);
    int successes = t.number("success_threshold", DEFAULT.successThreshold(), Limits.THRESHOLD);
    Set<HealthSpec.Check> enabled = enabledChecks(t);
    List<String> custom = customChecks(t);
    ordered(t, "cpu_warning", cpuWarning <= cpuCritical, "cpu_critical");
    ordered(t, "memory_warning_mb", limit == 0 || memoryWarning <= limit, "memory_limit_mb");
    ordered(t, "error_rate_warning", errorWarning <= errorCritical, "error_rate_critical");
    ordered(t, "response_time_warning", slow.compareTo(tooSlow) <= 0, "response_time_critical");
    return t.broken()
        ? DEFAULT
        : new HealthSpec(
            interval,
            window,
            cpuWarning,
            cpuCritical,
            limit,
            memoryWarning,
            errorWarning,
            errorCritical,
            slow,
            tooSlow,
            failures,
            successes,
            enabled,
            custom);
  }

  private static HealthSpec with(double limit) {
    return new HealthSpec(
        DEFAULT.interval(),
        DEFAULT.window(),
        DEFAULT.cpuWarning(),
        DEFAULT.cpuCritical(),
        limit,
        limit * HealthSpec.MEMORY_WARNING_SHARE,
        DEFAULT.errorRateWarning(),
        DEFAULT.errorRateCritical(),
        DEFAULT.responseTimeWarning(),
        DEFAULT.responseTimeCritical(),
        DEFAULT.failureThreshold(),
        DEFAULT.successThreshold(),
        DEFAULT.enabledChecks(),
        null);
  }

  private static void ordered(TableReader t, String warning, boolean ordered, String critical) {
    if (!ordered) {
      t.problem(
          t.has(warning) ? warning : critical,
          "%s must not be above %s".formatted(warning, critical));
    }
  }

  private static Set<HealthSpec.Check> enabledChecks(TableReader t) {
    if (!t.has("enabled_checks")) {
      return DEFAULT.enabledChecks();
    }
    Set<HealthSpec.Check> checks = EnumSet.noneOf(HealthSpec.Check.class);
    List<String> words = Arrays.stream(HealthSpec.Check.values()).map(HealthReader::word).toList();
    for (String text : t.textList("enabled_checks")) {
      if (words.contains(text)) {
        checks.add(HealthSpec.Check.valueOf(text.toUpperCase(Locale.ROOT)));
      } else {
        t.problem(
            "enabled_checks",
            "unknown check %s, %s".formatted(Words.quoted(text), Words.instead(text, words)));
      }
    }
    return checks;
  }

  /// As the seed writes it: `cpu_usage`.
  static String word(HealthSpec.Check check) {
    return check.name().toLowerCase(Locale.ROOT);
  }

  private @Nullable List<String> customChecks(TableReader t) {
    if (!t.has("custom_checks")) {
      return null;
    }
    List<String> names = probes.stream().map(ProbeSpec::name).toList();
    List<String> custom = new ArrayList<>();
    for (String name : t.textList("custom_checks")) {
      if (!names.contains(name)) {
        t.problem(
            "custom_checks",
            names.isEmpty()
                ? "there is no probe %s: the workload has none".formatted(Words.quoted(name))
                : "there is no probe %s, %s"
                    .formatted(Words.quoted(name), Words.instead(name, names)));
      } else if (!custom.contains(name)) {
        custom.add(name);
      }
    }
    return custom;
  }
}
