package dev.semper.engine.health;

import java.util.Locale;

/// How well a workload is, from good to bad; what is not known is no comparison.
public enum HealthStatus {
  HEALTHY(0, 90, 100),
  DEGRADED(1, 70, 89),
  UNHEALTHY(2, 30, 69),
  CRITICAL(3, 0, 29),
  /// It is not meant to run, has only just been started, or nothing has been measured.
  UNKNOWN(4, 0, 100);

  private final int column;
  private final int least;
  private final int most;

  HealthStatus(int column, int least, int most) {
    this.column = column;
    this.least = least;
    this.most = most;
  }

  /// The status whose band a score from 0 to 100 falls into.
  public static HealthStatus of(int score) {
    for (HealthStatus status : values()) {
      if (score >= status.least) {
        return status;
      }
    }
    return CRITICAL;
  }

  /// The best score that goes with it.
  public int most() {
    return most;
  }

  /// Healthy or degraded: it does its work.
  public boolean isUp() {
    return this == HEALTHY || this == DEGRADED;
  }

  /// Unhealthy or critical.
  public boolean isDown() {
    return this == UNHEALTHY || this == CRITICAL;
  }

  /// Its place in the roll-ups; never changes.
  int column() {
    return column;
  }

  HealthStatus worse(HealthStatus other) {
    return compareTo(other) >= 0 ? this : other;
  }

  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }
}
