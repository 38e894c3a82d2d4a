package dev.semper.engine.operation;

import dev.semper.engine.spec.WorkloadSpec;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Takes, runs and remembers operations.
public final class Operations {
  /// Takes an operation; it is durable when this returns. A dry run is only planned and checked.
  public Operation submit(OperationRequest request) throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  /// Takes several as members of one batch, in the order of the workloads' dependencies.
  public Operation submitAll(
      String tenant,
      List<OperationRequest> requests,
      int parallelism,
      boolean failFast,
      boolean dependencyOrder,
      String actor,
      @Nullable String idempotencyKey)
      throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  /// What applying would change. Changes nothing.
  public Plan plan(String tenant, List<WorkloadSpec> specs, boolean prune) {
    throw new UnsupportedOperationException();
  }

  /// Applies: one batch with a member per workload that changes; empty if nothing does.
  public Optional<Operation> apply(ApplyRequest request) throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  /// @throws dev.semper.engine.error.SemperException NOT_FOUND
  public Operation get(String id) {
    throw new UnsupportedOperationException();
  }

  /// Newest first; null matters not.
  public List<Operation> list(
      @Nullable String tenant,
      @Nullable String workload,
      Operation.@Nullable Status status,
      int limit) {
    throw new UnsupportedOperationException();
  }

  /// Members of a batch, in the order of arrival.
  public List<Operation> members(String id) {
    throw new UnsupportedOperationException();
  }

  /// Cancels: a queued one never starts, a running one unwinds. Returns at once.
  public Operation cancel(String id, String actor) throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  /// Waits for its end, or for the time to be over; returns it as it is then.
  public Operation await(String id, Duration timeout) throws InterruptedException {
    throw new UnsupportedOperationException();
  }
}
