package dev.semper.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// One journaled step of an operation.
///
/// @param status pending, running, done, failed or skipped
public record StepInfo(
    String name,
    boolean undo,
    String status,
    String detail,
    @Nullable Instant startedAt,
    @Nullable Instant endedAt) {}
