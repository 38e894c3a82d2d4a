package dev.semper.engine.hook;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.hook.HookRun.Occasion;
import dev.semper.engine.hook.HookRun.Status;
import dev.semper.engine.operation.StepHooks;
import dev.semper.engine.spec.HookSpec;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Event;
import dev.semper.engine.store.Row;
import dev.semper.engine.store.Store;
import dev.semper.engine.workload.Owners;
import dev.semper.engine.workload.State;
import dev.semper.engine.workload.Workload;
import dev.semper.spi.Driver;
import dev.semper.spi.Exit;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The hooks of all workloads: makes them due, runs them, remembers what came of them.
public final class Hooks implements StepHooks {
  private static final Logger LOG = LoggerFactory.getLogger(Hooks.class);

  /// Runs of a workload that are remembered once they have ended.
  static final int KEPT = 20;

  /// Hooks of one workload that can wait for their turn.
  static final int LONGEST_LANE = 1000;

  /// Events that are looked at twice after a crash, at most.
  private static final long CURSOR_STRIDE = 1000;

  private final Store store;
  private final Owners owners;
  private final Clock clock;
  private final Scripts scripts;
  private final Webhooks webhooks;
  private final Troubles troubles;
  private final Lanes lanes = new Lanes();
  private final AtomicLong lastSeq;
  private final Feed feed;
  private long savedCursor;

  /// Runs that have not ended, by id.
  private final Map<String, Open> open = new ConcurrentHashMap<>();

  /// A run under way.
  private static final class Open {
    volatile HookRun run;
    final CompletableFuture<HookRun> ended = new CompletableFuture<>();
    final CompletableFuture<Void> cancelled = new CompletableFuture<>();

    Open(HookRun run) {
      this.run = run;
    }
  }

  /// @param driver of kind `process`, which runs the scripts; null if there is none
  /// @param directory for the files of scripts while they run
  public Hooks(Store store, Owners owners, @Nullable Driver driver, Path directory, Clock clock) {
    this.store = store;
    this.owners = owners;
    this.clock = clock;
    scripts = new Scripts(driver, directory, clock);
    webhooks = new Webhooks(clock);
    troubles = new Troubles(store.events());
    lastSeq = new AtomicLong(store.lastHookRunSeq());
    savedCursor = store.hookCursor();
    feed = new Feed(store.events(), savedCursor, this::take);
  }

  /// Goes on with what an earlier server has left, and from its last event on. Drivers and
  /// workloads must be there.
  public void open() throws InterruptedException {
    List<HookRun> left = store.openHookRuns().stream().map(HookRun::of).toList();
    try {
      scripts.sweep(left);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (RuntimeException e) {
      LOG.warn("What earlier hooks have left could not be swept: {}", e.toString());
    }
    left.forEach(this::enqueue);
    forgetDeleted();
    feed.start();
  }

  /// Of workloads that are gone the last runs are told until the next start.
  private void forgetDeleted() throws InterruptedException {
    Batch batch = new Batch();
    for (Row.HookRun one : store.newestHookRuns()) {
      if (owners.find(one.tenant(), one.workload()).isEmpty()) {
        store.oldHookRuns(one.tenant(), one.workload(), 0).forEach(batch::delete);
      }
    }
    store.commit(batch);
  }

  /// Whether a driver's incarnation is a hook's script.
  public static boolean owns(String incarnation) {
    return Scripts.owns(incarnation);
  }

  /// The process driver reports the end of a script.
  public void exited(String incarnation, Exit exit) {
    scripts.exited(incarnation, exit);
  }

  /// The last runs of a workload's hooks, newest first.
  public List<HookRun> recent(String tenant, String workload, int limit) {
    return store.hookRuns(tenant, workload, limit).stream().map(HookRun::of).toList();
  }

  // What events bring about.

  private void take(List<Event> events, long last) throws InterruptedException {
    Batch batch = new Batch();
    List<HookRun> due = new ArrayList<>();
    for (Event event : events) {
      due.addAll(due(event, batch));
    }
    due.forEach(run -> batch.put(run.row()));
    if (!batch.isEmpty() || last - savedCursor >= CURSOR_STRIDE) {
      store.commit(batch.put(new Row.HookCursor(last)));
      savedCursor = last;
    }
    due.forEach(this::enqueue);
  }

  private List<HookRun> due(Event event, Batch batch) {
    String name = event.workload();
    if (event.type().equals("workload.deleted")) {
      troubles.forget(event);
    }
    if (name == null || !Occasions.EVENTS.contains(event.type())) {
      return List.of();
    }
    Optional<Workload> workload = owners.find(event.tenant(), name);
    if (workload.isEmpty() || workload.get().spec().hooks().isEmpty()) {
      return List.of();
    }
    Occasions.Verdict verdict = troubles.take(event, workload.get().spec());
    List<HookRun> runs = new ArrayList<>();
    for (Occasions.Due due : verdict.due()) {
      workload
          .get()
          .spec()
          .hook(due.type())
          .filter(hook -> wanted(hook, due, event, workload.get()))
          .map(hook -> run(hook, due, event, workload.get()))
          .filter(run -> hasRoom(run, batch))
          .ifPresent(runs::add);
    }
    return runs;
  }

  private boolean wanted(HookSpec hook, Occasions.Due due, Event event, Workload workload) {
    if (workload.state() == State.MAINTENANCE && due.type() != HookSpec.Type.ON_STOP) {
      return false; // It is out of supervision.
    }
    if (!hook.everyCheck()) {
      return !due.check();
    }
    // Each check of a probe has an event of its own, which makes those of its verdicts superfluous.
    boolean told =
        event.type().startsWith("instance.probe_")
            || (event.type().equals("instance.ready") && !workload.spec().probes().isEmpty());
    boolean check = event.type().equals("instance.checked");
    return !told && !(check && isWaiting(hook, event));
  }

  /// A check more adds nothing to one that waits for its turn already.
  private boolean isWaiting(HookSpec hook, Event event) {
    return open.values().stream()
        .map(o -> o.run)
        .anyMatch(r ->
            r.status() == Status.WAITING
                && r.hook().type() == hook.type()
                && r.tenant().equals(event.tenant())
                && r.workload().equals(event.workload())
                && Objects.equals(r.occasion().instance(), event.instance()));
  }

  private HookRun run(HookSpec hook, Occasions.Due due, Event event, Workload workload) {
    WorkloadSpec spec = workload.spec();
    Occasion occasion =
        new Occasion(
            event.seq(),
            event.at(),
            event.instance(),
            spec.kind(),
            spec.version(),
            state(event, workload),
            due.reason(),
            due.failures(),
            event.operationId(),
            event.data());
    return HookRun.due(
        event.seq() + "." + hook.type().id(),
        lastSeq.incrementAndGet(),
        workload.tenant(),
        workload.name(),
        workload.uid(),
        hook,
        occasion,
        clock.instant());
  }

  /// Right after the event, which is a moment ago.
  private static String state(Event event, Workload workload) {
    return event.type().equals("workload.state_changed")
        ? String.valueOf(event.data().get("to"))
        : workload.state().id();
  }

  private boolean hasRoom(HookRun run, Batch batch) {
    if (lanes.waiting(lane(run)) < LONGEST_LANE) {
      return true;
    }
    batch.event(
        clock.instant(),
        run.tenant(),
        run.workload(),
        run.occasion().instance(),
        "hook.dropped",
        Map.of(
            "delivery", run.id(),
            "hook", run.hook().type().id(),
            "message", LONGEST_LANE + " hooks of the workload wait for their turn already"),
        run.occasion().operationId(),
        "system");
    return false;
  }

  // What operations bring about.

  @Override
  public Ticket due(
      String id,
      Workload workload,
      WorkloadSpec spec,
      HookSpec hook,
      String operationId,
      String reason)
      throws InterruptedException {
    Open known = open.get(id);
    if (known == null) {
      Optional<Row.HookRun> before = store.hookRun(id);
      if (before.isPresent() && !before.get().open()) {
        HookRun ended = HookRun.of(before.get());
        return ticket(ended, CompletableFuture.completedFuture(ended));
      }
      Occasion occasion =
          new Occasion(
              0,
              clock.instant(),
              null,
              spec.kind(),
              spec.version(),
              workload.state().id(),
              reason,
              0,
              operationId,
              Map.of("from_version", workload.spec().version()));
      HookRun run =
          HookRun.due(
              id,
              lastSeq.incrementAndGet(),
              workload.tenant(),
              workload.name(),
              workload.uid(),
              hook,
              occasion,
              clock.instant());
      store.commit(new Batch().put(run.row()));
      known = enqueue(run);
    }
    return ticket(known.run, known.ended);
  }

  private Ticket ticket(HookRun run, CompletableFuture<HookRun> ended) {
    return new Ticket() {
      @Override
      public Optional<End> end() {
        return ended.isDone() ? Optional.of(told(ended.join())) : Optional.empty();
      }

      @Override
      public void cancel() {
        Hooks.this.cancel(run.id());
      }
    };
  }

  private static End told(HookRun run) {
    boolean ok = run.success();
    String said = !ok && !run.stderr().isBlank() ? run.stderr() : run.stdout();
    return new End(ok ? "" : error(run, Tail.lastLine(said)), said.strip());
  }

  /// Names the hook, what it ended with, and what it said last.
  private static String error(HookRun run, String said) {
    return "hook %s of %s %s%s"
        .formatted(
            run.hook().type().id(),
            run.workload(),
            run.message(),
            said.isEmpty() ? "" : ": " + said);
  }

  private void cancel(String id) {
    Open known = open.get(id);
    if (known != null) {
      known.cancelled.complete(null);
      Thread.startVirtualThread(() -> scripts.cancel(known.run));
    }
  }

  @Override
  public void catchUp() throws InterruptedException {
    feed.catchUp();
  }

  // Running.

  private Open enqueue(HookRun run) {
    Open fresh = new Open(run);
    open.put(run.id(), fresh);
    lanes.add(lane(run), () -> carryOut(fresh));
    return fresh;
  }

  /// What an operation waits for does not stand behind what has nothing to do with it; but the last
  /// of all hooks comes last.
  private static String lane(HookRun run) {
    boolean waitedFor = run.occasion().eventSeq() == 0;
    return waitedFor && run.hook().type() != HookSpec.Type.ON_DESTROY
        ? run.id()
        : run.tenant() + "/" + run.uid();
  }

  private void carryOut(Open known) throws InterruptedException {
    try {
      finish(known, ending(known));
    } catch (SemperException e) {
      LOG.warn("Hook {} stays open, for the next server: {}", known.run.id(), e.getMessage());
    } catch (RuntimeException e) {
      if (Thread.interrupted()) { // the server is closing, and a driver said so in its own words
        throw new InterruptedException(e.toString());
      }
      LOG.error("Hook {} met a defect", known.run.id(), e);
      finish(known, Ending.without(Status.FAILED, "internal error: " + e));
    }
  }

  private Ending ending(Open known) throws InterruptedException {
    if (known.run.hook().webhook() != null) {
      begin(known);
      return webhooks.send(known.run, known.cancelled);
    }
    scripts.take();
    try {
      while (true) {
        if (known.cancelled.isDone() && known.run.status() == Status.WAITING) {
          return Ending.without(Status.CANCELLED, "was cancelled");
        }
        begin(known);
        switch (scripts.run(known.run)) {
          case Scripts.Outcome.Ended(Ending ending) -> {
            return ending;
          }
          case Scripts.Outcome.Interrupted(String why) -> again(known, why);
        }
      }
    } finally {
      scripts.give();
    }
  }

  /// That it runs is durable before it does.
  private void begin(Open known) throws InterruptedException {
    if (known.run.status() == Status.WAITING) {
      HookRun running = known.run.running(clock.instant());
      store.commit(new Batch().put(running.row()));
      known.run = running;
    }
  }

  private void again(Open known, String why) throws InterruptedException {
    HookRun again = known.run.again();
    Batch batch = new Batch().put(again.row());
    event(batch, again, "hook.interrupted", Map.of("message", why, "attempt", again.attempt()));
    store.commit(batch);
    scripts.forget(known.run);
    known.run = again;
  }

  private void finish(Open known, Ending ending) throws InterruptedException {
    Instant now = clock.instant();
    HookRun ended = known.run.ended(ending, now);
    Map<String, Object> facts = new HashMap<>();
    facts.put("attempt", ended.attempt());
    if (ended.exitCode() != null) {
      facts.put("exit_code", ended.exitCode());
    }
    if (ended.httpStatus() > 0) {
      facts.put("http_status", ended.httpStatus());
    }
    if (!ended.message().isEmpty()) {
      facts.put("message", ended.message());
    }
    Instant started = ended.startedAt();
    if (started != null) {
      facts.put("duration_ms", Math.max(0, Duration.between(started, now).toMillis()));
    }
    Batch batch = new Batch().put(ended.row());
    store.oldHookRuns(ended.tenant(), ended.workload(), KEPT).forEach(batch::delete);
    event(batch, ended, type(ended.status()), facts);
    store.commit(batch);
    open.remove(ended.id());
    known.run = ended;
    known.ended.complete(ended);
    scripts.forget(ended);
    owners.nudge(ended.tenant(), ended.workload());
  }

  private static String type(Status status) {
    return switch (status) {
      case SUCCEEDED -> "hook.completed";
      case TIMED_OUT -> "hook.timed_out";
      case CANCELLED -> "hook.cancelled";
      case FAILED, WAITING, RUNNING -> "hook.failed";
    };
  }

  private void event(Batch batch, HookRun run, String type, Map<String, Object> more) {
    Map<String, Object> facts = new HashMap<>(more);
    facts.put("delivery", run.id());
    facts.put("hook", run.hook().type().id());
    batch.event(
        clock.instant(),
        run.tenant(),
        run.workload(),
        run.occasion().instance(),
        type,
        facts,
        run.occasion().operationId(),
        "system");
  }

  // Whether they can run here.

  @Override
  public void check(List<WorkloadSpec> specs) {
    List<Problem> problems = new ArrayList<>();
    for (WorkloadSpec spec : specs) {
      for (HookSpec hook : spec.hooks()) {
        check(hook, "workloads." + spec.name() + ".hooks." + hook.type().id(), problems);
      }
    }
    if (!problems.isEmpty()) {
      throw new SemperException(
          ErrorCode.INVALID_SPEC,
          "Hooks cannot be run here: " + problems.getFirst(),
          problems,
          Map.of());
    }
  }

  private void check(HookSpec hook, String path, List<Problem> problems) {
    HookSpec.Webhook webhook = hook.webhook();
    if (webhook != null) {
      String secret = webhook.secretFile();
      if (secret != null && !Files.isReadable(Path.of(secret))) {
        problems.add(
            new Problem(
                path + ".webhook.secret_file",
                0,
                secret + (Files.exists(Path.of(secret)) ? " cannot be read" : " does not exist")));
      }
      return;
    }
    Path script = Path.of(hook.command().getFirst());
    if (!scripts.available()) {
      problems.add(
          new Problem(path, 0, "scripts need the driver of kind process, which is absent"));
    } else if (!Files.exists(script)) {
      problems.add(new Problem(path, 0, script + " does not exist"));
    } else if (!Files.isRegularFile(script)) {
      problems.add(new Problem(path, 0, script + " is not a file"));
    } else if (hook.user() == null && !Files.isExecutable(script)) {
      problems.add(new Problem(path, 0, script + " is not executable: chmod +x it"));
    }
  }

  /// Leaves alone what runs: the next server finds it again.
  public void close() throws InterruptedException {
    feed.close();
    lanes.close();
  }
}
