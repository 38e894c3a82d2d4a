package dev.semper.engine.spec;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// When to raise an alert about a workload.
///
/// @param name 1–63 characters; unique among the server's rules, and among a workload's own
/// @param severity default warning
/// @param hold how long the condition must be true before the alert fires (`for`), default 0
/// @param where which workloads it looks at; a workload's own rule looks at that one only
/// @param labels added to each alert, to route by
/// @param annotations texts with `{placeholders}`: `summary`, `description`, `runbook` …
public record AlertRule(
    String name,
    Severity severity,
    Condition condition,
    Duration hold,
    AlertMatch where,
    Map<String, String> labels,
    Map<String, String> annotations) {
  static final Limits.Times HOLD = new Limits.Times(Duration.ZERO, Duration.ofDays(7));
  static final Limits.Times SPAN = new Limits.Times(Duration.ofSeconds(1), Duration.ofDays(1));
  static final Limits.Numbers COUNT = new Limits.Numbers(1, 10_000);
  static final Limits.Decimals Z = new Limits.Decimals(1, 100);

  /// A name of one label: what Prometheus allows.
  static final Pattern LABEL = Pattern.compile("[a-zA-Z_][a-zA-Z0-9_]{0,62}");

  /// What a rule can look at, with its unit.
  public static final Map<String, String> MEASURES =
      Map.ofEntries(
          Map.entry("failed", "1 if the workload is in state error, else 0"),
          Map.entry("not_ready", "instances that should be ready and are not"),
          Map.entry("ready", "instances that are ready"),
          Map.entry("restarts", "restarts by policy since the last start by an operator"),
          Map.entry("consecutive_failures", "the most failures in a row of any of its probes"),
          Map.entry("score", "the health score, 0 to 100"),
          Map.entry(
              "error_rate", "percent of the probes' checks within `health.window` that failed"),
          Map.entry("response_time", "milliseconds, the slowest of the last probe results"),
          Map.entry("cpu", "processors in use, all instances together"),
          Map.entry("memory", "bytes resident, all instances together"),
          Map.entry("memory_percent", "percent of the memory limit, the fullest instance"),
          Map.entry("processes", "processes, all instances together"),
          Map.entry("open_files", "open files of the main process, the instance with the most"));

  /// From least to most.
  public enum Severity {
    INFO,
    WARNING,
    CRITICAL
  }

  /// What must be true. All but [Occurrence] are looked at again and again.
  public sealed interface Condition {
    /// The word for it in a file.
    String type();
  }

  /// A measure is above or below a value.
  ///
  /// @param clear once it fires, the value it must be back at before it resolves
  public record Threshold(String measure, Comparison comparison, double value, double clear)
      implements Condition {
    public Threshold {
      requireMeasure(measure);
      Limits.require(
          comparison.holds(clear, value) || clear == value,
          "clear must lie on the good side of value");
    }

    @Override
    public String type() {
      return "threshold";
    }
  }

  /// A measure rises or falls too fast: the slope of the least-squares line through a window.
  ///
  /// @param perHour the slope, in units of the measure per hour
  public record Trend(String measure, Comparison comparison, double perHour, Duration window)
      implements Condition {
    public Trend {
      requireMeasure(measure);
      SPAN.require("window", window);
    }

    @Override
    public String type() {
      return "trend";
    }
  }

  /// A measure is far from what it usually is: more than `z` standard deviations from its
  /// exponentially weighted mean.
  ///
  /// @param minSamples samples before it says anything, default 30
  public record Anomaly(String measure, double z, int minSamples) implements Condition {
    public Anomaly {
      requireMeasure(measure);
      Z.require("z", z);
      COUNT.require("min_samples", minSamples);
    }

    @Override
    public String type() {
      return "anomaly";
    }
  }

  /// A probe has failed that often in a row.
  ///
  /// @param probe null = any
  public record ConsecutiveFailures(int count, @Nullable String probe) implements Condition {
    public ConsecutiveFailures {
      COUNT.require("count", count);
    }

    @Override
    public String type() {
      return "consecutive_failures";
    }
  }

  /// The workload's health has changed that often within a window, while it was meant to run.
  public record Flapping(int changes, Duration window) implements Condition {
    public Flapping {
      COUNT.require("changes", changes);
      SPAN.require("window", window);
    }

    @Override
    public String type() {
      return "flapping";
    }
  }

  /// There has been no data of a measure while the workload was meant to run; for how long is the
  /// rule's `for`.
  public record Absent(String measure) implements Condition {
    public Absent {
      requireMeasure(measure);
    }

    @Override
    public String type() {
      return "absent";
    }
  }

  /// An event has happened.
  ///
  /// @param types exact, or a prefix that ends in `.*`
  /// @param resolveOn types of the events that end the alert
  /// @param resolveAfter ends the alert if it has not happened again for that long, default 1 h
  public record Occurrence(List<String> types, List<String> resolveOn, Duration resolveAfter)
      implements Condition {
    public Occurrence {
      types = List.copyOf(types);
      resolveOn = List.copyOf(resolveOn);
      Limits.require(!types.isEmpty(), "event must name at least one type");
      HOLD.require("resolve_after", resolveAfter);
    }

    @Override
    public String type() {
      return "event";
    }

    public boolean begins(String event) {
      return types.stream().anyMatch(t -> matches(t, event));
    }

    public boolean ends(String event) {
      return resolveOn.stream().anyMatch(t -> matches(t, event));
    }

    private static boolean matches(String wanted, String type) {
      return wanted.endsWith(".*")
          ? type.startsWith(wanted.substring(0, wanted.length() - 1))
          : wanted.equals(type);
    }
  }

  /// How a measure is compared with a value.
  public enum Comparison {
    ABOVE(">"),
    AT_LEAST(">="),
    BELOW("<"),
    AT_MOST("<=");

    private final String sign;

    Comparison(String sign) {
      this.sign = sign;
    }

    /// As it is written, e.g. `>=`.
    public String sign() {
      return sign;
    }

    public boolean holds(double bound, double measured) {
      return switch (this) {
        case ABOVE -> measured > bound;
        case AT_LEAST -> measured >= bound;
        case BELOW -> measured < bound;
        case AT_MOST -> measured <= bound;
      };
    }
  }

  public AlertRule {
    Limits.require(Limits.isProbeName(name), "name " + Limits.PROBE_NAME_FORM);
    HOLD.require("for", hold);
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
  }

  static boolean isLabel(String name) {
    return LABEL.matcher(name).matches() && !RESERVED.contains(name);
  }

  /// Labels that every alert has anyway.
  static final Set<String> RESERVED = Set.of("alertname", "tenant", "workload", "severity", "rule");

  private static void requireMeasure(String measure) {
    Limits.require(MEASURES.containsKey(measure), "unknown measure " + measure);
  }
}
