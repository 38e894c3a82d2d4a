package dev.semper.engine.hook;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.semper.engine.spec.HookSpec;
import dev.semper.engine.store.Docs;
import dev.semper.engine.store.Row;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One run of a hook, from when it is due to its end.
///
/// @param id unique for all times and the same after a crash: what a script or receiver can tell a
///   repeated delivery by
/// @param seq order in which hooks became due
/// @param uid of the workload
/// @param hook as it was when it became due
/// @param attempt from 1; a run that was cut short by the host is begun again
/// @param pid of the script; null if it did not start
/// @param exitCode of the script; -1 if it ran out of time; null if a signal ended it
/// @param httpStatus of a webhook's last answer; 0 if there was none
/// @param stdout the end of what it wrote, at most 16 KiB; of a webhook the answer's body
/// @param message why it failed; may be empty
public record HookRun(
    String id,
    long seq,
    String tenant,
    String workload,
    String uid,
    HookSpec hook,
    Occasion occasion,
    Status status,
    int attempt,
    @Nullable Long pid,
    @Nullable Integer exitCode,
    int httpStatus,
    String stdout,
    String stderr,
    String message,
    Instant dueAt,
    @Nullable Instant startedAt,
    @Nullable Instant endedAt) {

  /// What brought it about.
  ///
  /// @param eventSeq number of the event; 0 if it is a step of an operation
  /// @param instance which, e.g. `web-0`; null if it is about the workload as a whole
  /// @param version of the workload
  /// @param state of the workload, e.g. `running`
  /// @param reason in words; may be empty
  /// @param failures in a row so far
  /// @param data facts of the event
  public record Occasion(
      long eventSeq,
      Instant at,
      @Nullable String instance,
      String kind,
      String version,
      String state,
      String reason,
      int failures,
      @Nullable String operationId,
      Map<String, Object> data) {
    public Occasion {
      data = Map.copyOf(data);
    }
  }

  public enum Status {
    /// Its turn has not come.
    WAITING,
    RUNNING,
    SUCCEEDED,
    FAILED,
    TIMED_OUT,
    /// The operation that waited for it was cancelled.
    CANCELLED;

    public boolean ended() {
      return switch (this) {
        case WAITING, RUNNING -> false;
        case SUCCEEDED, FAILED, TIMED_OUT, CANCELLED -> true;
      };
    }

    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  static HookRun due(
      String id,
      long seq,
      String tenant,
      String workload,
      String uid,
      HookSpec hook,
      Occasion occasion,
      Instant now) {
    return new HookRun(
        id,
        seq,
        tenant,
        workload,
        uid,
        hook,
        occasion,
        Status.WAITING,
        1,
        null,
        null,
        0,
        "",
        "",
        "",
        now,
        null,
        null);
  }

  @JsonIgnore
  public boolean success() {
    return status == Status.SUCCEEDED;
  }

  HookRun running(Instant now) {
    return with(Ending.without(Status.RUNNING, ""), attempt, now, null);
  }

  HookRun again() {
    return with(Ending.without(Status.WAITING, ""), attempt + 1, null, null);
  }

  HookRun ended(Ending end, Instant now) {
    return with(end, attempt, startedAt, now);
  }

  private HookRun with(
      Ending now, int attempt, @Nullable Instant startedAt, @Nullable Instant endedAt) {
    return new HookRun(
        id,
        seq,
        tenant,
        workload,
        uid,
        hook,
        occasion,
        now.status(),
        attempt,
        now.pid(),
        now.exitCode(),
        now.httpStatus(),
        now.stdout(),
        now.stderr(),
        now.message(),
        dueAt,
        startedAt,
        endedAt);
  }

  Row.HookRun row() {
    return new Row.HookRun(id, seq, tenant, workload, !status.ended(), Docs.write(this));
  }

  static HookRun of(Row.HookRun row) {
    return Docs.read(row.doc(), HookRun.class);
  }
}
