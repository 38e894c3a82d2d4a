package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// How something is to be done to a workload; null leaves the server's default.
///
/// @param priority low, normal (default), high or critical
/// @param dryRun plan and check only
/// @param queue wait behind another operation on the workload instead of being refused
/// @param force past the circuit breaker, dependents and the restart limit
/// @param cascade for stop and delete: dependents first
/// @param timeout e.g. `30s`; default 5 min
/// @param attempts tries before it has failed, 1–10
public record ActionRequest(
    @Nullable String priority,
    @Nullable Boolean dryRun,
    @Nullable Boolean queue,
    @Nullable Boolean force,
    @Nullable Boolean skipDependencyCheck,
    @Nullable Boolean cascade,
    @Nullable Boolean rollbackOnFailure,
    @Nullable String timeout,
    @Nullable Integer attempts) {
  public static final ActionRequest DEFAULT =
      new ActionRequest(null, null, null, null, null, null, null, null, null);
}
