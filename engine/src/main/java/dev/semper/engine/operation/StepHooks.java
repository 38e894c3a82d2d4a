package dev.semper.engine.operation;

import dev.semper.engine.spec.HookSpec;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.workload.Workload;
import java.util.List;
import java.util.Optional;

/// The hooks that operations bring about as steps of theirs.
public interface StepHooks {
  /// How a hook ended.
  ///
  /// @param error empty if it was successful
  record End(String error) {}

  /// One run of a hook.
  interface Ticket {
    /// Empty until it has ended. The workload is nudged then.
    Optional<End> end();

    /// Ends it; nobody waits for it any more.
    void cancel();
  }

  /// Makes a hook due; it is durable when this returns.
  ///
  /// @param id of the run; asked for again, also after a crash, it is the same run
  /// @param spec whose hook it is
  Ticket due(String id, Workload workload, WorkloadSpec spec, HookSpec hook, String operationId)
      throws InterruptedException;

  /// Waits until all that has happened so far has made its hooks due.
  void catchUp() throws InterruptedException;

  /// Refuses specifications whose hooks cannot run here.
  ///
  /// @throws dev.semper.engine.error.SemperException INVALID_SPEC
  void check(List<WorkloadSpec> specs);
}
