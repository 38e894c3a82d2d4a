package dev.semper.engine.operation;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A durable piece of work, as it is now.
///
/// @param id unique, sortable by time
/// @param workload null for a batch
/// @param generation the specification it moves the workload to; 0 if it does not
/// @param request the options it was asked with
/// @param steps what has been and is to be done, in order; undoing steps are added when it unwinds
/// @param progress 0–100
/// @param waitingFor in words what it waits for now; may be empty
/// @param error why it failed; may be empty
/// @param errorCode name of an ErrorCode; may be empty
/// @param parent batch it belongs to
/// @param after operations that must have ended before it starts
/// @param attempt from 1; retried operations count up
/// @param traceparent of the request it came with, as W3C Trace Context has it
/// @param takenUpAt when a server last began to carry it out; null as long as none has
public record Operation(
    String id,
    String tenant,
    @Nullable String workload,
    OperationKind kind,
    Status status,
    Priority priority,
    long generation,
    Map<String, Object> request,
    List<Step> steps,
    int progress,
    String waitingFor,
    String error,
    String errorCode,
    @Nullable String parent,
    List<String> after,
    @Nullable String idempotencyKey,
    String actor,
    int attempt,
    @Nullable String traceparent,
    @Nullable Instant takenUpAt,
    Instant createdAt,
    @Nullable Instant startedAt,
    @Nullable Instant endedAt) {

  public Operation {
    request = Map.copyOf(request);
    steps = List.copyOf(steps);
    after = List.copyOf(after);
  }

  public enum Status {
    QUEUED,
    RUNNING,
    /// Running, but only waiting: for readiness, a dependency or the next try. Holds no slot.
    WAITING,
    /// Going back after a failure or a cancellation.
    UNWINDING,
    SUCCEEDED,
    /// Nothing was to be done or could be undone.
    FAILED,
    /// Failed, and everything it did was undone.
    ROLLED_BACK,
    CANCELLED,
    /// Failed, and undoing failed too: somebody has to look.
    INCONSISTENT;

    public boolean ended() {
      return switch (this) {
        case QUEUED, RUNNING, WAITING, UNWINDING -> false;
        case SUCCEEDED, FAILED, ROLLED_BACK, CANCELLED, INCONSISTENT -> true;
      };
    }

    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// One journaled step.
  ///
  /// @param name e.g. `launch 0`
  /// @param undo whether it undoes an earlier one
  /// @param status pending, running, done, failed or skipped
  /// @param detail what came of it; may be empty
  public record Step(
      String name,
      boolean undo,
      StepStatus status,
      String detail,
      @Nullable Instant startedAt,
      @Nullable Instant endedAt) {}

  public enum StepStatus {
    PENDING,
    RUNNING,
    DONE,
    FAILED,
    SKIPPED;

    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
