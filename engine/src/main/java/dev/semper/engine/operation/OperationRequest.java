package dev.semper.engine.operation;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// What is asked of a workload.
///
/// @param kind any but `INSTALL`, `UPDATE` and `BATCH`, which come from applying a specification
/// @param actor who asks
/// @param dryRun plan and check only: the answer has the steps, nothing is stored
/// @param queue if another operation is working on the workload: wait behind it instead of being
///   refused
/// @param force past the circuit breaker, dependents and the restart limit; for a recovery also
///   past cooldowns and limits, and although the workload is well
/// @param skipDependencyCheck start although a required dependency is missing or unhealthy
/// @param cascade for stop and delete: dependents first
/// @param rollbackOnFailure undo what was done when it fails
/// @param timeout of the whole operation; default 5 min
/// @param attempts tries before it has failed, 1–10, with exponential back-off between; a recovery
///   has its own
/// @param strategy of a recovery; null = that of the workload
public record OperationRequest(
    String tenant,
    String workload,
    OperationKind kind,
    String actor,
    Priority priority,
    boolean dryRun,
    boolean queue,
    boolean force,
    boolean skipDependencyCheck,
    boolean cascade,
    boolean rollbackOnFailure,
    @Nullable Duration timeout,
    int attempts,
    @Nullable String idempotencyKey,
    @Nullable String strategy) {
  public OperationRequest(
      String tenant,
      String workload,
      OperationKind kind,
      String actor,
      Priority priority,
      boolean dryRun,
      boolean queue,
      boolean force,
      boolean skipDependencyCheck,
      boolean cascade,
      boolean rollbackOnFailure,
      @Nullable Duration timeout,
      int attempts,
      @Nullable String idempotencyKey) {
    this(
        tenant,
        workload,
        kind,
        actor,
        priority,
        dryRun,
        queue,
        force,
        skipDependencyCheck,
        cascade,
        rollbackOnFailure,
        timeout,
        attempts,
        idempotencyKey,
        null);
  }

  public static OperationRequest of(
      String tenant, String workload, OperationKind kind, String actor) {
    return new OperationRequest(
        tenant,
        workload,
        kind,
        actor,
        Priority.NORMAL,
        false,
        false,
        false,
        false,
        false,
        true,
        null,
        1,
        null);
  }
}
