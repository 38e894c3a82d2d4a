package dev.semper.engine.health;

import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Health at one time or during some time.
///
/// @param at the time, or its beginning
/// @param measures those that were measured
/// @param millis in each status; of a single sample the one it had, with 0
public record HealthPoint(
    Instant at, Map<Measure, Spread> measures, Map<HealthStatus, Long> millis) {

  /// @param last the newest value
  public record Spread(double min, double mean, double max, double last) {}

  static HealthPoint of(History.Sample sample) {
    Map<Measure, Spread> measures = new EnumMap<>(Measure.class);
    for (Measure measure : Measure.values()) {
      Double value = sample.of(measure);
      if (value != null) {
        measures.put(measure, new Spread(value, value, value, value));
      }
    }
    return new HealthPoint(sample.at(), measures, Map.of(sample.status(), 0L));
  }

  /// Collects the minutes of one point.
  static final class Sum {
    private final Instant at;
    private final Map<Measure, Spread> measures = new EnumMap<>(Measure.class);
    private final Map<Measure, Integer> counts = new EnumMap<>(Measure.class);
    private final Map<HealthStatus, Long> millis = new EnumMap<>(HealthStatus.class);

    Sum(Instant at) {
      this.at = at;
    }

    void add(Measure measure, @Nullable Spread more) {
      if (more == null) {
        return;
      }
      int count = counts.merge(measure, 1, Integer::sum);
      measures.merge(
          measure,
          more,
          (a, b) ->
              new Spread(
                  Math.min(a.min(), b.min()),
                  a.mean() + (b.mean() - a.mean()) / count,
                  Math.max(a.max(), b.max()),
                  b.last()));
    }

    void add(HealthStatus status, long more) {
      if (more > 0) {
        millis.merge(status, more, Long::sum);
      }
    }

    HealthPoint point() {
      return new HealthPoint(at, measures, millis);
    }
  }
}
