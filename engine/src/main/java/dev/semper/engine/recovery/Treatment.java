package dev.semper.engine.recovery;

import dev.semper.engine.operation.Healer;
import dev.semper.engine.operation.Healer.Caller;
import dev.semper.engine.operation.Healer.Next;
import dev.semper.engine.operation.Healer.Remedy;
import dev.semper.engine.operation.Healer.Result;
import dev.semper.engine.operation.Operation;
import dev.semper.engine.recovery.Recovery.Attempt;
import dev.semper.engine.recovery.Recovery.Outcome;
import dev.semper.engine.recovery.Recovery.Status;
import dev.semper.engine.spec.ProbeSpec;
import dev.semper.engine.spec.RecoverySpec.Action;
import dev.semper.engine.spec.RecoverySpec.Rung;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Row;
import dev.semper.engine.workload.Workload;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// One recovery on its way up the ladder. Each rung is climbed once: tried, or left out with the
/// reason. What it decides and finds becomes durable with the journal of its operation.
final class Treatment implements Healer.Course {
  private static final Duration LOOK = Duration.ofMillis(100);

  /// An event to be.
  private record Note(Instant at, String type, Map<String, Object> data) {}

  private final Doctor doctor;
  private final History history;
  private final Actions actions;
  private final List<Note> notes = new ArrayList<>();
  private Chart chart;
  private boolean changed;

  /// What the probes had said before the action; null if it is to be asked when it is done.
  private Vitals.@Nullable Since since;

  /// @param history the earlier recoveries
  Treatment(Doctor doctor, Chart chart, History history) {
    this.doctor = doctor;
    this.chart = chart;
    this.history = history;
    actions = new Actions(doctor, chart.recovery(), chart.cachePaths());
  }

  @Override
  public synchronized Next next(Workload now) {
    Evidence evidence = doctor.vitals().of(now);
    last().filter(a -> a.outcome() == Outcome.RUNNING).ifPresent(a -> judge(a, evidence));
    chart.recovery().attempts().forEach(actions::forget);
    Optional<Attempt> last = last();
    if (last.isPresent()
        && last.get().action() == Action.DISABLE
        && last.get().outcome() == Outcome.SUCCEEDED) {
      return new Next.Exhausted(story() + "; the workload is disabled");
    }
    boolean tried = tried();
    if (last.filter(a -> a.outcome() == Outcome.SUCCEEDED).isPresent()) {
      return new Next.Well("well again after " + last.orElseThrow().action().id());
    }
    boolean well = !evidence.failing() && (chart.recovery().automatic() || evidence.healthy());
    if (tried ? evidence.healthy() : well && !chart.recovery().forced()) {
      return new Next.Well(tried ? "well again a while after " + story() : "it is well already");
    }
    return climb(now, evidence);
  }

  private boolean tried() {
    return chart.recovery().attempts().stream().anyMatch(a -> a.outcome() != Outcome.LEFT_OUT);
  }

  private Next climb(Workload now, Evidence evidence) {
    Plan plan = new Plan(doctor, now, history, chart.recovery().forced(), chart.cachePaths());
    if (chart.recovery().attempts().isEmpty()) {
      started(evidence);
    }
    for (int i = chart.recovery().attempts().size(); i < chart.ladder().size(); i++) {
      Rung rung = chart.ladder().get(i);
      Optional<String> leftOut = plan.leftOut(rung);
      if (leftOut.isEmpty()) {
        Optional<Remedy> remedy = remedy(plan, rung);
        if (remedy.isPresent()) {
          Attempt attempt = attempt(rung, Outcome.RUNNING, evidence, plan.why(rung, evidence), "");
          // What new incarnations say comes after it in any case.
          since = remedy.get() instanceof Remedy.Act ? null : doctor.vitals().mark(now);
          add(attempt);
          return new Next.Try(attempt.name(), remedy.get());
        }
        leftOut = Optional.of("the server could not store the specification it needs");
      }
      add(attempt(rung, Outcome.LEFT_OUT, evidence, "", leftOut.orElse("")));
    }
    return new Next.Exhausted(story());
  }

  private Attempt attempt(
      Rung rung, Outcome outcome, Evidence evidence, String detail, String error) {
    Instant now = doctor.clock().instant();
    return new Attempt(
        chart.recovery().attempts().size() + 1,
        rung.action(),
        outcome,
        evidence,
        detail,
        error,
        now,
        outcome == Outcome.RUNNING ? null : now);
  }

  private Optional<Remedy> remedy(Plan plan, Rung rung) {
    return switch (rung.action()) {
      case RESTART -> Optional.of(plan.restart());
      case ROLLBACK_VERSION -> Optional.of(new Remedy.MoveTo(plan.workload().previousGeneration()));
      case SCALE -> scaled(plan, rung);
      case DISABLE -> Optional.of(new Remedy.Disable());
      case REINSTALL -> Optional.of(new Remedy.Reinstall());
      case CLEAR_CACHE, RECONNECT, MEMORY_CLEANUP, DISK_CLEANUP -> Optional.of(new Remedy.Act());
      case RESTORE_BACKUP, NOTIFY, COMMAND, HOOK -> Optional.of(new Remedy.Act());
    };
  }

  /// A further generation; if the server dies now it is never used.
  private Optional<Remedy> scaled(Plan plan, Rung rung) {
    Workload workload = plan.workload();
    long generation =
        doctor.store().releases(workload.uid(), 1).stream()
                .mapToLong(Row.Release::generation)
                .max()
                .orElse(workload.generation())
            + 1;
    Batch batch = new Batch();
    doctor.owners().prepare(workload, generation, plan.scaled(rung), Healer.ACTOR, batch);
    try {
      doctor.store().commit(batch);
      return Optional.of(new Remedy.MoveTo(generation));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  // What happens on a rung.

  @Override
  public Result act(Caller caller, boolean again) throws InterruptedException {
    Attempt attempt;
    Rung rung;
    synchronized (this) {
      attempt = last().orElseThrow();
      rung = rung(attempt);
    }
    caller.waitingFor("action " + attempt.action().id());
    Result result = actions.act(attempt, rung, again, caller);
    if (result instanceof Result.Done(String detail)) {
      synchronized (this) {
        if (attempt.action() == Action.NOTIFY) {
          tell(rung, attempt);
        }
        replace(last().orElseThrow().with(attempt.detail() + ": " + detail));
      }
    }
    return result;
  }

  /// The alerts read this event: what is committed is told.
  private void tell(Rung rung, Attempt attempt) {
    Map<String, Object> data = facts();
    data.put("number", attempt.number());
    data.put("severity", rung.severity().name().toLowerCase(Locale.ROOT));
    data.put("cause", attempt.evidence().text());
    data.put(
        "message",
        rung.message().isEmpty()
            ? "workload %s is %s".formatted(chart.recovery().workload(), attempt.evidence().text())
            : rung.message());
    note("recovery.notification", data);
  }

  @Override
  public Result settle(Caller caller) throws InterruptedException {
    Attempt attempt;
    Rung rung;
    synchronized (this) {
      attempt = last().orElseThrow();
      rung = rung(attempt);
    }
    Workload workload = actions.workload();
    boolean wasDown = !attempt.evidence().status().equals(Evidence.DEGRADED);
    boolean probed =
        workload.spec().probes().stream().anyMatch(p -> p.type() != ProbeSpec.Type.STARTUP);
    Duration patience = new Plan(doctor, workload, history, false, List.of()).settle(rung);
    Vitals.Since before = since;
    Vitals.Since mark = before == null ? doctor.vitals().mark(workload) : before;
    caller.waitingFor(
        "%s to be well again within %s after %s"
            .formatted(workload.name(), Plan.text(patience), attempt.action().id()));
    long deadline = System.nanoTime() + patience.toNanos();
    while (true) {
      boolean over = System.nanoTime() - deadline >= 0;
      Workload now = actions.workload();
      Evidence evidence = doctor.vitals().of(now);
      if ((over || probed)
          && mark.passed(now)
          && ((over && wasDown) ? evidence.up() : evidence.healthy())) {
        succeed(attempt);
        return new Result.Done("it is " + evidence.text());
      }
      if (caller.cancelled()) {
        return new Result.Cancelled();
      }
      if (over) {
        return new Result.Failed(
            "not well within %s after it: %s".formatted(Plan.text(patience), evidence.text()));
      }
      var _ = doctor.owners().await(now.tenant(), now.name(), w -> caller.cancelled(), LOOK);
    }
  }

  private synchronized void succeed(Attempt attempt) {
    close(last().orElse(attempt), Outcome.SUCCEEDED, "");
  }

  /// Its steps are done, and none of them was to look whether it has helped.
  private void judge(Attempt attempt, Evidence evidence) {
    boolean done = attempt.action() == Action.DISABLE || evidence.up();
    close(attempt, done ? Outcome.SUCCEEDED : Outcome.FAILED, done ? "" : evidence.text());
  }

  @Override
  public synchronized void failed(String error) {
    Attempt attempt = last().orElseThrow();
    if (attempt.outcome() == Outcome.FAILED) {
      replace(attempt.ended(Outcome.FAILED, attempt.error() + "; " + error, now()));
    } else {
      close(attempt, Outcome.FAILED, error);
    }
  }

  @Override
  public synchronized boolean goesBack() {
    return last().filter(a -> Plan.goesBack(a.action())).isPresent();
  }

  @Override
  public synchronized void end(
      Operation.Status status, @Nullable String cancelledBy, String error) {
    Status ended =
        switch (status) {
          case SUCCEEDED -> Status.RECOVERED;
          case CANCELLED ->
              cancelledBy != null && cancelledBy.contains(" by ")
                  ? Status.SUPERSEDED
                  : Status.CANCELLED;
          case QUEUED, RUNNING, WAITING, UNWINDING ->
              throw new IllegalArgumentException("" + status);
          case FAILED, ROLLED_BACK, INCONSISTENT -> Status.EXHAUSTED;
        };
    last()
        .filter(a -> a.outcome() == Outcome.RUNNING)
        .ifPresent(
            a -> close(a, ended == Status.EXHAUSTED ? Outcome.FAILED : Outcome.CANCELLED, error));
    chart.recovery().attempts().forEach(actions::forget);
    String story =
        switch (ended) {
          case RECOVERED -> story().isEmpty() ? "it was well already" : story();
          case CANCELLED -> "cancelled by " + cancelledBy;
          case SUPERSEDED -> "gave way to " + cancelledBy;
          case EXHAUSTED, RUNNING -> error;
        };
    chart = chart.with(chart.recovery().ended(ended, story, now()));
    changed = true;
    Map<String, Object> data = facts();
    data.put("story", story);
    data.put("cause", chart.recovery().cause().text());
    data.put("duration_ms", Duration.between(chart.recovery().startedAt(), now()).toMillis());
    data.put("attempts", chart.recovery().attempts().stream().map(Treatment::facts).toList());
    note(ended == Status.RECOVERED ? "recovery.completed" : "recovery." + ended.id(), data);
  }

  // Bookkeeping.

  private Instant now() {
    return doctor.clock().instant();
  }

  private Optional<Attempt> last() {
    List<Attempt> attempts = chart.recovery().attempts();
    return attempts.isEmpty() ? Optional.empty() : Optional.of(attempts.getLast());
  }

  private Rung rung(Attempt attempt) {
    return chart.ladder().get(attempt.number() - 1);
  }

  /// What was tried so far, e.g. `restart (not well within 5s …), clear_cache`.
  private String story() {
    List<Attempt> attempts = chart.recovery().attempts();
    if (attempts.isEmpty()) {
      return "";
    }
    return attempts.stream()
        .map(a ->
            a.outcome() == Outcome.SUCCEEDED
                ? a.action().id() + " helped"
                : "%s %s%s"
                    .formatted(
                        a.action().id(),
                        a.outcome() == Outcome.LEFT_OUT ? "was left out" : "did not help",
                        a.error().isEmpty() ? "" : " (" + a.error() + ")"))
        .collect(Collectors.joining("; "));
  }

  private void add(Attempt attempt) {
    List<Attempt> attempts = new ArrayList<>(chart.recovery().attempts());
    attempts.add(attempt);
    chart = chart.with(chart.recovery().with(attempts));
    changed = true;
    note("recovery.attempt", facts(attempt, facts()));
  }

  private void replace(Attempt attempt) {
    List<Attempt> attempts = new ArrayList<>(chart.recovery().attempts());
    attempts.set(attempt.number() - 1, attempt);
    chart = chart.with(chart.recovery().with(attempts));
    changed = true;
  }

  private void close(Attempt attempt, Outcome outcome, String error) {
    Attempt ended = attempt.ended(outcome, error, now());
    replace(ended);
    Map<String, Object> data = facts(ended, facts());
    data.put("duration_ms", Duration.between(ended.startedAt(), now()).toMillis());
    note("recovery.attempt_ended", data);
  }

  private void started(Evidence evidence) {
    Map<String, Object> data = facts();
    data.put("cause", evidence.text());
    data.put("status", evidence.status());
    data.put("probe", evidence.probe());
    data.put("forced", chart.recovery().forced());
    note("recovery.started", data);
  }

  private Map<String, Object> facts() {
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("recovery_id", chart.recovery().id());
    data.put("strategy", chart.recovery().strategy());
    data.put("automatic", chart.recovery().automatic());
    return data;
  }

  private static Map<String, Object> facts(Attempt attempt) {
    return facts(attempt, new LinkedHashMap<>());
  }

  private static Map<String, Object> facts(Attempt attempt, Map<String, Object> data) {
    data.put("number", attempt.number());
    data.put("action", attempt.action().id());
    data.put("outcome", attempt.outcome().id());
    data.put("evidence", attempt.evidence().text());
    data.put("detail", attempt.detail());
    data.put("error", attempt.error());
    return data;
  }

  private void note(String type, Map<String, Object> data) {
    notes.add(new Note(now(), type, data));
  }

  /// One that began by itself and found nothing to do was none.
  @Override
  public synchronized void write(Batch batch) {
    Recovery recovery = chart.recovery();
    if (!changed || (recovery.automatic() && recovery.attempts().isEmpty())) {
      return;
    }
    batch.put(chart.row());
    for (Note note : notes) {
      batch.event(
          note.at(),
          recovery.tenant(),
          recovery.workload(),
          null,
          note.type(),
          note.data(),
          recovery.id(),
          recovery.actor());
    }
    notes.clear();
    changed = false;
  }
}
