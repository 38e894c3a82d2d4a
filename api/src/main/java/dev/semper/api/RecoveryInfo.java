package dev.semper.api;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What was done to bring a workload back, or what its recovery waits for.
///
/// @param id that of its operation; null if it has not begun
/// @param status waiting, running, recovered, exhausted, cancelled or superseded
/// @param automatic whether it began by itself
/// @param forced past cooldowns and limits
/// @param cause how the workload was when it began
/// @param story how it ended, or what it waits for, in words; may be empty
public record RecoveryInfo(
    @Nullable String id,
    String tenant,
    String workload,
    String strategy,
    String status,
    boolean automatic,
    boolean forced,
    String actor,
    EvidenceInfo cause,
    List<AttemptInfo> attempts,
    String story,
    Instant startedAt,
    @Nullable Instant endedAt,
    @Nullable Long durationMs) {
  public RecoveryInfo {
    attempts = List.copyOf(attempts);
  }
}
