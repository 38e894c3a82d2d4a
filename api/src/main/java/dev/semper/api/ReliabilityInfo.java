package dev.semper.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// How a workload has been over time.
///
/// @param timeToRecoverSeconds mean length of the outages that have ended
public record ReliabilityInfo(
    List<AvailabilityInfo> availability,
    int outages,
    @Nullable Double timeToRecoverSeconds,
    @Nullable OutageInfo lastOutage) {}
