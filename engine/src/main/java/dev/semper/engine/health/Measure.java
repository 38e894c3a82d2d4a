package dev.semper.engine.health;

import java.util.Locale;

/// What is kept of each sample, in the order of the roll-ups.
public enum Measure {
  /// Points, 0–100.
  SCORE(0, 2),
  /// Percent of what an instance may use.
  CPU_USAGE(1, 5),
  /// MB of 1,048,576 bytes.
  MEMORY_USAGE(2, 4),
  /// Percent of checks that fail.
  ERROR_RATE(3, 2),
  /// Milliseconds.
  RESPONSE_TIME(4, 10);

  private final int column;

  /// Deviations below this are noise whatever the variance says.
  private final double noise;

  Measure(int column, double noise) {
    this.column = column;
    this.noise = noise;
  }

  /// Its place in the roll-ups; never changes.
  int column() {
    return column;
  }

  double noise() {
    return noise;
  }

  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }
}
