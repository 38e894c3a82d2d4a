package dev.semper.engine.health;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How a workload has been over time; survives restarts of the server.
///
/// @param availability over 1 h, 24 h and 30 d, to the minute at the far end
/// @param outages of the retention, at most the newest 1000
/// @param timeToRecover mean length of the outages that have ended; null if none has
/// @param lastOutage null if there was none
public record Reliability(
    List<Availability> availability,
    int outages,
    @Nullable Duration timeToRecover,
    @Nullable Outage lastOutage) {
  public Reliability {
    availability = List.copyOf(availability);
  }
}
