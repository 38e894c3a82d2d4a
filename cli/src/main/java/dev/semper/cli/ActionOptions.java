package dev.semper.cli;

import dev.semper.api.ActionRequest;
import dev.semper.api.SemperClient;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// How something is to be done to a workload.
final class ActionOptions {
  @Option(
      names = "--priority",
      paramLabel = "P",
      description = "low, normal (default), high or critical.")
  @Nullable String priority;

  @Option(names = "--dry-run", description = "Check and show the steps; do nothing.")
  boolean dryRun;

  @Option(
      names = "--queue",
      description = "Wait behind another operation on the workload instead of being refused.")
  boolean queue;

  @Option(
      names = "--force",
      description = "Past the circuit breaker, dependents and the restart limit.")
  boolean force;

  @Option(
      names = "--skip-dependency-check",
      description = "Although a required dependency is missing or unhealthy.")
  boolean skipDependencyCheck;

  @Option(names = "--cascade", description = "When stopping or deleting: dependents first.")
  boolean cascade;

  @Option(names = "--no-rollback", description = "Leave things as they are when it fails.")
  boolean noRollback;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      description = "Of the whole operation, e.g. 30s (default 5m).")
  @Nullable String timeout;

  @Option(names = "--attempts", paramLabel = "N", description = "Tries before it has failed, 1-10.")
  @Nullable Integer attempts;

  @Option(
      names = "--idempotency-key",
      paramLabel = "KEY",
      description = "However often it is sent with this key, it is done once.")
  @Nullable String idempotencyKey;

  ActionRequest request() {
    return new ActionRequest(
        priority,
        given(dryRun),
        given(queue),
        given(force),
        given(skipDependencyCheck),
        given(cascade),
        noRollback ? false : null,
        timeout,
        attempts);
  }

  SemperClient client(Session session) {
    SemperClient client = session.client();
    return idempotencyKey == null ? client : client.withIdempotencyKey(idempotencyKey);
  }

  private static @Nullable Boolean given(boolean flag) {
    return flag ? true : null;
  }
}
