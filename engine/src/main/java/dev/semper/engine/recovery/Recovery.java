package dev.semper.engine.recovery;

import dev.semper.engine.spec.RecoverySpec.Action;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// What was done to bring a workload back, from its cause to its end.
///
/// @param id that of its operation
/// @param uid of the workload
/// @param automatic whether it began by itself
/// @param forced past cooldowns and limits
/// @param cause how the workload was when it began
/// @param story how it ended, in words; empty before
public record Recovery(
    String id,
    String tenant,
    String workload,
    String uid,
    String strategy,
    boolean automatic,
    boolean forced,
    String actor,
    Status status,
    Evidence cause,
    List<Attempt> attempts,
    String story,
    Instant startedAt,
    @Nullable Instant endedAt) {
  public Recovery {
    attempts = List.copyOf(attempts);
  }

  public enum Status {
    RUNNING,
    /// A probe has passed after an action, or the workload was well already.
    RECOVERED,
    /// Nothing that could be tried has helped: somebody has to look.
    EXHAUSTED,
    CANCELLED,
    /// An operator has asked for something else.
    SUPERSEDED;

    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// One action of the ladder: tried, or left out with the reason.
  ///
  /// @param number from 1, in the order of the ladder
  /// @param evidence how the workload was before it
  /// @param detail what was done; may be empty
  /// @param error why it has not helped, or was left out; may be empty
  public record Attempt(
      int number,
      Action action,
      Outcome outcome,
      Evidence evidence,
      String detail,
      String error,
      Instant startedAt,
      @Nullable Instant endedAt) {
    String name() {
      return number + " " + action.id();
    }

    Attempt ended(Outcome outcome, String error, Instant now) {
      return new Attempt(number, action, outcome, evidence, detail, error, startedAt, now);
    }

    Attempt with(String detail) {
      return new Attempt(number, action, outcome, evidence, detail, error, startedAt, endedAt);
    }
  }

  public enum Outcome {
    RUNNING,
    SUCCEEDED,
    FAILED,
    LEFT_OUT,
    CANCELLED;

    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  Recovery with(List<Attempt> attempts) {
    return new Recovery(
        id, tenant, workload, uid, strategy, automatic, forced, actor, status, cause, attempts,
        story, startedAt, endedAt);
  }

  Recovery ended(Status status, String story, Instant now) {
    return new Recovery(
        id, tenant, workload, uid, strategy, automatic, forced, actor, status, cause, attempts,
        story, startedAt, now);
  }
}
