package dev.semper.engine.health;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Where the score of the last hour leads: the least-squares line through its samples.
///
/// @param slopePerHour points the line rises in an hour; negative if it falls
/// @param samples it was laid through
public record Trend(Direction direction, double slopePerHour, int samples) {
  static final int LEAST_SAMPLES = 10;

  /// A line that rises or falls by less, from its first sample to its last, is level.
  static final double LEVEL = 5;

  public enum Direction {
    IMPROVING,
    STABLE,
    DEGRADING;

    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// @param seconds of the samples, rising
  /// @param scores of the samples
  /// @return null with too few samples, or all at one time
  static @Nullable Trend of(double[] seconds, double[] scores) {
    int n = seconds.length;
    if (n < LEAST_SAMPLES) {
      return null;
    }
    double meanX = 0;
    double meanY = 0;
    for (int i = 0; i < n; i++) {
      meanX += (seconds[i] - seconds[0]) / n;
      meanY += scores[i] / n;
    }
    double xx = 0;
    double xy = 0;
    for (int i = 0; i < n; i++) {
      double x = seconds[i] - seconds[0] - meanX;
      xx += x * x;
      xy += x * (scores[i] - meanY);
    }
    if (xx == 0) {
      return null;
    }
    double slope = xy / xx;
    double change = slope * (seconds[n - 1] - seconds[0]);
    Direction direction =
        Math.abs(change) < LEVEL
            ? Direction.STABLE
            : change > 0 ? Direction.IMPROVING : Direction.DEGRADING;
    return new Trend(direction, slope * 3600, n);
  }
}
