package dev.semper.engine.operation;

import dev.semper.engine.error.SemperException;
import dev.semper.engine.operation.Operation.Status;
import dev.semper.engine.store.Batch;
import dev.semper.engine.workload.Workload;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Leads operations of kind `recover`: says what is tried next, does what is no step of any other
/// operation, and judges whether the workload is well again. The runner carries out and journals
/// what it says.
public interface Healer {
  /// Who recoveries that begin by themselves belong to. They stand aside when an operator asks for
  /// something else.
  String ACTOR = "system:recovery";

  /// Takes up the recovery of an operation, a new one or one that an earlier server has begun.
  Course take(Operation operation, Workload workload);

  /// What a recovery would try now, in order. Changes nothing.
  ///
  /// @throws SemperException INVALID_REQUEST if the workload has no such strategy
  List<Prospect> rehearse(OperationRequest request, Workload workload);

  /// An action that would be tried, or left out.
  ///
  /// @param leftOut why it would not be tried; null if it would
  record Prospect(String action, String why, @Nullable String leftOut) {}

  /// One recovery, used by its runner only; but [#write] by whoever commits.
  interface Course {
    /// What comes now that nothing is left to do.
    Next next(Workload now);

    /// Does the action of the attempt under way.
    ///
    /// @param again a server that died may have done it, wholly, in part or not at all
    Result act(Caller caller, boolean again) throws InterruptedException;

    /// Waits until the workload is well again, as long as the action is given.
    Result settle(Caller caller) throws InterruptedException;

    /// The attempt under way has failed.
    void failed(String error);

    /// Whether steps of the attempt under way are taken back when it has failed.
    boolean goesBack();

    /// The operation is about to end like that.
    void end(Status status, @Nullable String cancelledBy, String error);

    /// Adds what is new, so that it becomes durable together with the journal.
    void write(Batch batch);
  }

  /// The operation that a course is led for.
  interface Caller {
    boolean cancelled();

    void waitingFor(String what);

    /// Until the whole operation has run out of time.
    Duration left();
  }

  /// What comes next.
  sealed interface Next {
    /// @param attempt its name in the journal, e.g. `2 clear_cache`
    record Try(String attempt, Remedy remedy) implements Next {}

    /// The workload is well; nothing more is to be done.
    record Well(String story) implements Next {}

    /// Nothing is left to be tried.
    record Exhausted(String story) implements Next {}
  }

  /// What of an attempt consists of steps.
  sealed interface Remedy {
    /// Copies to stop and launch anew; all of them if the workload is in error.
    record Restart(List<Integer> ordinals) implements Remedy {
      public Restart {
        ordinals = List.copyOf(ordinals);
      }
    }

    /// All copies stopped, forgotten and launched anew, after the driver has prepared the workload
    /// as for the first time.
    record Reinstall() implements Remedy {}

    /// To another generation of the specification.
    record MoveTo(long generation) implements Remedy {}

    record Disable() implements Remedy {}

    /// No steps: [Course#act] does it.
    record Act() implements Remedy {}
  }

  /// What came of an action.
  sealed interface Result {
    record Done(String detail) implements Result {}

    record Failed(String error) implements Result {}

    /// It was cut short because the operation was cancelled.
    record Cancelled() implements Result {}
  }
}
