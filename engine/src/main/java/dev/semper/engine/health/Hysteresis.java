package dev.semper.engine.health;

import dev.semper.engine.spec.HealthSpec;

/// Holds a status until enough samples in a row speak for another. Not for what is unknown: that is
/// taken, and left, at once.
final class Hysteresis {
  private HealthStatus held = HealthStatus.UNKNOWN;
  private int against;
  private boolean worsening;

  HealthStatus take(HealthStatus measured, HealthSpec spec) {
    if (measured == held) {
      against = 0;
    } else if (held == HealthStatus.UNKNOWN || measured == HealthStatus.UNKNOWN) {
      become(measured);
    } else {
      boolean worse = measured.compareTo(held) > 0;
      against = worse == worsening ? against + 1 : 1;
      worsening = worse;
      if (against >= (worse ? spec.failureThreshold() : spec.successThreshold())) {
        become(measured);
      }
    }
    return held;
  }

  HealthStatus held() {
    return held;
  }

  private void become(HealthStatus status) {
    held = status;
    against = 0;
  }
}
