package dev.semper.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// How a workload was, and what spoke for it.
///
/// @param status healthy, degraded, unhealthy, critical or unknown
/// @param score 0–100; null if nobody has counted
/// @param probe that failed; empty if it was not a probe that said so
/// @param failures of the probe, one after the other
public record EvidenceInfo(
    String status,
    @Nullable Integer score,
    String probe,
    String message,
    int failures,
    @Nullable Instant since) {}
