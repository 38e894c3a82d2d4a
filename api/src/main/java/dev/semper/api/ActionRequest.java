package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// How something is to be done to a workload; null leaves the server's default.
///
/// @param priority low, normal (default), high or critical
/// @param dryRun plan and check only
/// @param queue wait behind another operation on the workload instead of being refused
/// @param force past the circuit breaker, dependents and the restart limit; for a recovery also
///   past cooldowns and limits, and although the workload is well
/// @param cascade for stop and delete: dependents first
/// @param timeout e.g. `30s`; default 5 min
/// @param attempts tries before it has failed, 1–10
/// @param strategy for recover: `auto`, `conservative`, `aggressive` or the workload's own
public record ActionRequest(
    @Nullable String priority,
    @Nullable Boolean dryRun,
    @Nullable Boolean queue,
    @Nullable Boolean force,
    @Nullable Boolean skipDependencyCheck,
    @Nullable Boolean cascade,
    @Nullable Boolean rollbackOnFailure,
    @Nullable String timeout,
    @Nullable Integer attempts,
    @Nullable String strategy) {
  public ActionRequest(
      @Nullable String priority,
      @Nullable Boolean dryRun,
      @Nullable Boolean queue,
      @Nullable Boolean force,
      @Nullable Boolean skipDependencyCheck,
      @Nullable Boolean cascade,
      @Nullable Boolean rollbackOnFailure,
      @Nullable String timeout,
      @Nullable Integer attempts) {
    this(
        priority,
        dryRun,
        queue,
        force,
        skipDependencyCheck,
        cascade,
        rollbackOnFailure,
        timeout,
        attempts,
        null);
  }

  /// With a strategy for a recovery.
  public ActionRequest withStrategy(@Nullable String chosen) {
    return new ActionRequest(
        priority,
        dryRun,
        queue,
        force,
        skipDependencyCheck,
        cascade,
        rollbackOnFailure,
        timeout,
        attempts,
        chosen);
  }

  public static final ActionRequest DEFAULT =
      new ActionRequest(null, null, null, null, null, null, null, null, null);
}
