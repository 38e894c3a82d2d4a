package dev.semper.engine.health;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How much of a time a workload did its work. What is not known (it was stopped on purpose, the
/// server did not run) counts neither way.
///
/// @param window the time before now that is meant
/// @param up healthy or degraded
/// @param down unhealthy or critical
public record Availability(Duration window, Duration up, Duration down) {

  /// @param millis in each status, in the order of [HealthStatus]
  static Availability of(Duration window, List<Long> millis) {
    long up = 0;
    long down = 0;
    for (HealthStatus status : HealthStatus.values()) {
      up += status.isUp() ? millis.get(status.column()) : 0;
      down += status.isDown() ? millis.get(status.column()) : 0;
    }
    return new Availability(window, Duration.ofMillis(up), Duration.ofMillis(down));
  }

  /// 0–100; null if nothing is known.
  public @Nullable Double percent() {
    double known = up.toMillis() + (double) down.toMillis();
    return known == 0 ? null : 100 * up.toMillis() / known;
  }

  public Duration unknown() {
    Duration rest = window.minus(up).minus(down);
    return rest.isNegative() ? Duration.ZERO : rest;
  }
}
