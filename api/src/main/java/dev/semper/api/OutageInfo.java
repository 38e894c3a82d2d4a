package dev.semper.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A time during which a workload was unhealthy or critical.
///
/// @param endedAt absent while it lasts
public record OutageInfo(
    Instant startedAt, @Nullable Instant endedAt, double seconds, String reason) {}
