package dev.semper.engine.operation;

import dev.semper.engine.operation.Operation.Status;
import dev.semper.engine.operation.Operation.StepStatus;
import dev.semper.engine.store.Docs;
import dev.semper.engine.store.Row;
import dev.semper.engine.workload.Desired;
import dev.semper.engine.workload.Workload;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What is journaled of an operation: its head and its steps.
final class Journal {
  /// The `doc` of an operation's row.
  ///
  /// @param seq order of arrival
  /// @param from generation of the workload before it
  /// @param desired what the workload's operator wanted before it; what going back restores
  /// @param previous the generation a rollback went back to before it
  /// @param wasReady whether all of the workload was ready before it
  /// @param start for an install: whether the workload is to run
  /// @param requestHash tells a repeated request from another one with the same idempotency key
  /// @param planned the try for which steps have been planned; 0 for none
  /// @param cancelledBy who asked for it to be cancelled
  /// @param parallelism of a batch: members worked on at once
  /// @param traceparent of the request it came with, as W3C Trace Context has it
  /// @param takenUpAt when a server last began to carry it out
  record Head(
      String id,
      long seq,
      String tenant,
      @Nullable String workload,
      OperationKind kind,
      Status status,
      Priority priority,
      long generation,
      long from,
      Desired desired,
      long previous,
      boolean wasReady,
      boolean start,
      boolean checkDependencies,
      boolean rollbackOnFailure,
      long timeoutMillis,
      int attempt,
      int attempts,
      int planned,
      Map<String, Object> request,
      String requestHash,
      @Nullable String idempotencyKey,
      @Nullable String parent,
      List<String> after,
      int parallelism,
      boolean failFast,
      String actor,
      @Nullable String cancelledBy,
      String error,
      String errorCode,
      @Nullable String traceparent,
      @Nullable Instant takenUpAt,
      Instant createdAt,
      @Nullable Instant startedAt,
      @Nullable Instant endedAt) {

    Head to(Status status, @Nullable Instant startedAt, @Nullable Instant endedAt) {
      return new Head(
          id,
          seq,
          tenant,
          workload,
          kind,
          status,
          priority,
          generation,
          from,
          desired,
          previous,
          wasReady,
          start,
          checkDependencies,
          rollbackOnFailure,
          timeoutMillis,
          attempt,
          attempts,
          planned,
          request,
          requestHash,
          idempotencyKey,
          parent,
          after,
          parallelism,
          failFast,
          actor,
          cancelledBy,
          error,
          errorCode,
          traceparent,
          takenUpAt,
          createdAt,
          startedAt,
          endedAt);
    }

    Head failed(String error, String errorCode) {
      return new Head(
          id,
          seq,
          tenant,
          workload,
          kind,
          status,
          priority,
          generation,
          from,
          desired,
          previous,
          wasReady,
          start,
          checkDependencies,
          rollbackOnFailure,
          timeoutMillis,
          attempt,
          attempts,
          planned,
          request,
          requestHash,
          idempotencyKey,
          parent,
          after,
          parallelism,
          failFast,
          actor,
          cancelledBy,
          error,
          errorCode,
          traceparent,
          takenUpAt,
          createdAt,
          startedAt,
          endedAt);
    }

    Head cancelled(String by) {
      return new Head(
          id,
          seq,
          tenant,
          workload,
          kind,
          status,
          priority,
          generation,
          from,
          desired,
          previous,
          wasReady,
          start,
          checkDependencies,
          rollbackOnFailure,
          timeoutMillis,
          attempt,
          attempts,
          planned,
          request,
          requestHash,
          idempotencyKey,
          parent,
          after,
          parallelism,
          failFast,
          actor,
          by,
          error,
          errorCode,
          traceparent,
          takenUpAt,
          createdAt,
          startedAt,
          endedAt);
    }

    /// Its steps are planned from what the workload is now. What it goes back to is what was before
    /// its first try; an install goes back to not running. Each attempt of a recovery goes back for
    /// itself.
    Head planned(Workload now) {
      boolean first = this.planned == 0 || kind == OperationKind.RECOVER;
      int planned = attempt;
      long from = first ? now.generation() : this.from;
      long previous = first ? now.previousGeneration() : this.previous;
      Desired before = kind == OperationKind.INSTALL ? Desired.STOPPED : now.desired();
      Desired desired = first ? before : this.desired;
      long ready = now.ready();
      boolean wasReady = first ? ready > 0 && ready >= now.spec().instances() : this.wasReady;
      return new Head(
          id,
          seq,
          tenant,
          workload,
          kind,
          status,
          priority,
          generation,
          from,
          desired,
          previous,
          wasReady,
          start,
          checkDependencies,
          rollbackOnFailure,
          timeoutMillis,
          attempt,
          attempts,
          planned,
          request,
          requestHash,
          idempotencyKey,
          parent,
          after,
          parallelism,
          failFast,
          actor,
          cancelledBy,
          error,
          errorCode,
          traceparent,
          takenUpAt,
          createdAt,
          startedAt,
          endedAt);
    }

    /// Begins the next try.
    Head again() {
      int attempt = this.attempt + 1;
      return new Head(
          id,
          seq,
          tenant,
          workload,
          kind,
          status,
          priority,
          generation,
          from,
          desired,
          previous,
          wasReady,
          start,
          checkDependencies,
          rollbackOnFailure,
          timeoutMillis,
          attempt,
          attempts,
          planned,
          request,
          requestHash,
          idempotencyKey,
          parent,
          after,
          parallelism,
          failFast,
          actor,
          cancelledBy,
          "",
          "",
          traceparent,
          takenUpAt,
          createdAt,
          startedAt,
          endedAt);
    }

    /// A server begins to carry it out.
    Head takenUp(Instant takenUpAt) {
      return new Head(
          id,
          seq,
          tenant,
          workload,
          kind,
          status,
          priority,
          generation,
          from,
          desired,
          previous,
          wasReady,
          start,
          checkDependencies,
          rollbackOnFailure,
          timeoutMillis,
          attempt,
          attempts,
          planned,
          request,
          requestHash,
          idempotencyKey,
          parent,
          after,
          parallelism,
          failFast,
          actor,
          cancelledBy,
          error,
          errorCode,
          traceparent,
          takenUpAt,
          createdAt,
          startedAt,
          endedAt);
    }

    Row.Operation row() {
      return new Row.Operation(
          id,
          seq,
          tenant,
          workload,
          kind.id(),
          status.id(),
          !status.ended(),
          parent,
          idempotencyKey,
          Docs.write(this));
    }
  }

  /// The `doc` of a step's row.
  record Entry(
      PlannedStep step,
      boolean undo,
      StepStatus status,
      String detail,
      @Nullable Instant startedAt,
      @Nullable Instant endedAt) {
    static Entry pending(PlannedStep step, boolean undo) {
      return new Entry(step, undo, StepStatus.PENDING, "", null, null);
    }

    Entry running(Instant now) {
      return new Entry(step, undo, StepStatus.RUNNING, "", now, null);
    }

    Entry ended(StepStatus status, String detail, Instant now) {
      return new Entry(step, undo, status, detail, startedAt, now);
    }

    boolean open() {
      return status == StepStatus.PENDING || status == StepStatus.RUNNING;
    }
  }

  private Journal() {}

  static Head head(Row.Operation row) {
    return Docs.read(row.doc(), Head.class);
  }

  static List<Entry> entries(List<Row.Step> rows) {
    return rows.stream().map(r -> Docs.read(r.doc(), Entry.class)).toList();
  }

  static Row.Step row(String id, int position, Entry entry) {
    return new Row.Step(id, position, Docs.write(entry));
  }

  static Operation.Step view(Entry entry) {
    return new Operation.Step(
        entry.step().name(),
        entry.undo(),
        entry.status(),
        entry.detail(),
        entry.startedAt(),
        entry.endedAt());
  }

  /// An operation as users see it.
  static Operation view(Head head, List<Entry> entries, String waitingFor) {
    long done = entries.stream().filter(e -> !e.open()).count();
    int progress =
        head.status().ended() ? 100 : entries.isEmpty() ? 0 : (int) (100 * done / entries.size());
    return new Operation(
        head.id(),
        head.tenant(),
        head.workload(),
        head.kind(),
        head.status(),
        head.priority(),
        head.generation(),
        head.request(),
        entries.stream().map(Journal::view).toList(),
        progress,
        waitingFor,
        head.error(),
        head.errorCode(),
        head.parent(),
        head.after(),
        head.idempotencyKey(),
        head.actor(),
        head.attempt(),
        head.traceparent(),
        head.takenUpAt(),
        head.createdAt(),
        head.startedAt(),
        head.endedAt());
  }
}
