package dev.semper.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// One action of a recovery: tried, or left out with the reason.
///
/// @param outcome running, succeeded, failed, left_out or cancelled
/// @param evidence how the workload was before it
/// @param detail what was done; may be empty
/// @param error why it has not helped, or was left out; may be empty
/// @param durationMs null while it runs
public record AttemptInfo(
    int number,
    String action,
    String outcome,
    EvidenceInfo evidence,
    String detail,
    String error,
    Instant startedAt,
    @Nullable Instant endedAt,
    @Nullable Long durationMs) {}
