package dev.semper.engine.health;

import dev.semper.engine.spec.ProbeSpec;
import dev.semper.engine.workload.Prober.Verdict;
import dev.semper.engine.workload.Prober.Watch;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Decides when each check begins and what its result means, by the rules of the kubelet's prober.
/// One thread calls [#turn]; it never blocks, owns all workers, and takes everything from others as
/// messages. Time is what the caller says, so that tests can turn it by hand. Anything thrown, even
/// an Error (out of files, the JVM cannot load a class), costs one check and not all probing.
final class ProbeScheduler implements Check.Sink {
  static final long NEVER = Long.MAX_VALUE;

  /// Commands cost processes and others connections of their own: no more of a method than that at
  /// a time, the others wait.
  static final int MAX_AT_A_TIME = 64;

  private static final Logger log = LoggerFactory.getLogger(ProbeScheduler.class);
  private static final long RETURN_WITHIN = TimeUnit.SECONDS.toNanos(5);

  private final Checker checker;
  private final StarvationGuard guard;
  private final Tally tally;
  private final Timing timing;
  private final InstantSource wall;
  private final LongSupplier nanos;
  private final Runnable wakeUp;

  private final Queue<Message> inbox = new ConcurrentLinkedQueue<>();
  private final Map<String, Watched> watched = new ConcurrentHashMap<>();
  private final TreeSet<Worker> due = new TreeSet<>(Worker::order);
  private final Map<String, Slots> slots = new HashMap<>();
  private final List<BiConsumer<Watch, ProbeResult>> listeners = new CopyOnWriteArrayList<>();
  private long workerIds;

  private sealed interface Message {
    record Watching(Watch watch) implements Message {}

    record Unwatching(String incarnation) implements Message {}

    record Ended(Check check, Outcome outcome, long at) implements Message {}
  }

  /// @param nanos monotonic, from 0 up
  /// @param wakeUp called by any thread after a message came in: a turn is due
  ProbeScheduler(
      Checker checker,
      StarvationGuard guard,
      Tally tally,
      Timing timing,
      InstantSource wall,
      LongSupplier nanos,
      Runnable wakeUp) {
    this.checker = checker;
    this.guard = guard;
    this.tally = tally;
    this.timing = timing;
    this.wall = wall;
    this.nanos = nanos;
    this.wakeUp = wakeUp;
  }

  void onResult(BiConsumer<Watch, ProbeResult> listener) {
    listeners.add(listener);
  }

  void watch(Watch watch) {
    post(new Message.Watching(watch));
  }

  void unwatch(String incarnation) {
    post(new Message.Unwatching(incarnation));
  }

  @Override
  public void ended(Check check, Outcome outcome, long at) {
    post(new Message.Ended(check, outcome, at));
  }

  private void post(Message message) {
    inbox.add(message);
    wakeUp.run();
  }

  List<ProbeResult> results(String incarnation) {
    Watched target = watched.get(incarnation);
    return target == null ? List.of() : target.results();
  }

  ProbeMetrics metrics() {
    return tally.metrics(nanos.getAsLong(), watched.size(), breakersOpen(), guard.isStarved());
  }

  private int breakersOpen() {
    int open = 0;
    for (Watched target : watched.values()) {
      for (Worker worker : target.workers()) {
        Breaker breaker = worker.breaker;
        open += breaker != null && breaker.isOpen() ? 1 : 0;
      }
    }
    return open;
  }

  /// Does all that is due and says when the next turn is due. Lateness is looked at before results
  /// are judged, results before deadlines.
  long turn() {
    long look = guardTurn();
    do {
      for (Message message = inbox.poll(); message != null; message = inbox.poll()) {
        take(message);
      }
      runDue();
    } while (!inbox.isEmpty());
    if (watched.isEmpty()) {
      guard.rest(nanos.getAsLong());
      return NEVER;
    }
    return due.isEmpty() ? look : Math.min(look, due.first().wakeAt);
  }

  private long guardTurn() {
    return watched.isEmpty() ? NEVER : guard.observe(nanos.getAsLong());
  }

  private void take(Message message) {
    try {
      switch (message) {
        case Message.Watching(Watch watch) -> begin(watch);
        case Message.Unwatching(String incarnation) -> drop(incarnation);
        case Message.Ended(Check check, Outcome outcome, long at) -> returned(check, outcome, at);
      }
    } catch (Throwable e) {
      tally.errors.increment();
      log.error("The prober could not take {}", message, e);
    }
  }

  private void runDue() {
    long now = nanos.getAsLong();
    while (!due.isEmpty() && due.first().wakeAt <= now) {
      Worker worker = due.removeFirst();
      try {
        wake(worker, now);
      } catch (Throwable e) {
        tally.errors.increment();
        log.error("The prober failed over {}", name(worker), e);
        worker.retryAt = 0;
        worker.next = now + worker.period;
        arrange(worker);
      }
      now = nanos.getAsLong();
    }
  }

  private void begin(Watch watch) {
    long now = nanos.getAsLong();
    Watched old = watched.get(watch.incarnation());
    Watched target = old != null ? old : new Watched(watch, now);
    List<Worker> workers = new ArrayList<>();
    for (ProbeSpec spec : watch.probes()) {
      Worker same = target.worker(spec.name());
      workers.add(same != null && same.spec.equals(spec) ? same : hire(target, watch, spec));
    }
    List<Worker> before = target.workers();
    target.change(watch, workers);
    before.stream().filter(w -> !workers.contains(w)).forEach(this::dismiss);
    watched.put(watch.incarnation(), target);
    arrangeAll(target, now);
  }

  private Worker hire(Watched target, Watch watch, ProbeSpec spec) {
    String word = watch.known().probes().get(spec.name());
    Worker worker = new Worker(workerIds++, target, spec, heard(spec, word));
    worker.done = worker.isStartup() && Boolean.TRUE.equals(worker.told);
    return worker;
  }

  /// A restart that was asked for but perhaps never came, because the server died, is asked for
  /// again: a failed startup or liveness probe begins anew.
  private static @Nullable Boolean heard(ProbeSpec spec, @Nullable String word) {
    if (word == null) {
      return null;
    }
    boolean passed = word.equals(Outcome.OK);
    return (passed || spec.type() == ProbeSpec.Type.READINESS) ? passed : null;
  }

  private void drop(String incarnation) {
    Watched target = watched.remove(incarnation);
    if (target != null) {
      List<Worker> workers = target.workers();
      target.change(target.watch(), List.of());
      workers.forEach(this::dismiss);
    }
  }

  private void dismiss(Worker worker) {
    due.remove(worker);
    if (worker.needsSlot()) {
      slots(worker).leave(worker);
    }
    Check check = worker.check;
    if (check != null) {
      check.cancel();
      checker.cancel(check);
    }
  }

  /// Gives every probe that has just become wanted its first time.
  private void arrangeAll(Watched target, long now) {
    for (Worker worker : target.workers()) {
      if (worker.check == null && !awaitsSlot(worker)) {
        if (target.wants(worker) && !due.contains(worker)) {
          worker.next = timing.first(worker, now);
        }
        arrange(worker);
      }
    }
  }

  private void arrange(Worker worker) {
    due.remove(worker);
    if (worker.target.wants(worker)) {
      worker.wakeAt = worker.retryAt != 0 ? worker.retryAt : worker.next;
      due.add(worker);
    }
  }

  private void wakeAt(Worker worker, long at) {
    due.remove(worker);
    worker.wakeAt = at;
    due.add(worker);
  }

  private void wake(Worker worker, long now) {
    Check check = worker.check;
    if (awaitsSlot(worker)) {
      stillWaiting(worker, now);
    } else if (check == null) {
      due(worker, now);
    } else if (!check.settled) {
      overdue(worker, check, now);
    } else {
      stillOccupied(worker, now);
    }
  }

  private void due(Worker worker, long now) {
    worker.planned = worker.wakeAt;
    if (worker.needsSlot() && !slots(worker).take(worker)) {
      wakeAt(worker, now + Math.max(worker.period, RETURN_WITHIN));
      return;
    }
    guard.checkLate(now, now - worker.planned, worker);
    dispatch(worker, now);
  }

  private void dispatch(Worker worker, long now) {
    Check check =
        new Check(
            worker,
            new Check.Subject(worker.target.watch(), worker.spec, worker.lastLook),
            nanos,
            this);
    worker.check = check;
    if (worker.retryAt == 0) {
      worker.next = timing.next(worker, now);
    }
    worker.retryAt = 0;
    if (worker.breaker != null) {
      worker.breaker.called();
    }
    wakeAt(worker, now + worker.timeout);
    tally.checks.increment();
    try {
      checker.start(check);
    } catch (Throwable e) {
      check.end(new Outcome.Erred("The check could not be started: " + e));
    }
  }

  /// The deadline counts from when the check really began.
  private void overdue(Worker worker, Check check, long now) {
    long deadline = check.began() + worker.timeout;
    if (!check.hasBegun()) {
      guard.checkLate(now, worker.timeout, worker);
      settle(worker, check, new Outcome.Erred("The check did not get to run in time"), now);
    } else if (now < deadline) {
      wakeAt(worker, deadline);
      return;
    } else {
      settle(worker, check, tooSlow(worker), now);
    }
    wakeAt(worker, now + RETURN_WITHIN);
    check.cancel();
    checker.cancel(check);
  }

  private static Outcome tooSlow(Worker worker) {
    return new Outcome.Failed("No answer within " + worker.spec.timeout().toMillis() + " ms");
  }

  /// A check has its result but does not return: its slot is not given twice.
  private void stillOccupied(Worker worker, long now) {
    erred(worker, "The check before has not returned", 0);
    wakeAt(worker, now + RETURN_WITHIN);
  }

  private void returned(Check check, Outcome outcome, long at) {
    Worker worker = check.worker;
    if (worker.needsSlot()) {
      freeSlot(worker);
    }
    if (!worker.target.workers().contains(worker)) {
      tally.dropped.increment();
      return;
    }
    worker.check = null;
    try {
      if (!check.settled) {
        boolean inTime = !check.hasBegun() || at - check.began() <= worker.timeout;
        settle(worker, check, inTime ? outcome : tooSlow(worker), at);
      }
    } finally {
      arrangeNext(worker);
    }
  }

  /// A check that took longer than its period is followed by the next one soon, as a ticker does.
  private void arrangeNext(Worker worker) {
    long now = nanos.getAsLong();
    if (worker.next <= now) {
      worker.next = timing.soon(worker, now);
    }
    arrange(worker);
  }

  private Slots slots(Worker worker) {
    return slots.computeIfAbsent(worker.spec.method().name(), _ -> new Slots(MAX_AT_A_TIME));
  }

  private boolean awaitsSlot(Worker worker) {
    return worker.needsSlot() && slots(worker).awaits(worker);
  }

  private void freeSlot(Worker worker) {
    Worker next = slots(worker).free();
    if (next != null) {
      dispatch(next, nanos.getAsLong());
    }
  }

  /// Nothing is said of the instance, but somebody may wonder.
  private void stillWaiting(Worker worker, long now) {
    erred(
        worker,
        "All %d places for checks by %s are taken"
            .formatted(slots(worker).places(), worker.spec.method().name()),
        0);
    wakeAt(worker, now + Math.max(worker.period, RETURN_WITHIN));
  }

  private void settle(Worker worker, Check check, Outcome outcome, long at) {
    check.settled = true;
    long took = check.hasBegun() ? at - check.began() : 0;
    if (check.hasBegun()) {
      long lateness = check.began() - worker.planned;
      tally.late(at, lateness);
      if (!worker.needsSlot()) {
        guard.checkLate(nanos.getAsLong(), lateness, worker);
      }
    }
    switch (outcome) {
      case Outcome.Passed() -> count(worker, true, Outcome.OK, took);
      case Outcome.Failed(String message) when isWithheld(worker) ->
          withhold(worker, message, took);
      case Outcome.Failed(String _) when worker.retries < worker.spec.retry().maxRetries() -> {
        tryAgain(worker);
        return;
      }
      case Outcome.Failed(String message) -> {
        tally.failures.increment();
        count(worker, false, message, took);
      }
      case Outcome.Erred(String message) -> erred(worker, message, took);
    }
    ProbeResult result = worker.last();
    if (result != null) {
      listeners.forEach(listener -> listener.accept(worker.target.watch(), result));
    }
  }

  private boolean isWithheld(Worker worker) {
    return worker.decidesRestart() && guard.isStarved();
  }

  private void withhold(Worker worker, String message, long took) {
    worker.streak.forget();
    guard.withheld();
    tally.withheld.increment();
    worker.retries = 0;
    worker.record(wall.instant(), ProbeResult.Kind.WITHHELD, took, message);
  }

  /// A try that is followed by another has no result of its own.
  private void tryAgain(Worker worker) {
    worker.retries++;
    worker.retryAt = nanos.getAsLong() + worker.spec.retry().before(worker.retries).toNanos();
  }

  private void erred(Worker worker, String message, long took) {
    tally.errors.increment();
    if (!worker.erring) {
      log.warn("Could not check {}, which changes nothing: {}", name(worker), message);
    }
    worker.erring = true;
    worker.retries = 0;
    worker.record(wall.instant(), ProbeResult.Kind.ERROR, took, message);
  }

  private void count(Worker worker, boolean passed, String message, long took) {
    worker.erring = false;
    worker.retries = 0;
    boolean reached = worker.streak.add(passed);
    Breaker breaker = worker.breaker;
    boolean opened = breaker != null && breaker.add(passed);
    String said = breaker != null && opened ? opened(worker, breaker, message) : message;
    worker.record(
        wall.instant(), passed ? ProbeResult.Kind.PASSED : ProbeResult.Kind.FAILED, took, said);
    Consumer<Verdict> checks = worker.target.watch().checks();
    if (checks != null) {
      hand(worker, checks, passed, said);
    }
    boolean news = worker.told == null || worker.told != passed || opened;
    if (reached && news) {
      tell(worker, passed, said);
    }
  }

  /// From now on the target is not called for a while.
  private String opened(Worker worker, Breaker breaker, String message) {
    worker.next = Math.max(worker.next, nanos.getAsLong() + breaker.recoveryNanos());
    return message + "; circuit open, the next check is in " + breaker.recoveryText();
  }

  private void tell(Worker worker, boolean passed, String message) {
    worker.told = passed;
    worker.done = passed ? worker.isStartup() : worker.decidesRestart();
    if (passed && worker.isStartup()) {
      worker.target.startupPassed();
      arrangeAll(worker.target, nanos.getAsLong());
    }
    hand(worker, worker.target.watch().verdicts(), passed, message);
  }

  private void hand(Worker worker, Consumer<Verdict> to, boolean passed, String message) {
    Verdict verdict =
        new Verdict(
            worker.target.watch().incarnation(),
            worker.spec.name(),
            worker.spec.type(),
            passed,
            message,
            worker.streak.failures());
    try {
      to.accept(verdict);
    } catch (RuntimeException e) {
      tally.errors.increment();
      log.error("The owner of {} did not take the verdict {}", name(worker), verdict, e);
    }
  }

  private static String name(Worker worker) {
    Watch watch = worker.target.watch();
    return "probe " + worker.spec.name() + " of " + watch.instance() + " (" + watch.tenant() + ")";
  }
}
