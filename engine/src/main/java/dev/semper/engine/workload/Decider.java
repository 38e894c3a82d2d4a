package dev.semper.engine.workload;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.spec.ConfigSpec;
import dev.semper.engine.spec.ProbeSpec;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.workload.Instance.Health;
import dev.semper.engine.workload.Instance.Phase;
import dev.semper.spi.Exit;
import dev.semper.spi.Launch;
import dev.semper.spi.Running;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Decides what an event means for a workload. One object decides one event: it starts from the
/// workload as it is, collects what changes, and is thrown away. Deciding has no side effects.
final class Decider {
  private static final int FAILURES_THAT_OPEN_THE_CIRCUIT = 5;
  private static final Duration CIRCUIT_OPEN = Duration.ofSeconds(60);
  private static final Duration SHORTEST_RECHECK = Duration.ofMillis(10);

  private final Workload before;
  private final Surroundings here;
  private final Instant now;
  private final Map<String, Instance> instances = new LinkedHashMap<>();
  private final TreeMap<Long, WorkloadSpec> specs;
  private final List<Decision.Note> notes = new ArrayList<>();
  private final List<Effect> effects = new ArrayList<>();
  private State state;
  private Instant stateSince;
  private Desired desired;
  private String reason;
  private long generation;
  private long previousGeneration;
  private @Nullable String operationId;
  private int failures;
  private @Nullable Instant refusedUntil;
  private long launches;

  /// The operation that works on it lets it settle.
  private boolean resting;

  /// When to look again at dependencies.
  private @Nullable Duration recheck;

  private Decider(Workload before, Surroundings here) {
    this.before = before;
    this.here = here;
    this.now = here.now();
    before.instances().forEach(i -> instances.put(i.incarnation(), i));
    specs = new TreeMap<>(before.specs());
    state = before.state();
    stateSince = before.stateSince();
    desired = before.desired();
    reason = before.reason();
    generation = before.generation();
    previousGeneration = before.previousGeneration();
    operationId = before.operationId();
    failures = before.failures();
    refusedUntil = before.refusedUntil();
    launches = before.launches();
  }

  /// @throws SemperException if the event asks for something that is not possible now
  static Decision decide(Workload now, WorkloadEvent event, Surroundings here) {
    Decider decider = new Decider(now, here);
    decider.handle(event);
    if (!(event instanceof WorkloadEvent.Force)) {
      decider.settle();
    }
    decider.lookAgain();
    return new Decision(decider.result(), List.copyOf(decider.notes), List.copyOf(decider.effects));
  }

  private void handle(WorkloadEvent event) {
    switch (event) {
      case WorkloadEvent.Begin(String id, String kind) -> begin(id, kind);
      case WorkloadEvent.Finish(String id, boolean failed) -> finish(id, failed);
      case WorkloadEvent.Rest(String id) -> resting = id.equals(operationId);
      case WorkloadEvent.Move(Trigger trigger, String why, boolean again) ->
          move(trigger, why, again);
      case WorkloadEvent.Want(Desired wanted) -> want(wanted);
      case WorkloadEvent.Adopt(long g, WorkloadSpec spec, long previous) ->
          adopt(g, spec, previous);
      case WorkloadEvent.Launch(int ordinal, long g, WorkloadSpec spec, boolean candidate) ->
          launch(ordinal, g, spec, candidate);
      case WorkloadEvent.Promote(int ordinal, long g) -> promote(ordinal, g);
      case WorkloadEvent.Configured(int ordinal, long g, WorkloadSpec spec) ->
          configured(ordinal, g, spec);
      case WorkloadEvent.Stop stop -> stop(stop);
      case WorkloadEvent.Clear() -> clear();
      case WorkloadEvent.Force(State to, String actor, String why) -> force(to, actor, why);
      case WorkloadEvent.Launched(String incarnation, Running running) -> {
        if (!instances.containsKey(incarnation)) {
          // Its exit was heard of first.
          effects.add(new Effect.Forget(incarnation));
        }
        on(incarnation, i -> launched(i, running));
      }
      case WorkloadEvent.LaunchFailed(String incarnation, String message, boolean retryable) ->
          on(incarnation, i -> launchFailed(i, message, retryable));
      case WorkloadEvent.Attached(String incarnation, Running running) ->
          on(incarnation, i -> attached(i, running));
      case WorkloadEvent.Exited(String incarnation, Exit exit, Duration uptime) ->
          exited(incarnation, exit, uptime);
      case WorkloadEvent.Probed(Prober.Verdict verdict) ->
          on(verdict.incarnation(), i -> probed(i, verdict));
      case WorkloadEvent.Checked(Prober.Verdict check) ->
          on(
              check.incarnation(),
              i -> {
                Map<String, Object> facts = new HashMap<>(probeFacts(i, check));
                facts.put("passed", check.passed());
                note(i, "instance.checked", facts);
              });
      case WorkloadEvent.UpLongEnough(String incarnation) -> on(incarnation, this::upLongEnough);
      case WorkloadEvent.BackoffOver(String incarnation) -> on(incarnation, this::backoffOver);
      case WorkloadEvent.Reevaluate() -> reevaluate();
      case WorkloadEvent.Noticed(String incarnation, String message) ->
          on(incarnation, i -> note(i, "instance.notice", Map.of("message", message)));
    }
  }

  // What operations ask for.

  private void begin(String id, String kind) {
    if (operationId != null && !operationId.equals(id)) {
      throw new SemperException(
          ErrorCode.OPERATION_IN_PROGRESS,
          "Operation %s is working on workload %s; wait for it or cancel it"
              .formatted(operationId, before.name()),
          List.of(),
          Map.of("operation_id", operationId));
    }
    if (operationId == null) {
      operationId = id;
      note("workload.operation_began", Map.of("operation_id", id, "kind", kind));
    }
  }

  private void finish(String id, boolean failed) {
    if (!id.equals(operationId)) {
      return;
    }
    operationId = null;
    if (!failed) {
      failures = 0;
      refusedUntil = null;
      return;
    }
    failures++;
    if (failures >= FAILURES_THAT_OPEN_THE_CIRCUIT) {
      refusedUntil = now.plus(CIRCUIT_OPEN);
      note(
          "workload.circuit_opened",
          Map.of("failures", failures, "until", String.valueOf(refusedUntil)));
    }
  }

  private void move(Trigger trigger, String why, boolean again) {
    Optional<State> next = Lifecycle.next(state, trigger);
    if (next.isPresent()) {
      to(next.get(), trigger, why);
    } else if (!again || !leadsTo(trigger, state)) {
      throw Lifecycle.illegal(result(), trigger);
    }
  }

  private static boolean leadsTo(Trigger trigger, State state) {
    return Lifecycle.TABLE.transitions().stream()
        .anyMatch(t -> t.trigger() == trigger && t.to() == state);
  }

  private void to(State next, Trigger trigger, String why) {
    note(
        "workload.state_changed",
        Map.of("from", state.id(), "to", next.id(), "trigger", trigger.id(), "reason", why));
    boolean maintained = state == State.MAINTENANCE;
    state = next;
    stateSince = now;
    reason = why;
    if (maintained) {
      endMaintenance();
    }
  }

  /// What was put off meanwhile.
  private void endMaintenance() {
    reevaluate();
    for (Instance instance : List.copyOf(instances.values())) {
      boolean up = instance.phase() == Phase.STARTING || instance.phase() == Phase.RUNNING;
      List<String> failed =
          spec(instance.generation()).probes().stream()
              .filter(p -> p.type() != ProbeSpec.Type.READINESS && fails(instance, p))
              .map(ProbeSpec::name)
              .toList();
      if (up && !failed.isEmpty()) {
        // Its probe holds after a failure; asked anew, it says whether that still is so. Nobody is
        // to act on what it said before.
        Map<String, String> words = new HashMap<>(instance.health().probes());
        words.keySet().removeAll(failed);
        Health old = instance.health();
        Instance asked = put(instance.with(new Health(old.started(), old.ready(), true, words)));
        effects.add(new Effect.Unwatch(asked.incarnation()));
        effects.add(new Effect.Watch(asked));
      }
    }
  }

  private static boolean fails(Instance instance, ProbeSpec probe) {
    String said = said(instance, probe);
    return !said.isEmpty() && !said.equals("ok");
  }

  private static String said(Instance instance, ProbeSpec probe) {
    return instance.health().probes().getOrDefault(probe.name(), "");
  }

  private void want(Desired wanted) {
    if (desired != wanted) {
      desired = wanted;
      note("workload.desired_changed", Map.of("desired", wanted.id()));
    }
  }

  private void adopt(long g, WorkloadSpec spec, long previous) {
    if (generation == g) {
      return;
    }
    specs.put(g, spec);
    generation = g;
    previousGeneration = previous;
    note("workload.generation_changed", Map.of("generation", g, "version", spec.version()));
    for (Instance instance : List.copyOf(instances.values())) {
      if (!instance.isLive() && instance.ordinal() >= spec.instances()) {
        remove(instance);
      }
    }
    for (Instance instance : List.copyOf(instances.values())) {
      if (instance.generation() != g && instance.phase() != Phase.STOPPING) {
        Instance adopted = put(instance.of(g, instance.candidate()));
        if (adopted.phase() == Phase.STARTING || adopted.phase() == Phase.RUNNING) {
          adopted = forgetOldProbes(adopted);
          effects.add(new Effect.Watch(adopted));
        }
        if (adopted.phase() == Phase.STARTING) {
          Instant since = adopted.startedAt() == null ? adopted.since() : adopted.startedAt();
          minimumUptime(adopted, Duration.between(since, now));
        }
      }
    }
    reevaluate();
  }

  /// What runs of a copy has been given another revision of its configuration, and with it the
  /// specification that says so.
  private void configured(int ordinal, long g, WorkloadSpec spec) {
    specs.put(g, spec);
    ConfigSpec config = spec.config();
    Long revision = config == null ? null : config.revision();
    for (Instance instance : List.copyOf(instances.values())) {
      boolean has =
          instance.generation() == g && Objects.equals(instance.configRevision(), revision);
      if (instance.ordinal() == ordinal && instance.phase() != Phase.STOPPING && !has) {
        // One that waits gets it with its launch.
        Long now = instance.isLive() ? revision : instance.configRevision();
        Instance changed = put(instance.of(g, instance.candidate()).configured(now));
        if (instance.isLive() && revision != null) {
          note(
              changed,
              "instance.configured",
              Map.of("incarnation", changed.incarnation(), "config_revision", revision));
        }
      }
    }
  }

  /// What probes that are gone have said does not count any more.
  private Instance forgetOldProbes(Instance instance) {
    Map<String, String> probes = new HashMap<>();
    for (ProbeSpec probe : spec(instance.generation()).probes()) {
      String said = said(instance, probe);
      if (!said.isEmpty()) {
        probes.put(probe.name(), said);
      }
    }
    Health old = instance.health();
    boolean live = lives(instance.with(new Health(old.started(), old.ready(), true, probes)));
    Instance changed = put(instance.with(new Health(old.started(), old.ready(), live, probes)));
    return changed.phase() == Phase.RUNNING ? routed(changed) : changed;
  }

  /// Liveness holds until a probe says otherwise.
  private boolean lives(Instance instance) {
    return spec(instance.generation()).probes(ProbeSpec.Type.LIVENESS).stream()
        .noneMatch(p -> fails(instance, p));
  }

  private void launch(int ordinal, long g, WorkloadSpec spec, boolean candidate) {
    specs.put(g, spec);
    for (Instance instance : List.copyOf(instances.values())) {
      if (instance.ordinal() != ordinal) {
        continue;
      }
      switch (instance.phase()) {
        case LAUNCHING, STARTING, RUNNING, RESTARTING, BACKOFF -> {
          if (instance.generation() == g) {
            return;
          }
        }
        case ENDED, FAILED -> {
          // A candidate may yet turn out to be no better.
          if (!candidate || instance.generation() == g) {
            remove(instance);
          }
        }
        case STOPPING -> {}
      }
    }
    Instance fresh = fresh(ordinal, g, candidate, List.of(), 0, null, launchCause());
    launchOrWait(fresh, "asked for");
  }

  private Instance fresh(
      int ordinal,
      long g,
      boolean candidate,
      List<Instant> attempts,
      int restarts,
      @Nullable Exit lastExit,
      Launch.Cause cause) {
    launches++;
    String incarnation = before.uid() + "." + ordinal + "." + launches;
    WorkloadSpec spec = spec(g);
    int port =
        spec.port() == null
            ? 0
            : spec.port().auto() ? here.freePort().getAsInt() : spec.port().number();
    return new Instance(
        incarnation,
        ordinal,
        g,
        Phase.BACKOFF,
        candidate,
        null,
        port,
        now,
        null,
        null,
        "",
        Health.NEW,
        lastExit,
        attempts,
        restarts,
        cause,
        null);
  }

  /// What an operation launches.
  private Launch.Cause launchCause() {
    return switch (state) {
      case RESTARTING -> Launch.Cause.RESTART;
      case UPDATING -> Launch.Cause.UPDATE;
      case INACTIVE, INSTALLING, INSTALLED, CONFIGURING, STARTING, RUNNING -> Launch.Cause.START;
      case STOPPING, STOPPED, UNINSTALLING, ERROR, MAINTENANCE, DISABLED -> Launch.Cause.START;
    };
  }

  private WorkloadSpec spec(long g) {
    WorkloadSpec spec = specs.get(g);
    if (spec == null) {
      spec = specs.get(generation);
    }
    if (spec == null) {
      throw new IllegalStateException("no specification of generation " + g + " at hand");
    }
    return spec;
  }

  private void promote(int ordinal, long g) {
    for (Instance instance : List.copyOf(instances.values())) {
      if (instance.ordinal() != ordinal) {
        continue;
      }
      if (instance.generation() == g && instance.candidate()) {
        put(instance.of(g, false));
      } else if (instance.generation() != g && !instance.isLive()) {
        remove(instance); // It was kept in case its successor is no better.
      }
    }
  }

  private void stop(WorkloadEvent.Stop stop) {
    for (Instance instance : List.copyOf(instances.values())) {
      boolean ordinal = stop.ordinal() < 0 || instance.ordinal() == stop.ordinal();
      boolean generation =
          stop.generation() == 0 || (instance.generation() == stop.generation()) != stop.others();
      if (ordinal && generation) {
        stop(instance, stop.reason(), stop.ordinal() >= 0);
      }
    }
  }

  private void stop(Instance instance, String why, boolean retire) {
    switch (instance.phase()) {
      case LAUNCHING, STARTING, RUNNING, RESTARTING -> halt(instance, Phase.STOPPING, why);
      case BACKOFF, FAILED, ENDED -> {
        if (retire) {
          remove(instance);
        } else if (instance.phase() != Phase.ENDED) {
          put(instance.to(Phase.ENDED, why, now));
        }
      }
      case STOPPING -> {}
    }
  }

  /// Ends what runs; what comes after its exit depends on the phase.
  private void halt(Instance instance, Phase phase, String why) {
    Instance halting = put(instance.to(phase, why, now));
    note(halting, "instance.stopping", Map.of("reason", why));
    effects.add(new Effect.Unwatch(instance.incarnation()));
    effects.add(new Effect.Stop(halting, spec(instance.generation()).stop()));
  }

  private void clear() {
    for (Instance instance : List.copyOf(instances.values())) {
      if (!instance.isLive()) {
        remove(instance);
      }
    }
  }

  private void force(State to, String actor, String why) {
    note(
        "workload.state_forced",
        Map.of("from", state.id(), "to", to.id(), "by", actor, "reason", why));
    boolean maintained = state == State.MAINTENANCE;
    state = to;
    stateSince = now;
    reason = "forced by " + actor + (why.isEmpty() ? "" : ": " + why);
    failures = 0;
    refusedUntil = null;
    if (maintained && to != State.MAINTENANCE) {
      endMaintenance();
    }
  }

  // Facts from the world.

  private void launched(Instance instance, Running running) {
    if (instance.phase() == Phase.LAUNCHING) {
      started(instance, running);
    }
    // Otherwise it was told to stop while it was being launched; that stop is on its way.
  }

  private void started(Instance instance, Running running) {
    Instance up =
        put(
            new Instance(
                instance.incarnation(),
                instance.ordinal(),
                instance.generation(),
                Phase.STARTING,
                instance.candidate(),
                running.handle(),
                instance.port(),
                now,
                running.startedAt(),
                null,
                "",
                Health.NEW,
                instance.lastExit(),
                instance.attempts(),
                instance.restarts(),
                instance.cause(),
                instance.configRevision()));
    note(
        up,
        "instance.started",
        Map.of("incarnation", up.incarnation(), "handle", running.handle(), "port", up.port()));
    effects.add(new Effect.Watch(up));
    minimumUptime(up, Duration.ZERO);
  }

  private void minimumUptime(Instance instance, Duration uptime) {
    WorkloadSpec spec = spec(instance.generation());
    if (spec.probes(ProbeSpec.Type.STARTUP).isEmpty()) {
      Duration left = spec.startSeconds().minus(uptime);
      effects.add(
          new Effect.Later(
              new WorkloadEvent.UpLongEnough(instance.incarnation()),
              left.isNegative() ? Duration.ZERO : left));
    }
  }

  private void attached(Instance instance, Running running) {
    switch (instance.phase()) {
      case LAUNCHING -> started(instance, running);
      case STARTING -> {
        effects.add(new Effect.Watch(instance));
        minimumUptime(instance, Duration.between(running.startedAt(), now));
      }
      case RUNNING -> effects.add(new Effect.Watch(instance));
      case STOPPING, RESTARTING ->
          effects.add(new Effect.Stop(instance, spec(instance.generation()).stop()));
      case BACKOFF, ENDED, FAILED -> {}
    }
    note(
        instance,
        "instance.attached",
        Map.of("incarnation", instance.incarnation(), "handle", running.handle()));
  }

  private void launchFailed(Instance instance, String message, boolean retryable) {
    if (!instance.isLive()) {
      return;
    }
    note(
        instance,
        "instance.launch_failed",
        Map.of(
            "incarnation", instance.incarnation(),
            "message", message,
            "candidate", instance.candidate()));
    effects.add(new Effect.Forget(instance.incarnation()));
    if (instance.phase() == Phase.STOPPING) {
      stopped(instance);
    } else if (instance.candidate() || !retryable) {
      put(instance.to(Phase.FAILED, message, now));
    } else {
      again(instance, Exit.unknown(now, message), Duration.ZERO, true);
    }
  }

  private void exited(String incarnation, Exit exit, Duration uptime) {
    effects.add(new Effect.Unwatch(incarnation));
    effects.add(new Effect.Forget(incarnation));
    Instance known = instances.get(incarnation);
    if (known == null || !known.isLive()) {
      return;
    }
    Instance instance = put(known.ended(exit));
    note(instance, "instance.exited", exitFacts(instance, exit, uptime));
    switch (instance.phase()) {
      case STOPPING -> stopped(instance);
      case RESTARTING -> again(instance, exit, uptime, true);
      case LAUNCHING, STARTING, RUNNING -> {
        if (instance.candidate()) {
          put(instance.to(Phase.FAILED, "ended with " + exit + " before it was ready", now));
        } else {
          again(instance, exit, uptime, false);
        }
      }
      case BACKOFF, ENDED, FAILED -> {}
    }
  }

  private void stopped(Instance instance) {
    boolean surplus = instance.ordinal() >= spec(generation).instances();
    boolean replaced = any(i -> i.ordinal() == instance.ordinal() && i.phase() != Phase.STOPPING);
    if (surplus || replaced) {
      instances.remove(instance.incarnation());
    } else {
      put(instance.to(Phase.ENDED, instance.reason(), now));
    }
  }

  private static Map<String, Object> exitFacts(Instance instance, Exit exit, Duration uptime) {
    Map<String, Object> facts = new HashMap<>();
    facts.put("incarnation", instance.incarnation());
    facts.put("exit", exit.toString());
    if (exit.code() != null) {
      facts.put("code", exit.code());
    }
    if (exit.signal() != null) {
      facts.put("signal", exit.signal());
    }
    facts.put("at", exit.at().toString());
    facts.put("uptime_ms", uptime.toMillis());
    facts.put("failed_start", !instance.health().started());
    facts.put("expected", instance.phase() == Phase.STOPPING);
    facts.put("candidate", instance.candidate());
    return facts;
  }

  /// The restart policy's turn.
  private void again(Instance instance, Exit exit, Duration uptime, boolean failed) {
    if (desired == Desired.STOPPED) {
      put(instance.to(Phase.ENDED, "stopped by an operator", now));
      return;
    }
    String cause =
        failed && !instance.reason().isEmpty() ? instance.reason() : "ended with " + exit;
    RestartPolicy.Verdict verdict =
        RestartPolicy.decide(
            spec(instance.generation()).restart(),
            instance.attempts(),
            exit,
            uptime,
            failed,
            now,
            here.random());
    switch (verdict) {
      case RestartPolicy.Verdict.Done(String why) -> put(instance.to(Phase.ENDED, why, now));
      case RestartPolicy.Verdict.GiveUp(String why) -> {
        put(instance.to(Phase.FAILED, cause.equals(why) ? why : cause + "; " + why, now));
        note(instance, "instance.given_up", Map.of("cause", cause, "reason", why));
      }
      case RestartPolicy.Verdict.Again next -> restart(instance, exit, cause, next);
    }
  }

  private void restart(
      Instance instance, Exit exit, String cause, RestartPolicy.Verdict.Again next) {
    instances.remove(instance.incarnation());
    Instance successor =
        fresh(
            instance.ordinal(),
            instance.generation(),
            false,
            next.attempts(),
            instance.restarts() + 1,
            exit,
            // One that has not come up is still to be launched for the same reason.
            instance.phase() == Phase.LAUNCHING ? instance.cause() : Launch.Cause.RESTART);
    note(
        successor,
        next.slowed() ? "instance.restart_limit_reached" : "instance.restart_scheduled",
        Map.of(
            "cause", cause,
            "policy", spec(instance.generation()).restart().policy().name(),
            "attempt", next.attempt(),
            "delay_ms", next.delay().toMillis(),
            "incarnation", successor.incarnation()));
    Duration throttle = here.throttle().get();
    Duration delay = throttle.compareTo(next.delay()) > 0 ? throttle : next.delay();
    if (delay.isZero()) {
      launchOrWait(successor, cause);
    } else {
      backoff(
          successor,
          delay,
          throttle.compareTo(next.delay()) > 0
              ? "held back: too many restarts at once on this host"
              : cause);
    }
  }

  private void backoff(Instance instance, Duration delay, String why) {
    put(
        new Instance(
            instance.incarnation(),
            instance.ordinal(),
            instance.generation(),
            Phase.BACKOFF,
            instance.candidate(),
            null,
            instance.port(),
            now,
            null,
            now.plus(delay),
            why,
            Health.NEW,
            instance.lastExit(),
            instance.attempts(),
            instance.restarts(),
            instance.cause(),
            null));
    effects.add(new Effect.Later(new WorkloadEvent.BackoffOver(instance.incarnation()), delay));
  }

  private void backoffOver(Instance instance) {
    if (instance.phase() != Phase.BACKOFF) {
      return;
    }
    if (desired == Desired.STOPPED) {
      put(instance.to(Phase.ENDED, "stopped by an operator", now));
    } else {
      launchOrWait(instance.to(Phase.BACKOFF, instance.reason(), now), instance.reason());
    }
  }

  private void reevaluate() {
    for (Instance instance : List.copyOf(instances.values())) {
      boolean waits = instance.phase() == Phase.BACKOFF && instance.nextAttemptAt() == null;
      if (waits && desired == Desired.STOPPED) {
        put(instance.to(Phase.ENDED, "stopped by an operator", now));
      } else if (waits) {
        launchOrWait(instance, instance.reason());
      }
    }
  }

  private void launchOrWait(Instance instance, String cause) {
    if (state == State.MAINTENANCE) {
      put(instance.to(Phase.BACKOFF, "waiting for the end of the maintenance", now));
      return;
    }
    Optional<Surroundings.Blocked> blocked =
        here.dependencies().blocking(spec(instance.generation()), instance.since());
    if (blocked.isPresent()) {
      waitFor(instance, blocked.get());
      return;
    }
    ConfigSpec config = spec(instance.generation()).config();
    Long revision = config == null ? null : config.revision();
    Instance launching = put(instance.to(Phase.LAUNCHING, "", now).configured(revision));
    Map<String, Object> facts = new HashMap<>();
    facts.put("incarnation", instance.incarnation());
    facts.put("cause", cause);
    if (revision != null) {
      facts.put("config_revision", revision);
    }
    note(launching, "instance.launching", facts);
    effects.add(new Effect.Start(launching));
  }

  /// Keeps `since`, from which the patience with optional dependencies counts.
  private void waitFor(Instance instance, Surroundings.Blocked blocked) {
    if (!instance.reason().equals(blocked.reason())) {
      note(instance, "instance.waiting", Map.of("reason", blocked.reason()));
    }
    put(instance.to(Phase.BACKOFF, blocked.reason(), instance.since()));
    Duration again = blocked.recheck();
    if (again != null && (recheck == null || again.compareTo(recheck) < 0)) {
      recheck = again;
    }
  }

  /// Once for all instances that wait, and not in a storm.
  private void lookAgain() {
    if (recheck != null) {
      Duration delay = recheck.compareTo(SHORTEST_RECHECK) < 0 ? SHORTEST_RECHECK : recheck;
      effects.add(new Effect.Later(new WorkloadEvent.Reevaluate(), delay));
    }
  }

  private void upLongEnough(Instance instance) {
    if (instance.phase() == Phase.STARTING && !instance.health().started()) {
      boolean startup = !spec(instance.generation()).probes(ProbeSpec.Type.STARTUP).isEmpty();
      if (!startup) {
        up(instance);
      }
    }
  }

  /// It has proved that it came up.
  private void up(Instance instance) {
    boolean ready = readinessPasses(instance);
    Health health = new Health(true, ready, lives(instance), instance.health().probes());
    Instance up = put(instance.to(Phase.RUNNING, "", now).with(health));
    note(up, "instance.up", Map.of("incarnation", up.incarnation()));
    if (ready) {
      note(up, "instance.ready", Map.of("incarnation", up.incarnation()));
    }
  }

  private void probed(Instance instance, Prober.Verdict verdict) {
    boolean up = instance.phase() == Phase.STARTING || instance.phase() == Phase.RUNNING;
    boolean known =
        spec(instance.generation()).probes(verdict.type()).stream()
            .anyMatch(p -> p.name().equals(verdict.probe()));
    if (!up || !known) {
      return;
    }
    Map<String, String> probes = new HashMap<>(instance.health().probes());
    probes.put(verdict.probe(), verdict.passed() ? "ok" : verdict.message());
    Health old = instance.health();
    Instance probed =
        put(instance.with(new Health(old.started(), old.ready(), old.live(), probes)));
    note(
        probed,
        verdict.passed() ? "instance.probe_passed" : "instance.probe_failed",
        probeFacts(instance, verdict));
    switch (verdict.type()) {
      case STARTUP -> startupProbed(probed, verdict);
      case READINESS -> readinessProbed(probed);
      case LIVENESS -> livenessProbed(probed, verdict);
    }
  }

  private static Map<String, Object> probeFacts(Instance instance, Prober.Verdict verdict) {
    return Map.of(
        "probe", verdict.probe(),
        "type", verdict.type().name().toLowerCase(Locale.ROOT),
        "message", verdict.message(),
        "failures", verdict.failures(),
        "incarnation", verdict.incarnation(),
        "candidate", instance.candidate());
  }

  private void startupProbed(Instance instance, Prober.Verdict verdict) {
    if (!verdict.passed()) {
      heal(instance, verdict);
    } else if (instance.phase() == Phase.STARTING && startupPasses(instance)) {
      up(instance);
    }
  }

  private boolean startupPasses(Instance instance) {
    return spec(instance.generation()).probes(ProbeSpec.Type.STARTUP).stream()
        .allMatch(p -> "ok".equals(instance.health().probes().get(p.name())));
  }

  /// An instance is ready once all its probes say so, and stays it until one says otherwise: a
  /// probe that was added just now takes nothing away.
  private boolean readinessPasses(Instance instance) {
    return spec(instance.generation()).probes(ProbeSpec.Type.READINESS).stream()
        .allMatch(
            p -> instance.health().ready() ? !fails(instance, p) : said(instance, p).equals("ok"));
  }

  private void readinessProbed(Instance instance) {
    if (instance.phase() != Phase.STARTING) {
      var _ = routed(instance);
      return;
    }
    boolean startup = !spec(instance.generation()).probes(ProbeSpec.Type.STARTUP).isEmpty();
    if (readinessPasses(instance) && !startup) {
      up(instance);
    }
  }

  private Instance routed(Instance instance) {
    Health health = instance.health();
    boolean passes = readinessPasses(instance);
    if (passes == health.ready()) {
      return instance;
    }
    Instance changed =
        put(instance.with(new Health(health.started(), passes, health.live(), health.probes())));
    note(
        changed,
        passes ? "instance.ready" : "instance.unready",
        Map.of("incarnation", instance.incarnation()));
    return changed;
  }

  private void livenessProbed(Instance instance, Prober.Verdict verdict) {
    Health health = instance.health();
    Instance changed =
        put(
            instance.with(
                new Health(health.started(), health.ready(), lives(instance), health.probes())));
    if (!verdict.passed()) {
      heal(changed, verdict);
    }
  }

  /// A probe wants the instance gone and back.
  private void heal(Instance instance, Prober.Verdict verdict) {
    String why =
        "%s probe %s failed: %s"
            .formatted(
                verdict.type().name().toLowerCase(Locale.ROOT), verdict.probe(), verdict.message());
    if (state != State.MAINTENANCE) {
      halt(instance, instance.candidate() ? Phase.STOPPING : Phase.RESTARTING, why);
    }
  }

  // What follows from all of it.

  /// Moves the workload where its instances have taken it. While an operation works on it, the
  /// operation does that.
  private void settle() {
    if (operationId != null && !resting) {
      return;
    }
    if (instances.isEmpty()) {
      settleEmpty();
      return;
    }
    boolean up = any(i -> i.phase() == Phase.RUNNING);
    boolean coming =
        any(i ->
            switch (i.phase()) {
              case LAUNCHING, STARTING, BACKOFF, RESTARTING -> true;
              case RUNNING, STOPPING, ENDED, FAILED -> false;
            });
    switch (state) {
      case STARTING -> {
        if (up) {
          to(State.RUNNING, Trigger.HEALTH_CHECK_PASS, "");
        } else if (!coming) {
          allEnded(Trigger.ERROR);
        }
      }
      case UPDATING, RESTARTING -> {
        if (up) {
          to(State.RUNNING, Trigger.HEALTH_CHECK_PASS, "");
        } else if (!coming) {
          allEnded(Trigger.ERROR);
        } else if (state == State.UPDATING) {
          to(State.RESTARTING, Trigger.RESTART, cause());
        }
      }
      case RUNNING -> {
        if (!up && coming) {
          to(State.RESTARTING, Trigger.RESTART, cause());
        } else if (!up) {
          allEnded(Trigger.HEALTH_CHECK_FAIL);
        }
      }
      case STOPPING -> {
        if (!any(Instance::isLive)) {
          to(State.STOPPED, Trigger.HEALTH_CHECK_PASS, reason);
        }
      }
      case INACTIVE, INSTALLING, INSTALLED, CONFIGURING, STOPPED -> {}
      case UNINSTALLING, ERROR, MAINTENANCE, DISABLED -> {}
    }
  }

  private void settleEmpty() {
    boolean none = spec(generation).instances() == 0;
    switch (state) {
      case STARTING, UPDATING, RESTARTING -> {
        if (none) {
          to(State.RUNNING, Trigger.HEALTH_CHECK_PASS, "");
        } else {
          to(State.ERROR, Trigger.ERROR, "no instance is left");
        }
      }
      case RUNNING -> {
        if (!none) {
          to(State.ERROR, Trigger.HEALTH_CHECK_FAIL, "no instance is left");
        }
      }
      case STOPPING -> to(State.STOPPED, Trigger.HEALTH_CHECK_PASS, reason);
      case INACTIVE, INSTALLING, INSTALLED, CONFIGURING, STOPPED -> {}
      case UNINSTALLING, ERROR, MAINTENANCE, DISABLED -> {}
    }
  }

  private boolean any(Predicate<Instance> test) {
    return instances.values().stream().anyMatch(test);
  }

  private void allEnded(Trigger failure) {
    if (any(i -> i.phase() == Phase.STOPPING)) {
      return;
    }
    Optional<Instance> failed =
        instances.values().stream()
            .filter(i -> i.phase() == Phase.FAILED || (desired == Desired.RUNNING && !succeeded(i)))
            .findFirst();
    if (failed.isPresent()) {
      to(State.ERROR, failure, before.instanceName(failed.get()) + ": " + failed.get().reason());
    } else {
      to(State.STOPPED, Trigger.COMPLETE, desired == Desired.RUNNING ? "completed" : "stopped");
    }
  }

  private boolean succeeded(Instance instance) {
    return DependencyCheck.succeeded(spec(instance.generation()), instance);
  }

  private String cause() {
    return instances.values().stream()
        .map(i -> i.lastExit() == null ? i.reason() : "an instance ended with " + i.lastExit())
        .filter(r -> !r.isEmpty())
        .findFirst()
        .orElse("no instance is up");
  }

  // Bookkeeping.

  private Instance put(Instance instance) {
    instances.put(instance.incarnation(), instance);
    return instance;
  }

  private void remove(Instance instance) {
    instances.remove(instance.incarnation());
    effects.add(new Effect.Forget(instance.incarnation()));
  }

  private void on(String incarnation, Consumer<Instance> then) {
    Instance instance = instances.get(incarnation);
    if (instance != null) {
      then.accept(instance);
    }
  }

  private void note(String type, Map<String, Object> data) {
    notes.add(new Decision.Note(null, type, data));
  }

  private void note(Instance instance, String type, Map<String, Object> data) {
    notes.add(new Decision.Note(before.instanceName(instance), type, data));
  }

  private Workload result() {
    List<Instance> sorted = new ArrayList<>(instances.values());
    sorted.sort(Comparator.comparingInt(Instance::ordinal).thenComparingLong(Instance::generation));
    TreeMap<Long, WorkloadSpec> inUse = new TreeMap<>(specs);
    inUse
        .keySet()
        .removeIf(g -> g != generation && sorted.stream().noneMatch(i -> i.generation() == g));
    long well = sorted.stream().filter(i -> i.isReady() && i.health().live()).count();
    WorkloadSpec spec = inUse.get(generation);
    boolean allReady = spec != null && well > 0 && well >= spec.instances();
    return new Workload(
        before.tenant(),
        before.name(),
        before.uid(),
        generation,
        previousGeneration,
        inUse,
        state,
        stateSince,
        desired,
        reason,
        sorted,
        operationId,
        failures,
        refusedUntil,
        !allReady ? null : before.readySince() != null ? before.readySince() : now,
        launches,
        before.createdAt());
  }
}
