package dev.semper.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// One change of a workload's state.
///
/// @param seq number of the event that tells of it
public record HistoryEntry(
    long seq,
    String from,
    String trigger,
    String to,
    Instant at,
    @Nullable String operationId,
    String actor,
    String reason) {}
