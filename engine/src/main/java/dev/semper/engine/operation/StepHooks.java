package dev.semper.engine.operation;

import dev.semper.engine.spec.HookSpec;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.workload.Workload;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// The hooks that operations bring about, as steps of theirs or as the action of a recovery.
public interface StepHooks {
  /// How long a hook is waited for beyond its own timeout: for its turn to come and for the end of
  /// its processes.
  Duration PATIENCE = Duration.ofSeconds(60);

  /// How a hook ended.
  ///
  /// @param error empty if it was successful
  /// @param said the last of what it has written, of a webhook what was answered; may be empty
  record End(String error, String said) {}

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
  /// @param reason in words
  Ticket due(
      String id,
      Workload workload,
      WorkloadSpec spec,
      HookSpec hook,
      String operationId,
      String reason)
      throws InterruptedException;

  /// Waits until all that has happened so far has made its hooks due.
  void catchUp() throws InterruptedException;

  /// Refuses specifications whose hooks cannot run here.
  ///
  /// @throws dev.semper.engine.error.SemperException INVALID_SPEC
  void check(List<WorkloadSpec> specs);
}
