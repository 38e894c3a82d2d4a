package dev.semper.engine.workload;

import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.spi.Exit;
import dev.semper.spi.Running;
import java.time.Duration;

/// What can happen to a workload: what operations ask for, and facts from the world.
public sealed interface WorkloadEvent {
  /// What an operation asks for; refused if another one holds the workload. All are idempotent,
  /// since a step may be carried out again after a crash.
  sealed interface Asked extends WorkloadEvent {}

  /// The operation takes hold of the workload.
  record Begin(String operationId, String kind) implements Asked {}

  /// The operation lets go of it.
  ///
  /// @param failed whether it counts for the circuit breaker
  record Finish(String operationId, boolean failed) implements Asked {}

  /// The operation lets the workload come to rest where its instances have taken it, and goes on.
  record Rest(String operationId) implements Asked {}

  /// @param again nothing happens if the workload is already where the trigger leads
  record Move(Trigger trigger, String reason, boolean again) implements Asked {}

  record Want(Desired desired) implements Asked {}

  /// The specification is in force from now on, for what runs too.
  ///
  /// @param previous the generation a rollback goes back to; 0 for none
  record Adopt(long generation, WorkloadSpec spec, long previous) implements Asked {}

  /// Launches a copy from a specification unless one from it runs.
  record Launch(int ordinal, long generation, WorkloadSpec spec, boolean candidate)
      implements Asked {}

  /// A candidate has proved itself: from now on it is restarted by policy.
  record Promote(int ordinal, long generation) implements Asked {}

  /// What runs of a copy was given the configuration of a generation without being launched anew.
  record Configured(int ordinal, long generation, WorkloadSpec spec) implements Asked {}

  /// Stops copies for good.
  ///
  /// @param ordinal -1 for all
  /// @param generation which; 0 for all
  /// @param others those of all other generations instead
  record Stop(int ordinal, long generation, boolean others, String reason) implements Asked {}

  /// Forgets copies that have ended.
  record Clear() implements Asked {}

  record Force(State state, String actor, String reason) implements WorkloadEvent {}

  /// The driver has started it.
  record Launched(String incarnation, Running running) implements WorkloadEvent {}

  record LaunchFailed(String incarnation, String message, boolean retryable)
      implements WorkloadEvent {}

  /// After a restart of the server the driver found it running.
  record Attached(String incarnation, Running running) implements WorkloadEvent {}

  /// @param uptime by a monotonic clock as far as possible
  record Exited(String incarnation, Exit exit, Duration uptime) implements WorkloadEvent {}

  record Probed(Prober.Verdict verdict) implements WorkloadEvent {}

  /// One check of a probe, for hooks that want to hear of each.
  record Checked(Prober.Verdict check) implements WorkloadEvent {}

  /// Its minimum uptime is over.
  record UpLongEnough(String incarnation) implements WorkloadEvent {}

  /// The delay before its next launch is over.
  record BackoffOver(String incarnation) implements WorkloadEvent {}

  /// Something outside has changed that instances may wait for: a dependency, maintenance.
  record Reevaluate() implements WorkloadEvent {}

  /// The driver tells something an operator should know.
  record Noticed(String incarnation, String message) implements WorkloadEvent {}
}
