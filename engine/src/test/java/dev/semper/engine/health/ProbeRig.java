package dev.semper.engine.health;

import dev.semper.engine.spec.ProbeSpec;
import dev.semper.engine.workload.Instance.Health;
import dev.semper.engine.workload.Prober.Verdict;
import dev.semper.engine.workload.Prober.Watch;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;

/// The scheduler with a clock turned by hand and checks that do what a test says.
final class ProbeRig {
  /// The check never ends by itself.
  static final Outcome HANG = new Outcome.Erred("hangs");

  static final Outcome PASS = new Outcome.Passed();
  static final Outcome FAIL = new Outcome.Failed("HTTP 503");
  static final Outcome ERROR = new Outcome.Erred("Too many open files");

  final List<Check> checks = new ArrayList<>();
  final List<Check> cancelled = new ArrayList<>();
  final List<Verdict> verdicts = new ArrayList<>();
  final List<Map<String, Object>> notices = new ArrayList<>();
  private final Map<String, Supplier<Outcome>> answers = new HashMap<>();
  private long now;
  private long next;
  private boolean begin = true;

  final ProbeScheduler scheduler =
      new ProbeScheduler(
          new Scripted(),
          new StarvationGuard((_, data) -> notices.add(data), Duration.ofSeconds(5)),
          new Tally(),
          new Timing(new Random(7)),
          () -> Instant.EPOCH.plusNanos(now),
          () -> now,
          () -> next = 0);

  private final class Scripted implements Checker {
    @Override
    public void start(Check check) {
      checks.add(check);
      Outcome answer = answers.getOrDefault(name(check), () -> PASS).get();
      if (!begin) {
        return;
      }
      check.begin();
      if (!answer.equals(HANG)) {
        check.end(answer);
      }
    }

    @Override
    public void cancel(Check check) {
      cancelled.add(check);
    }
  }

  private static String name(Check check) {
    return check.subject.spec().name();
  }

  /// What checks of a probe find from now on.
  void answer(String probe, Outcome outcome) {
    answers.put(probe, () -> outcome);
  }

  void answer(String probe, Supplier<Outcome> outcome) {
    answers.put(probe, outcome);
  }

  void watch(String incarnation, Health known, ProbeSpec... probes) {
    scheduler.watch(
        new Watch(
            "t",
            "web",
            incarnation,
            "process",
            "web-0",
            80,
            List.of(probes),
            known,
            verdicts::add));
    turn();
  }

  void unwatch(String incarnation) {
    scheduler.unwatch(incarnation);
    turn();
  }

  /// Lets time pass with every turn on time.
  void advance(Duration span) {
    long end = now + span.toNanos();
    while (next <= end) {
      now = Math.max(now, next);
      turn();
    }
    now = end;
  }

  /// Lets time pass without a turn, as when the host gives us no processor.
  void stall(Duration span) {
    now += span.toNanos();
    turn();
  }

  /// Like [#stall], with something that happens at its end before we look.
  void stallWith(Duration span, Runnable happening) {
    now += span.toNanos();
    happening.run();
    turn();
  }

  /// From now on checks are started but get no processor.
  void doNotBegin() {
    begin = false;
  }

  /// Lets time pass until the next thing happens.
  void advanceToNext() {
    now = Math.max(now, next);
    turn();
  }

  void turn() {
    next = scheduler.turn();
  }

  long next() {
    return next;
  }

  long count(String probe) {
    return checks.stream().filter(check -> name(check).equals(probe)).count();
  }

  Check lastOf(String probe) {
    return checks.stream().filter(check -> name(check).equals(probe)).toList().getLast();
  }

  ProbeResult result(String incarnation, String probe) {
    return scheduler.results(incarnation).stream()
        .filter(result -> result.probe().equals(probe))
        .findFirst()
        .orElseThrow();
  }

  static ProbeSpec startup(int failures) {
    return probe("startup", ProbeSpec.Type.STARTUP, failures, 1);
  }

  static ProbeSpec readiness(int failures, int successes) {
    return probe("ready", ProbeSpec.Type.READINESS, failures, successes);
  }

  static ProbeSpec liveness(int failures) {
    return probe("live", ProbeSpec.Type.LIVENESS, failures, 1);
  }

  static ProbeSpec probe(String name, ProbeSpec.Type type, int failures, int successes) {
    return timed(name, type, Duration.ZERO, Duration.ofSeconds(1), failures, successes);
  }

  static ProbeSpec timed(
      String name,
      ProbeSpec.Type type,
      Duration initialDelay,
      Duration period,
      int failures,
      int successes) {
    return new ProbeSpec(
        name,
        type,
        new ProbeSpec.Tcp("127.0.0.1", 0),
        initialDelay,
        period,
        Duration.ofMillis(500),
        failures,
        successes);
  }
}
