package dev.semper.engine.operation;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.semper.engine.workload.Desired;
import dev.semper.engine.workload.Trigger;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// One step of an operation, as it is journaled. Every step is idempotent: carried out a second
/// time after a crash it changes nothing that the first time has done.
///
/// @param ordinal which copy; -1 for all
/// @param generation of the specification; 0 if it does not matter
/// @param trigger of a move
/// @param attempt of a recovery it belongs to, e.g. `1 restart`; null outside of recoveries
record PlannedStep(
    Action action,
    int ordinal,
    long generation,
    @Nullable Trigger trigger,
    @Nullable String attempt) {
  /// What a step does.
  enum Action {
    /// Moves the workload to its next state.
    MOVE,
    WANT_RUNNING,
    WANT_STOPPED,
    /// Checks that the driver can run the specification here.
    PREPARE,
    /// Refuses if a required dependency is not as it should be.
    CHECK_DEPENDENCIES,
    /// Forgets instances that have ended.
    CLEAR,
    /// Launches copies that do not run.
    LAUNCH,
    /// Launches a copy beside or after the old one; it is not restarted until it is promoted.
    LAUNCH_CANDIDATE,
    /// Waits until copies are ready.
    AWAIT_READY,
    PROMOTE,
    /// Gives a copy that runs the configuration of another generation.
    DELIVER,
    /// Renders the files of a copy that runs as its generation wants them.
    RENDER,
    /// Watches the copies of a generation for a while: none may become unwell.
    OBSERVE,
    /// Stops copies launched from one generation.
    RETIRE,
    /// Stops copies launched from any other generation.
    RETIRE_OTHERS,
    /// Stops all copies.
    STOP,
    /// Puts a generation of the specification in force.
    ADOPT,
    /// Runs a hook that may refuse the update.
    HOOK_BEFORE_UPDATE,
    HOOK_AFTER_UPDATE,
    HOOK_ON_DESTROY,
    /// Does an action of a recovery that consists of no other steps.
    ACT,
    /// Waits until a recovery's action has helped.
    SETTLE,
    /// Removes the workload.
    REMOVE
  }

  static PlannedStep move(Trigger trigger) {
    return new PlannedStep(Action.MOVE, -1, 0, trigger, null);
  }

  static PlannedStep step(Action action) {
    return new PlannedStep(action, -1, 0, null, null);
  }

  static PlannedStep step(Action action, int ordinal, long generation) {
    return new PlannedStep(action, ordinal, generation, null, null);
  }

  PlannedStep of(String attempt) {
    return new PlannedStep(action, ordinal, generation, trigger, attempt);
  }

  /// For people, e.g. `launch 0 (generation 2)`.
  @JsonIgnore
  String name() {
    String verb = action.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    return (attempt == null ? "" : attempt + ": ")
        + verb
        + (trigger == null ? "" : " " + trigger.id())
        + (ordinal < 0 ? "" : " " + ordinal)
        + (generation == 0 ? "" : " (generation " + generation + ")");
  }

  /// What takes it back, in the order to do it; empty if there is nothing to take back.
  ///
  /// @param from the generation the workload had before the operation
  /// @param desired what its operator wanted before
  List<PlannedStep> undo(OperationKind kind, long from, Desired desired) {
    boolean again = kind == OperationKind.RESTART || kind == OperationKind.RECOVER;
    if (again && ordinal >= 0) {
      // The old copy cannot come back; a new one of the same generation is as good.
      return action == Action.RETIRE
          ? List.of(step(Action.LAUNCH, ordinal, generation))
          : List.of();
    }
    return switch (action) {
      case LAUNCH ->
          ordinal < 0
              ? List.of(step(Action.RETIRE, ordinal, generation), step(Action.CLEAR))
              : List.of(step(Action.RETIRE, ordinal, generation));
      case LAUNCH_CANDIDATE -> List.of(step(Action.RETIRE, ordinal, generation));
      case DELIVER ->
          List.of(step(Action.DELIVER, ordinal, from), step(Action.AWAIT_READY, ordinal, from));
      case RETIRE ->
          List.of(
              step(Action.LAUNCH, ordinal, generation),
              step(Action.AWAIT_READY, ordinal, generation));
      case RETIRE_OTHERS ->
          List.of(step(Action.LAUNCH, ordinal, from), step(Action.AWAIT_READY, ordinal, from));
      case ADOPT -> List.of(step(Action.ADOPT, -1, from));
      case WANT_RUNNING, WANT_STOPPED ->
          List.of(step(desired == Desired.RUNNING ? Action.WANT_RUNNING : Action.WANT_STOPPED));
      // What comes back is launched anew, see Planner.repair.
      case STOP -> desired == Desired.RUNNING ? List.of(step(Action.CLEAR)) : List.of();
      case MOVE, PREPARE, CHECK_DEPENDENCIES, CLEAR -> List.of();
      case AWAIT_READY, PROMOTE, REMOVE, ACT, SETTLE, OBSERVE, RENDER -> List.of();
      case HOOK_BEFORE_UPDATE, HOOK_AFTER_UPDATE, HOOK_ON_DESTROY -> List.of();
    };
  }
}
