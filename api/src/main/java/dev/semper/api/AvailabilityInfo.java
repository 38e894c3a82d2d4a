package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// How much of a time a workload was healthy or degraded.
///
/// @param window 1h, 24h or 30d
/// @param percent of what is known; absent if nothing is
public record AvailabilityInfo(
    String window,
    @Nullable Double percent,
    double upSeconds,
    double downSeconds,
    double unknownSeconds) {}
