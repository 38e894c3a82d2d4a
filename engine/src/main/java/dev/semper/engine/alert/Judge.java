package dev.semper.engine.alert;

import dev.semper.engine.spec.AlertRule;
import dev.semper.engine.workload.Workload;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalDouble;

/// Says whether the condition of one rule is true of one workload; remembers what it has seen.
sealed interface Judge {
  /// @param value what was measured
  record Verdict(boolean active, OptionalDouble value) {
    static final Verdict NO_DATA = new Verdict(false, OptionalDouble.empty());
  }

  /// @param firing whether the alert fires already
  /// @param now in nanoseconds of a steady clock
  Verdict judge(Measures measures, Workload workload, boolean firing, long now);

  /// Not for [AlertRule.Occurrence], which is no question of measures.
  static Judge of(AlertRule rule) {
    return switch (rule.condition()) {
      case AlertRule.Threshold c -> new Level(c);
      case AlertRule.Trend c -> new Slope(c);
      case AlertRule.Anomaly c -> new Unusual(c);
      case AlertRule.ConsecutiveFailures c -> new Streak(c);
      case AlertRule.Flapping c -> new Flaps(c);
      case AlertRule.Absent c -> new Silent(c);
      case AlertRule.Occurrence _ ->
          throw new IllegalArgumentException("events are not judged: " + rule.name());
    };
  }

  /// A threshold with hysteresis: what fires goes on until the value is back at `clear`.
  record Level(AlertRule.Threshold rule) implements Judge {
    @Override
    public Verdict judge(Measures measures, Workload workload, boolean firing, long now) {
      OptionalDouble value = measures.value(workload, rule.measure());
      if (value.isEmpty()) {
        return Verdict.NO_DATA;
      }
      double bound = firing ? rule.clear() : rule.value();
      return new Verdict(rule.comparison().holds(bound, value.getAsDouble()), value);
    }
  }

  record Streak(AlertRule.ConsecutiveFailures rule) implements Judge {
    @Override
    public Verdict judge(Measures measures, Workload workload, boolean firing, long now) {
      OptionalDouble failures = measures.failuresInARow(workload, rule.probe());
      // Once it fires, the first success ends it.
      return new Verdict(failures.orElse(0) >= (firing ? 1 : rule.count()), failures);
    }
  }

  record Flaps(AlertRule.Flapping rule) implements Judge {
    @Override
    public Verdict judge(Measures measures, Workload workload, boolean firing, long now) {
      int changes = measures.healthChanges(workload, rule.window());
      // Once it fires, it ends when it has been quieter by half for a window.
      boolean active = firing ? changes * 2 >= rule.changes() : changes >= rule.changes();
      return new Verdict(active && changes > 0, OptionalDouble.of(changes));
    }
  }

  record Silent(AlertRule.Absent rule) implements Judge {
    @Override
    public Verdict judge(Measures measures, Workload workload, boolean firing, long now) {
      boolean absent = measures.value(workload, rule.measure()).isEmpty();
      return new Verdict(absent && workload.state().isInService(), OptionalDouble.empty());
    }
  }

  /// The least-squares line through the samples of a window. Nothing is said before the samples
  /// span half of it.
  final class Slope implements Judge {
    private static final int MOST = 500;
    private static final double NANOS_PER_HOUR = 3.6e12;

    private record Sample(long at, double value) {}

    private final AlertRule.Trend rule;
    private final Deque<Sample> samples = new ArrayDeque<>();

    Slope(AlertRule.Trend rule) {
      this.rule = rule;
    }

    @Override
    public Verdict judge(Measures measures, Workload workload, boolean firing, long now) {
      OptionalDouble value = measures.value(workload, rule.measure());
      if (value.isEmpty()) {
        samples.clear();
        return Verdict.NO_DATA;
      }
      long window = rule.window().toNanos();
      boolean dense = !samples.isEmpty() && now - samples.getLast().at() < window / MOST;
      if (!dense) {
        samples.addLast(new Sample(now, value.getAsDouble()));
      }
      while (now - samples.getFirst().at() > window) {
        samples.removeFirst();
      }
      if (samples.size() < 5 || now - samples.getFirst().at() < window / 2) {
        return Verdict.NO_DATA;
      }
      double slope = slope(now);
      return new Verdict(rule.comparison().holds(rule.perHour(), slope), OptionalDouble.of(slope));
    }

    private double slope(long now) {
      double meanX = samples.stream().mapToDouble(s -> hours(s, now)).average().orElse(0);
      double meanY = samples.stream().mapToDouble(Sample::value).average().orElse(0);
      double xy = 0;
      double xx = 0;
      for (Sample sample : samples) {
        double x = hours(sample, now) - meanX;
        xy += x * (sample.value() - meanY);
        xx += x * x;
      }
      return xx == 0 ? 0 : xy / xx;
    }

    private static double hours(Sample sample, long now) {
      return (sample.at() - now) / NANOS_PER_HOUR;
    }
  }

  /// The z-score against an exponentially weighted mean and variance. A sample is judged by those
  /// before it; while it is unusual it hardly counts, so that a fault does not become the custom at
  /// once, but a new level does in time.
  final class Unusual implements Judge {
    private static final double ALPHA = 0.05;
    private static final double RELUCTANT = 0.01;
    private static final long APART = Duration.ofSeconds(1).toNanos();

    private final AlertRule.Anomaly rule;
    private int samples;
    private double mean;
    private double variance;
    private long last;
    private Verdict verdict = Verdict.NO_DATA;

    Unusual(AlertRule.Anomaly rule) {
      this.rule = rule;
    }

    @Override
    public Verdict judge(Measures measures, Workload workload, boolean firing, long now) {
      OptionalDouble value = measures.value(workload, rule.measure());
      if (value.isEmpty()) {
        return Verdict.NO_DATA;
      }
      if (samples > 0 && now - last < APART) {
        return verdict;
      }
      last = now;
      verdict = judge(value.getAsDouble());
      return verdict;
    }

    private Verdict judge(double x) {
      // What has never varied may vary by a hundredth without being unusual.
      double least = Math.max(Math.abs(mean) * 0.01, 1e-9);
      double z = Math.abs(x - mean) / Math.max(Math.sqrt(variance), least);
      boolean active = samples >= rule.minSamples() && z > rule.z();
      samples++;
      double alpha = active ? RELUCTANT : Math.max(ALPHA, 1.0 / samples);
      double delta = x - mean;
      mean += alpha * delta;
      variance = (1 - alpha) * (variance + alpha * delta * delta);
      return new Verdict(active, OptionalDouble.of(x));
    }
  }
}
