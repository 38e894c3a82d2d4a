package dev.semper.engine.recovery;

import dev.semper.engine.error.SemperException;
import dev.semper.engine.operation.Healer;
import dev.semper.engine.operation.Operation;
import dev.semper.engine.operation.OperationKind;
import dev.semper.engine.operation.OperationRequest;
import dev.semper.engine.operation.Operations;
import dev.semper.engine.spec.DependencySpec;
import dev.semper.engine.spec.RecoverySpec;
import dev.semper.engine.store.Batch;
import dev.semper.engine.workload.Workload;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sees which workloads are not well, and lets their recoveries begin: what others depend on first,
/// then first come, first served, no more at once than the server is to bear. One thread does it,
/// and sleeps while every workload is well, but for dropping what is too old to be kept.
final class Triage {
  private static final Logger LOG = LoggerFactory.getLogger(Triage.class);
  private static final Duration TURN = Duration.ofMillis(250);

  /// What fails together is not seen in the same instant: what others depend on may come last.
  private static final long GRACE = Duration.ofSeconds(1).toNanos();

  private static final Duration TRIM_EVERY = Duration.ofHours(1);
  private static final int MAX_DEPTH = 100;

  /// While more wait than may be at work, what changes in it is looked at together: each look goes
  /// through all that wait.
  private static final Duration GATHER = Duration.ofMillis(50);

  private record Key(String tenant, String name) {}

  /// @param depth how far down it hangs on others
  private record Place(Key key, int depth, long order) {}

  /// A workload that is not well.
  private static final class Case {
    final String uid;
    final Instant since;
    final long order;
    final long seen = System.nanoTime();
    Evidence evidence;
    volatile String reason = "";

    /// Its own rules keep it from a recovery until then.
    @Nullable Instant notBefore;

    /// When it has waited long enough by the monotonic clock: the wall clock may be put back.
    long waited;

    String rule = "";
    boolean limitTold;

    Case(String uid, Instant since, long order, Evidence evidence) {
      this.uid = uid;
      this.since = since;
      this.order = order;
      this.evidence = evidence;
    }

    /// @param most it may take at all; `until` may be reckoned from what has yet to come
    void waits(Instant until, Instant now, Duration most, String why) {
      Duration wait = Duration.between(now, until);
      notBefore = until;
      waited = System.nanoTime() + (wait.compareTo(most) < 0 ? wait : most).toNanos();
      rule = why;
    }
  }

  private final Doctor doctor;
  private final Operations operations;
  private final int atOnce;
  private final LinkedBlockingQueue<Key> changed = new LinkedBlockingQueue<>();
  private final Set<Key> queued = ConcurrentHashMap.newKeySet();
  private final Map<Key, Case> cases = new ConcurrentHashMap<>();
  private final Thread thread;
  private volatile boolean paused;
  private long order;
  private Instant trimmed = Instant.EPOCH;

  /// @param atOnce recoveries at work at once
  Triage(Doctor doctor, Operations operations, int atOnce) {
    this.doctor = doctor;
    this.operations = operations;
    this.atOnce = atOnce;
    thread = Thread.ofVirtual().name("recovery-triage").unstarted(this::run);
  }

  void start() {
    doctor.owners().onChange(this::changed);
    doctor.owners().list().forEach(this::changed);
    thread.start();
  }

  /// Called by owners: must not block.
  private void changed(Workload workload) {
    Key key = new Key(workload.tenant(), workload.name());
    doctor.vitals().changed(workload);
    boolean wanted = workload.spec().recovery().enabled() || cases.containsKey(key);
    if (wanted && queued.add(key)) {
      changed.add(key);
    }
  }

  /// The health of a workload has changed though the workload itself has not. Must not block.
  void changed(String tenant, String name) {
    doctor.owners().find(tenant, name).ifPresent(this::changed);
  }

  /// Whether none begins for now.
  boolean paused() {
    return paused;
  }

  void pause(boolean wanted) {
    paused = wanted;
  }

  private void run() {
    try {
      while (true) {
        Duration wait = cases.isEmpty() ? TRIM_EVERY : TURN;
        Key first = changed.poll(wait.toNanos(), TimeUnit.NANOSECONDS);
        List<Key> keys = new ArrayList<>();
        if (first != null) {
          if (cases.size() > atOnce) {
            Thread.sleep(GATHER);
          }
          keys.add(first);
          changed.drainTo(keys);
        }
        guarded(keys);
      }
    } catch (InterruptedException _) {
      // The server is closing.
    }
  }

  /// A defect met with one workload must not leave all others without recovery.
  private void guarded(List<Key> keys) throws InterruptedException {
    try {
      keys.forEach(this::look);
      turn();
      trim();
    } catch (RuntimeException e) {
      LOG.error("A turn of the triage of recoveries failed; the next one is soon", e);
      var _ = new CountDownLatch(1).await(TURN.toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  /// Also when the clock has jumped back.
  private void trim() throws InterruptedException {
    Instant now = doctor.clock().instant();
    if (Duration.between(trimmed, now).abs().compareTo(TRIM_EVERY) >= 0) {
      History.trim(doctor.store(), now);
      trimmed = now;
    }
  }

  private void look(Key key) {
    queued.remove(key);
    Optional<Workload> found = doctor.owners().find(key.tenant(), key.name());
    if (found.isEmpty() || !found.get().spec().recovery().enabled()) {
      cases.remove(key);
      return;
    }
    Workload workload = found.get();
    look(key, workload);
  }

  private void look(Key key, Workload workload) {
    Evidence evidence = doctor.vitals().of(workload);
    Case known = cases.get(key);
    // One that is neither well nor failing may become either without a change of its own.
    boolean well = evidence.healthy() && !evidence.failing();
    if (well || (evidence.status().equals(Evidence.UNKNOWN) && !workload.state().isMeantToRun())) {
      cases.remove(key);
    } else if (known == null || !known.uid.equals(workload.uid())) {
      cases.put(key, new Case(workload.uid(), doctor.clock().instant(), order++, evidence));
    } else {
      known.evidence = evidence;
    }
  }

  private void turn() throws InterruptedException {
    if (cases.isEmpty()) {
      return;
    }
    Map<Key, Workload> workloads = new HashMap<>();
    for (Key key : Set.copyOf(cases.keySet())) {
      Optional<Workload> found = doctor.owners().find(key.tenant(), key.name());
      if (found.isPresent()) {
        look(key, found.get());
        workloads.put(key, found.get());
      } else {
        cases.remove(key);
      }
    }
    Set<Key> healing = new HashSet<>();
    int free = atOnce;
    for (Operation open : operations.openRecoveries()) {
      healing.add(new Key(open.tenant(), String.valueOf(open.workload())));
      free -= open.actor().equals(Healer.ACTOR) ? 1 : 0;
    }
    for (Key key : inOrder(workloads)) {
      Case sick = cases.get(key);
      Workload workload = workloads.get(key);
      if (sick == null || workload == null) {
        continue;
      }
      String reason = reason(key, sick, workload, healing, free);
      if (reason.isEmpty()) {
        reason = begin(key, sick);
        if (reason.isEmpty()) {
          healing.add(key);
          free--;
        }
      }
      sick.reason = reason;
    }
  }

  /// What others depend on first.
  private List<Key> inOrder(Map<Key, Workload> workloads) {
    return cases.entrySet().stream()
        .map(e ->
            new Place(
                e.getKey(), depth(e.getKey(), workloads.get(e.getKey()), 0), e.getValue().order))
        .sorted(Comparator.comparingInt(Place::depth).thenComparingLong(Place::order))
        .map(Place::key)
        .toList();
  }

  private int depth(Key key, @Nullable Workload workload, int level) {
    if (workload == null || level > MAX_DEPTH) {
      return level;
    }
    int depth = 0;
    for (DependencySpec dependency : workload.spec().dependsOn()) {
      Workload on = doctor.owners().find(key.tenant(), dependency.workload()).orElse(null);
      depth = Math.max(depth, 1 + depth(key, on, level + 1));
    }
    return depth;
  }

  /// Why its recovery does not begin now; empty if it does.
  private String reason(Key key, Case sick, Workload workload, Set<Key> healing, int free)
      throws InterruptedException {
    RecoverySpec spec = workload.spec().recovery();
    Evidence evidence = sick.evidence;
    if (healing.contains(key)) {
      sick.notBefore = null;
      return "its recovery is at work";
    }
    if (!evidence.failing()) {
      return "it is " + evidence.text();
    }
    if (paused) {
      return "recoveries that begin by themselves are paused";
    }
    if (workload.operationId() != null) {
      return "operation " + workload.operationId() + " is working on it";
    }
    if (!evidence.probe().isEmpty() && evidence.failures() < spec.failureThreshold()) {
      return "failure %d of %d of probe %s"
          .formatted(evidence.failures(), spec.failureThreshold(), evidence.probe());
    }
    Instant refused = workload.refusedUntil();
    Instant now = doctor.clock().instant();
    if (refused != null && refused.isAfter(now)) {
      return "its circuit breaker takes no operation until " + refused;
    }
    String full = "%d recoveries are at work, as many as may be".formatted(atOnce);
    if (free <= 0 && sick.notBefore == null) {
      return full; // without reading the histories of a thousand that wait
    }
    Optional<String> rule = rule(key, sick, workload, now);
    if (rule.isPresent()) {
      return rule.get();
    }
    Optional<String> dependency = dependency(key, sick, workload, healing);
    if (dependency.isPresent()) {
      return dependency.get();
    }
    return free <= 0 ? full : "";
  }

  /// Its cooldown and its limit. Looked up in its history, but no more often than it can change.
  private Optional<String> rule(Key key, Case sick, Workload workload, Instant now)
      throws InterruptedException {
    Instant notBefore = sick.notBefore;
    if (notBefore != null && System.nanoTime() - sick.waited >= 0) {
      return Optional.empty(); // it has waited long enough, whatever the wall clock was set to
    }
    if (notBefore != null && notBefore.isAfter(now)) {
      return Optional.of(sick.rule);
    }
    RecoverySpec spec = workload.spec().recovery();
    History history = History.of(doctor.store(), workload, "");
    Optional<Instant> cooled =
        history
            .lastEnd()
            .map(end -> (end.isAfter(now) ? now : end).plus(spec.cooldown()))
            .filter(end -> end.isAfter(now));
    long attempts = history.automatic(spec.window(), now);
    if (attempts >= spec.maxAttempts()) {
      Instant over = history.oldest(spec.window(), now).plus(spec.window());
      Instant until = cooled.filter(over::isBefore).orElse(over);
      sick.waits(
          until,
          now,
          spec.window().plus(spec.cooldown()),
          "%d recoveries within %s, its limit; somebody has to look; none begins by itself until %s"
              .formatted(attempts, Plan.text(spec.window()), until));
      if (!sick.limitTold) {
        sick.limitTold = true;
        tell(key, sick.evidence, sick.rule);
      }
      return Optional.of(sick.rule);
    }
    if (cooled.isPresent()) {
      sick.waits(
          cooled.get(),
          now,
          spec.cooldown(),
          "in the cooldown of %s after its last recovery until %s"
              .formatted(Plan.text(spec.cooldown()), cooled.get()));
      return Optional.of(sick.rule);
    }
    sick.notBefore = null;
    return Optional.empty();
  }

  private void tell(Key key, Evidence evidence, String rule) throws InterruptedException {
    doctor
        .store()
        .commit(
            new Batch()
                .event(
                    doctor.clock().instant(),
                    key.tenant(),
                    key.name(),
                    null,
                    "recovery.limit_reached",
                    Map.of("reason", rule, "evidence", evidence.text()),
                    null,
                    Healer.ACTOR));
  }

  /// Something it needs is not well itself: healing it would not last.
  private Optional<String> dependency(Key key, Case sick, Workload workload, Set<Key> healing) {
    for (DependencySpec dependency : workload.spec().dependsOn()) {
      if (!dependency.required() || dependency.condition() == DependencySpec.Condition.COMPLETED) {
        continue;
      }
      Key other = new Key(key.tenant(), dependency.workload());
      Optional<Workload> on = doctor.owners().find(other.tenant(), other.name());
      if (on.isEmpty()) {
        continue;
      }
      if (healing.contains(other)) {
        return Optional.of("waiting for the recovery of " + other.name() + ", which it depends on");
      }
      if (System.nanoTime() - sick.seen < GRACE) {
        return Optional.of(
            "waiting a moment to see whether %s, which it depends on, fails too"
                .formatted(other.name()));
      }
      Evidence evidence = doctor.vitals().of(on.get());
      if (!evidence.up()) {
        return Optional.of(
            "waiting for %s, which it depends on, to be well: it is %s"
                .formatted(other.name(), evidence.text()));
      }
    }
    return Optional.empty();
  }

  /// @return why it could not begin; empty if it did
  private String begin(Key key, Case sick) throws InterruptedException {
    try {
      operations.submit(
          OperationRequest.of(key.tenant(), key.name(), OperationKind.RECOVER, Healer.ACTOR));
      sick.notBefore = null;
      return "";
    } catch (SemperException e) {
      LOG.debug("The recovery of {} does not begin: {}", key.name(), e.getMessage());
      return String.valueOf(e.getMessage());
    }
  }

  List<Pending> pending() {
    return cases.entrySet().stream()
        .filter(e -> e.getValue().evidence.failing())
        .sorted(Comparator.comparingLong(e -> e.getValue().order))
        .map(e -> {
          Case sick = e.getValue();
          return new Pending(
              e.getKey().tenant(),
              e.getKey().name(),
              sick.evidence.since(sick.since),
              sick.since,
              sick.reason);
        })
        .toList();
  }

  void close() throws InterruptedException {
    thread.interrupt();
    thread.join(Duration.ofSeconds(5));
  }
}
