package dev.semper.engine.workload;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.engine.error.SemperException;
import dev.semper.engine.spec.HealthSpec;
import dev.semper.engine.spec.LogSpec;
import dev.semper.engine.spec.ProbeSpec;
import dev.semper.engine.spec.RecoverySpec;
import dev.semper.engine.spec.ResourceSpec;
import dev.semper.engine.spec.RestartSpec;
import dev.semper.engine.spec.StopSpec;
import dev.semper.engine.spec.UpdateSpec;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.workload.Instance.Health;
import dev.semper.engine.workload.Instance.Phase;
import dev.semper.spi.Exit;
import dev.semper.spi.Running;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/// Long random lives of a workload, and whether what must always hold does.
class DeciderTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private static <T> T any(Random random, T[] values) {
    return values[random.nextInt(values.length)];
  }

  private static ProbeSpec probe(String name, ProbeSpec.Type type) {
    return new ProbeSpec(
        name,
        type,
        new ProbeSpec.Tcp("localhost", 1),
        Duration.ZERO,
        Duration.ofSeconds(1),
        Duration.ofSeconds(1),
        1,
        1);
  }

  private static WorkloadSpec spec(Random random, long generation) {
    List<ProbeSpec> probes = new ArrayList<>();
    for (ProbeSpec.Type type : ProbeSpec.Type.values()) {
      if (random.nextInt(3) == 0) {
        probes.add(probe(type.name(), type));
      }
    }
    RestartSpec restart =
        new RestartSpec(
            any(random, RestartSpec.Policy.values()),
            Duration.ofMillis(random.nextInt(3) * 10L),
            Duration.ofSeconds(1),
            0.1,
            random.nextInt(4),
            Duration.ofMinutes(1),
            Duration.ofMinutes(1),
            any(random, RestartSpec.OnLimit.values()),
            Set.of(0),
            Set.of(3),
            Set.of(4));
    return spec("v" + generation, random.nextInt(4), restart, probes);
  }

  private static WorkloadSpec spec(
      String version, int instances, RestartSpec restart, List<ProbeSpec> probes) {
    return new WorkloadSpec(
        "web",
        "scripted",
        version,
        instances,
        Map.of(),
        null,
        null,
        Duration.ofMillis(10),
        List.of(),
        restart,
        StopSpec.DEFAULT,
        new UpdateSpec(UpdateSpec.Order.START_FIRST, Duration.ofSeconds(1)),
        ResourceSpec.UNLIMITED,
        LogSpec.DEFAULT,
        probes,
        HealthSpec.DEFAULT,
        List.of(),
        RecoverySpec.BY_HAND,
        List.of(),
        null,
        Map.of(),
        Map.of());
  }

  private static Workload workload(WorkloadSpec spec, State state, Desired desired) {
    TreeMap<Long, WorkloadSpec> specs = new TreeMap<>();
    specs.put(1L, spec);
    return new Workload(
        "default", "web", "uid", 1, 0, specs, state, START, desired, "", List.of(), null, 0, null,
        null, 0, START);
  }

  private static Surroundings here(Instant now, double random, boolean blocked, Duration throttle) {
    return new Surroundings(
        now,
        random,
        (_, _) ->
            blocked
                ? Optional.of(new Surroundings.Blocked("waiting for db", Duration.ofMillis(1)))
                : Optional.empty(),
        () -> throttle,
        () -> 4711);
  }

  private static WorkloadEvent event(Random random, Workload w, List<String> known) {
    long generation = Math.max(1, w.generation() + random.nextInt(3) - 1);
    WorkloadSpec spec = w.specs().getOrDefault(generation, spec(random, generation));
    int ordinal = random.nextInt(4);
    String incarnation =
        known.isEmpty() || random.nextInt(20) == 0
            ? "uid.0.999"
            : known.get(Math.max(0, known.size() - 1 - random.nextInt(6)));
    Running running = new Running("1", START, "");
    Trigger trigger = any(random, Trigger.values());
    Exit exit =
        random.nextBoolean() ? Exit.code(START, random.nextInt(6)) : Exit.signal(START, "KILL");
    return switch (random.nextInt(30)) {
      case 0, 1 -> new WorkloadEvent.Begin("op" + random.nextInt(2), "start");
      case 2, 3, 4 -> new WorkloadEvent.Finish("op" + random.nextInt(2), random.nextBoolean());
      case 5, 6, 7 -> new WorkloadEvent.Move(trigger, "random", random.nextBoolean());
      case 8 -> new WorkloadEvent.Want(any(random, Desired.values()));
      case 9 ->
          new WorkloadEvent.Adopt(
              generation, generation == w.generation() ? w.spec() : spec, w.previousGeneration());
      case 10, 11, 12 ->
          new WorkloadEvent.Launch(
              ordinal,
              generation,
              w.specs().getOrDefault(generation, spec),
              random.nextInt(3) == 0);
      case 13 -> new WorkloadEvent.Promote(ordinal, generation);
      case 14, 15 ->
          new WorkloadEvent.Stop(
              random.nextInt(5) - 1,
              random.nextBoolean() ? 0 : generation,
              random.nextBoolean(),
              "random");
      case 16 -> new WorkloadEvent.Clear();
      case 17 ->
          random.nextInt(10) == 0
              ? new WorkloadEvent.Force(any(random, State.values()), "root", "")
              : new WorkloadEvent.Reevaluate();
      case 18, 19, 20 -> new WorkloadEvent.Launched(incarnation, running);
      case 21 -> new WorkloadEvent.LaunchFailed(incarnation, "no", random.nextBoolean());
      case 22 -> new WorkloadEvent.Attached(incarnation, running);
      case 23, 24 ->
          new WorkloadEvent.Exited(incarnation, exit, Duration.ofSeconds(random.nextInt(100)));
      case 25, 26 -> {
        ProbeSpec.Type type = any(random, ProbeSpec.Type.values());
        yield new WorkloadEvent.Probed(
            new Prober.Verdict(incarnation, type.name(), type, random.nextBoolean(), "said", 1));
      }
      case 27 -> new WorkloadEvent.UpLongEnough(incarnation);
      case 28 -> new WorkloadEvent.BackoffOver(incarnation);
      default -> new WorkloadEvent.Noticed(incarnation, "look");
    };
  }

  @Property(tries = 200)
  void keepsItsPromisesInAnyLife(@ForAll long seed, @ForAll State state) {
    Random random = new Random(seed);
    Workload now = workload(spec(random, 1), state, any(random, Desired.values()));
    Instant time = START;
    List<String> known = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      WorkloadEvent event = event(random, now, known);
      time = time.plusMillis(random.nextInt(2000));
      Surroundings here =
          here(
              time,
              random.nextDouble(),
              random.nextInt(10) == 0,
              random.nextInt(10) == 0 ? Duration.ofMillis(5) : Duration.ZERO);
      Decision decision;
      try {
        decision = Decider.decide(now, event, here);
      } catch (SemperException refused) {
        continue;
      }
      assertThat(Decider.decide(now, event, here)).as("deterministic").isEqualTo(decision);
      check(now, event, decision);
      now = decision.next();
      now.instances().stream()
          .map(Instance::incarnation)
          .filter(incarnation -> !known.contains(incarnation))
          .forEach(known::add);
    }
  }

  private static void check(Workload before, WorkloadEvent event, Decision decision) {
    Workload after = decision.next();
    String what = event + "\n  before " + before + "\n  after " + after;
    checkStates(before, event, decision, what);
    checkInstances(before, after, what);
    checkLaunches(before, event, decision, what);
    checkEffects(before, decision, what);
  }

  private static void checkStates(
      Workload before, WorkloadEvent event, Decision decision, String what) {
    State state = before.state();
    for (Decision.Note note : decision.notes()) {
      if (note.type().equals("workload.state_changed")) {
        assertThat(note.data().get("from")).as(what).isEqualTo(state.id());
        Trigger trigger = Trigger.valueOf(text(note, "trigger"));
        State to = State.valueOf(text(note, "to"));
        assertThat(Lifecycle.next(state, trigger)).as(what).contains(to);
        state = to;
      }
    }
    State expected = event instanceof WorkloadEvent.Force force ? force.state() : state;
    assertThat(decision.next().state()).as(what).isEqualTo(expected);
  }

  private static String text(Decision.Note note, String key) {
    return String.valueOf(note.data().get(key)).toUpperCase(java.util.Locale.ROOT);
  }

  private static void checkInstances(Workload before, Workload after, String what) {
    List<String> running =
        after.instances().stream()
            .filter(i -> i.isLive() || i.phase() == Phase.BACKOFF)
            .filter(i -> i.phase() != Phase.STOPPING)
            .map(i -> i.ordinal() + "@" + i.generation())
            .toList();
    List<String> twice = new ArrayList<>(running);
    new HashSet<>(running).forEach(twice::remove);
    List<String> twiceBefore =
        before.instances().stream()
            .filter(i -> i.isLive() || i.phase() == Phase.BACKOFF)
            .filter(i -> i.phase() != Phase.STOPPING)
            .map(i -> i.ordinal() + "")
            .toList();
    // Adopting while two generations run side by side gives both the same one; no operation does
    // that.
    if (after.generation() == before.generation()
        && twiceBefore.size() == new HashSet<>(twiceBefore).size()) {
      assertThat(twice).as("two of one ordinal and generation: " + what).isEmpty();
    }
    assertThat(after.instances()).extracting(Instance::incarnation).doesNotHaveDuplicates();
    for (Instance instance : after.instances()) {
      assertThat(instance.attempts().size()).as(what).isLessThanOrEqualTo(6);
      assertThat(after.specs()).as(what).containsKey(instance.generation());
      assertThat(instance.isReady() && !instance.health().started()).as(what).isFalse();
    }
    assertThat(after.specs()).as(what).containsKey(after.generation());
    assertThat(after.specs().size()).as(what).isLessThanOrEqualTo(1 + after.instances().size());
    assertThat(after.launches()).as(what).isGreaterThanOrEqualTo(before.launches());
  }

  private static void checkLaunches(
      Workload before, WorkloadEvent event, Decision decision, String what) {
    Set<String> launching =
        before.instances().stream()
            .filter(i -> i.phase() == Phase.LAUNCHING)
            .map(Instance::incarnation)
            .collect(Collectors.toSet());
    boolean began =
        decision.next().instances().stream()
            .anyMatch(i -> i.phase() == Phase.LAUNCHING && !launching.contains(i.incarnation()));
    if (began && before.desired() == Desired.STOPPED) {
      assertThat(event)
          .as("launched though it is to be stopped: " + what)
          .isInstanceOf(WorkloadEvent.Launch.class);
    }
  }

  private static void checkEffects(Workload before, Decision decision, String what) {
    Workload after = decision.next();
    Map<String, Instance> now =
        after.instances().stream().collect(Collectors.toMap(Instance::incarnation, i -> i));
    Set<String> forgotten = new HashSet<>();
    for (Effect effect : decision.effects()) {
      switch (effect) {
        case Effect.Start(Instance instance) ->
            assertThat(now.get(instance.incarnation()))
                .as(what)
                .isEqualTo(instance)
                .extracting(Instance::phase)
                .isEqualTo(Phase.LAUNCHING);
        case Effect.Stop(Instance instance, var _) ->
            assertThat(instance.phase()).as(what).isIn(Phase.STOPPING, Phase.RESTARTING);
        case Effect.Forget(String incarnation) -> {
          forgotten.add(incarnation);
          Instance kept = now.get(incarnation);
          assertThat(kept != null && kept.isLive()).as("forgets what lives: " + what).isFalse();
        }
        case Effect.Watch(Instance instance) ->
            assertThat(instance.phase()).as(what).isIn(Phase.STARTING, Phase.RUNNING);
        case Effect.Unwatch _ -> {}
        case Effect.Later(var _, Duration delay) ->
            assertThat(delay.isNegative()).as(what).isFalse();
      }
    }
    for (Instance instance : before.instances()) {
      if (instance.isLive() && !now.containsKey(instance.incarnation())) {
        assertThat(forgotten).as(what).contains(instance.incarnation());
      }
    }
    for (Instance instance : after.instances()) {
      boolean starts =
          decision.effects().stream()
              .anyMatch(e -> e instanceof Effect.Start(var s) && s.equals(instance));
      boolean wasLaunching =
          before.instances().stream()
              .anyMatch(i ->
                  i.incarnation().equals(instance.incarnation()) && i.phase() == Phase.LAUNCHING);
      if (instance.phase() == Phase.LAUNCHING) {
        assertThat(starts || wasLaunching).as("nobody starts it: " + what).isTrue();
      }
    }
    assertThat(
            decision.effects().stream()
                .filter(e ->
                    e instanceof Effect.Later(WorkloadEvent later, var _)
                        && later instanceof WorkloadEvent.Reevaluate)
                .count())
        .as(what)
        .isLessThanOrEqualTo(1);
  }

  // What a random life may not come by.

  private static final Running RUNNING = new Running("1", START, "");

  private static Workload life(Workload workload, WorkloadEvent... events) {
    Workload now = workload;
    for (WorkloadEvent event : events) {
      now = Decider.decide(now, event, here(START, 0, false, Duration.ZERO)).next();
    }
    return now;
  }

  private static Workload running(int instances, List<ProbeSpec> probes) {
    WorkloadSpec spec = spec("1", instances, RestartSpec.DEFAULT, probes);
    Workload now =
        life(
            workload(spec, State.STOPPED, Desired.RUNNING),
            new WorkloadEvent.Begin("op", "start"),
            new WorkloadEvent.Move(Trigger.START, "", false));
    for (int i = 0; i < instances; i++) {
      String incarnation = "uid." + i + "." + (i + 1);
      now =
          life(
              now,
              new WorkloadEvent.Launch(i, 1, spec, false),
              new WorkloadEvent.Launched(incarnation, RUNNING),
              new WorkloadEvent.UpLongEnough(incarnation));
    }
    return life(now, new WorkloadEvent.Finish("op", false));
  }

  @Test
  void aLateStartDoesNotRaiseTheDead() {
    Workload dead =
        life(
            workload(spec("1", 1, RestartSpec.DEFAULT, List.of()), State.RUNNING, Desired.RUNNING),
            new WorkloadEvent.Launch(0, 1, spec("1", 1, RestartSpec.DEFAULT, List.of()), false),
            new WorkloadEvent.Exited("uid.0.1", Exit.code(START, 1), Duration.ZERO));
    Workload after = life(dead, new WorkloadEvent.Launched("uid.0.1", RUNNING));

    assertThat(after).isEqualTo(dead);
    assertThat(after.instances()).extracting(Instance::incarnation).containsExactly("uid.0.2");
  }

  @Test
  void aStartThatComesBackAfterAStopWaitsForItsEnd() {
    Workload stopping =
        life(
            workload(spec("1", 1, RestartSpec.DEFAULT, List.of()), State.RUNNING, Desired.RUNNING),
            new WorkloadEvent.Launch(0, 1, spec("1", 1, RestartSpec.DEFAULT, List.of()), false),
            new WorkloadEvent.Stop(-1, 0, false, "enough"));

    assertThat(life(stopping, new WorkloadEvent.Launched("uid.0.1", RUNNING))).isEqualTo(stopping);
    assertThat(life(stopping, new WorkloadEvent.LaunchFailed("uid.0.1", "no", true)).instances())
        .extracting(Instance::phase)
        .containsExactly(Phase.ENDED);
  }

  @Test
  void oneThatFailsOfThreeIsNotAnError() {
    Workload web = running(3, List.of());
    for (int i = 0; i < 6; i++) {
      Instance first = web.instances().getFirst();
      web =
          life(
              web,
              new WorkloadEvent.BackoffOver(first.incarnation()),
              new WorkloadEvent.LaunchFailed(first.incarnation(), "no", true),
              new WorkloadEvent.Exited(first.incarnation(), Exit.code(START, 1), Duration.ZERO));
    }

    assertThat(web.state()).isEqualTo(State.RUNNING);
    assertThat(web.health()).isEqualTo("degraded");
  }

  @Test
  void aStopDuringAProbesRestartWins() {
    ProbeSpec liveness = probe("live", ProbeSpec.Type.LIVENESS);
    Workload web =
        life(
            running(1, List.of(liveness)),
            new WorkloadEvent.Probed(
                new Prober.Verdict("uid.0.1", "live", liveness.type(), false, "no", 1)));
    assertThat(web.instances().getFirst().phase()).isEqualTo(Phase.RESTARTING);

    Workload stopped =
        life(
            web,
            new WorkloadEvent.Want(Desired.STOPPED),
            new WorkloadEvent.Stop(-1, 0, false, "enough"),
            new WorkloadEvent.Exited("uid.0.1", Exit.code(START, 1), Duration.ZERO));
    assertThat(stopped.instances()).extracting(Instance::phase).containsExactly(Phase.ENDED);
  }

  @Test
  void aProbeThatIsGoneSaysNothingMore() {
    ProbeSpec ready = probe("ready", ProbeSpec.Type.READINESS);
    Workload web =
        life(
            running(1, List.of(ready)),
            new WorkloadEvent.Probed(
                new Prober.Verdict("uid.0.1", "ready", ready.type(), false, "no", 1)));
    assertThat(web.ready()).isZero();

    WorkloadSpec without = spec("1", 1, RestartSpec.DEFAULT, List.of());
    Workload after =
        life(
            web,
            new WorkloadEvent.Adopt(2, without, 1),
            new WorkloadEvent.Probed(
                new Prober.Verdict("uid.0.1", "ready", ready.type(), false, "no", 1)));
    assertThat(after.ready()).isEqualTo(1);
    assertThat(after.instances().getFirst().health())
        .isEqualTo(new Health(true, true, true, Map.of()));
  }

  @Test
  void opensTheCircuitAfterFiveFailuresAndClosesItAfterASuccess() {
    Workload web = running(1, List.of());
    for (int i = 0; i < 5; i++) {
      assertThat(web.refusedUntil()).isNull();
      web =
          life(
              web,
              new WorkloadEvent.Begin("o" + i, "start"),
              new WorkloadEvent.Finish("o" + i, true));
    }
    assertThat(web.refusedUntil()).isEqualTo(START.plusSeconds(60));

    assertThat(
            life(web, new WorkloadEvent.Begin("o", "start"), new WorkloadEvent.Finish("o", false))
                .refusedUntil())
        .isNull();
  }
}
