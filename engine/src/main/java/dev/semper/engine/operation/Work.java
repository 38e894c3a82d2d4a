package dev.semper.engine.operation;

import dev.semper.engine.operation.Journal.Entry;
import dev.semper.engine.operation.Journal.Head;
import dev.semper.engine.operation.Operation.Status;
import dev.semper.engine.operation.Operation.StepStatus;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Store;
import dev.semper.engine.workload.Workload;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// An operation that has not ended: its journal in memory, always a step ahead of or equal to the
/// one in the database. Changed by its runner, and by [#cancel]; seen by anybody through [#view].
final class Work {
  private final Store store;
  private final Clock clock;
  private final List<Entry> entries;
  private final Set<Integer> unwritten = new TreeSet<>();

  /// Orders what is written: an older head never overwrites a newer one.
  private final Object journal = new Object();

  /// Volatile, so that the queue can look at it without waiting for this work.
  private volatile Head head;

  private String waitingFor = "";
  private volatile Consumer<Batch> more = _ -> {};
  private volatile boolean cancelled;

  Work(Store store, Clock clock, Head head, List<Entry> entries) {
    this.store = store;
    this.clock = clock;
    this.head = head;
    this.entries = new ArrayList<>(entries);
    this.cancelled = head.cancelledBy() != null;
  }

  Head head() {
    return head;
  }

  synchronized Operation view() {
    return Journal.view(head, entries, waitingFor);
  }

  /// @param more adds to each commit of the journal what is to become durable with it
  void alsoWrite(Consumer<Batch> more) {
    this.more = more;
  }

  String id() {
    return head().id();
  }

  boolean cancelled() {
    return cancelled;
  }

  synchronized void waitingFor(String what) {
    waitingFor = what;
  }

  /// Adds steps to what is to be done.
  synchronized void plan(List<PlannedStep> steps, boolean undo) {
    for (PlannedStep step : steps) {
      unwritten.add(entries.size());
      entries.add(Entry.pending(step, undo));
    }
  }

  /// Position of the next step to do; -1 if there is none.
  synchronized int next() {
    for (int i = 0; i < entries.size(); i++) {
      if (entries.get(i).open()) {
        return i;
      }
    }
    return -1;
  }

  synchronized Entry entry(int position) {
    return entries.get(position);
  }

  Operation.Step step(int position) {
    return Journal.view(entry(position));
  }

  /// Steps that were begun, latest first: what there is to undo. A step that failed half-way
  /// counts.
  synchronized List<PlannedStep> begun() {
    List<PlannedStep> begun = new ArrayList<>();
    for (Entry entry : entries) {
      boolean was = entry.status() != StepStatus.PENDING && entry.status() != StepStatus.SKIPPED;
      if (!entry.undo() && was) {
        begun.addFirst(entry.step());
      } else if (entry.undo() && !entry.open()) {
        // An earlier try was undone: what came before does not count any more.
        begun.clear();
      }
    }
    return begun;
  }

  /// Of these, the steps of the latest attempt of a recovery.
  synchronized List<PlannedStep> begunLast() {
    String attempt = entries.isEmpty() ? null : entries.getLast().step().attempt();
    return begun().stream().filter(s -> Objects.equals(attempt, s.attempt())).toList();
  }

  /// Leaves out what was not begun.
  synchronized void skipRest() {
    for (int i = 0; i < entries.size(); i++) {
      if (entries.get(i).status() == StepStatus.PENDING) {
        change(i, entries.get(i).ended(StepStatus.SKIPPED, "", clock.instant()));
      }
    }
  }

  /// Journals that a step is about to be done, together with the result of the one before.
  void begin(int position) throws InterruptedException {
    synchronized (this) {
      change(position, entries.get(position).running(clock.instant()));
      waitingFor = "";
    }
    commit(null, Map.of());
  }

  /// Notes the result of a step; made durable with the next commit.
  synchronized void end(int position, StepStatus status, String detail) {
    change(position, entries.get(position).ended(status, detail, clock.instant()));
    waitingFor = "";
  }

  private void change(int position, Entry entry) {
    entries.set(position, entry);
    unwritten.add(position);
  }

  /// Moves to another status and makes everything so far durable.
  void to(Status status) throws InterruptedException {
    Map<String, Object> facts = new HashMap<>();
    synchronized (this) {
      Instant now = clock.instant();
      head =
          head.to(
              status,
              head.startedAt() == null && status != Status.QUEUED ? now : head.startedAt(),
              status.ended() ? now : null);
      waitingFor = "";
      facts.put("operation_id", head.id());
      facts.put("kind", head.kind().id());
      if (!head.error().isEmpty()) {
        facts.put("error", head.error());
      }
      Instant started = head.startedAt();
      if (status.ended() && started != null) {
        facts.put("duration_ms", Duration.between(started, now).toMillis());
      }
    }
    commit("operation." + status.id(), facts);
  }

  /// This server begins to carry it out; made durable with the next commit.
  synchronized void takenUp() {
    head = head.takenUp(clock.instant());
  }

  synchronized void fail(String error, String errorCode) {
    head = head.failed(error, errorCode);
  }

  /// Begins the next try.
  synchronized void again() {
    head = head.again();
  }

  /// Adds the steps of this try.
  synchronized void plan(List<PlannedStep> steps, Workload from) {
    head = head.planned(from);
    plan(steps, false);
  }

  /// Whether any step of it was begun.
  synchronized boolean hasBegun() {
    return entries.stream()
        .anyMatch(
            e -> !e.undo() && e.status() != StepStatus.PENDING && e.status() != StepStatus.SKIPPED);
  }

  /// Asks for it to be cancelled; durable when this returns.
  ///
  /// @return false if it has ended
  boolean cancel(String by) throws InterruptedException {
    synchronized (this) {
      if (head.status().ended()) {
        return false;
      }
      if (head.cancelledBy() == null) {
        head = head.cancelled(by);
      }
    }
    commit("operation.cancel_requested", Map.of("operation_id", id(), "by", by));
    cancelled = true;
    synchronized (this) {
      notifyAll();
    }
    return true;
  }

  /// Waits, but no longer than until it is cancelled.
  synchronized void pause(Duration duration) throws InterruptedException {
    long deadline = System.nanoTime() + duration.toNanos();
    while (!cancelled) {
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        return;
      }
      wait(left);
    }
  }

  private void commit(@Nullable String event, Map<String, Object> facts)
      throws InterruptedException {
    synchronized (journal) {
      store.commit(batch(event, facts));
    }
  }

  private Batch batch(@Nullable String event, Map<String, Object> facts) {
    Batch batch = new Batch();
    synchronized (this) {
      batch.put(head.row());
      for (int position : unwritten) {
        batch.put(Journal.row(head.id(), position, entries.get(position)));
      }
      unwritten.clear();
      if (event != null) {
        batch.event(
            clock.instant(),
            head.tenant(),
            head.workload(),
            null,
            event,
            facts,
            head.id(),
            head.actor());
      }
    }
    more.accept(batch);
    return batch;
  }
}
