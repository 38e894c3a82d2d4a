package dev.semper.api;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A durable piece of work, as it is now.
///
/// @param workload null for a batch
/// @param status queued, running, waiting, unwinding; then succeeded, failed, rolled_back,
///   cancelled or inconsistent
/// @param progress 0–100
/// @param error why it failed; may be empty
public record OperationInfo(
    String id,
    String tenant,
    @Nullable String workload,
    String kind,
    String status,
    boolean ended,
    String priority,
    long generation,
    Map<String, Object> request,
    List<StepInfo> steps,
    int progress,
    String waitingFor,
    String error,
    String errorCode,
    @Nullable String parent,
    List<String> after,
    @Nullable String idempotencyKey,
    String actor,
    int attempt,
    Instant createdAt,
    @Nullable Instant startedAt,
    @Nullable Instant endedAt) {
  public boolean succeeded() {
    return status.equals("succeeded");
  }
}
