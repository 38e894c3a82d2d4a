package dev.semper.engine.recovery;

import dev.semper.engine.health.Health;
import dev.semper.engine.health.HealthReport;
import dev.semper.engine.health.HealthStatus;
import dev.semper.engine.health.ProbeResult;
import dev.semper.engine.health.Probes;
import dev.semper.engine.spec.HealthSpec;
import dev.semper.engine.spec.ProbeSpec;
import dev.semper.engine.spec.RestartSpec;
import dev.semper.engine.workload.Desired;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.Instance.Phase;
import dev.semper.engine.workload.State;
import dev.semper.engine.workload.Workload;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Judges by the state of a workload, the phases of its copies and what their probes say now; and
/// by its health, which knows of measures too. Only the former can say that a workload is well
/// again: health remembers for a while what has been.
final class ProbedVitals implements Vitals {
  private final Probes probes;
  private final Health health;
  private final Clock clock;

  /// Incarnations that have been ready, by the workload's uid.
  private final Map<String, Set<String>> wereReady = new ConcurrentHashMap<>();

  ProbedVitals(Probes probes, Health health, Clock clock) {
    this.probes = probes;
    this.health = health;
    this.clock = clock;
  }

  @Override
  public void changed(Workload workload) {
    if (workload.spec().probes().isEmpty()) {
      return; // It is ready as soon as it is up.
    }
    Set<String> ready = new HashSet<>();
    Set<String> before = wereReady.getOrDefault(workload.uid(), Set.of());
    for (Instance instance : workload.instances()) {
      if (instance.isReady() || before.contains(instance.incarnation())) {
        ready.add(instance.incarnation());
      }
    }
    if (ready.isEmpty()) {
      wereReady.remove(workload.uid());
    } else {
      wereReady.put(workload.uid(), ready);
    }
  }

  @Override
  public Evidence of(Workload workload) {
    Evidence facts = facts(workload);
    if (facts.status().equals(Evidence.UNKNOWN)) {
      return facts;
    }
    HealthReport report = health.of(workload);
    boolean down = !facts.failing() && isDown(workload, report);
    return new Evidence(
        facts.status(),
        report.score(),
        facts.failing() || down,
        facts.probe(),
        down
            ? "its health is %s: %s"
                .formatted(report.status().id(), String.join("; ", report.reasons()))
            : facts.message(),
        facts.failures(),
        null);
  }

  /// Without the errors of the past: what probes say now is a fact, and what they said before it is
  /// nothing to be healed.
  private static boolean isDown(Workload workload, HealthReport report) {
    Integer score = report.score();
    if (!report.status().isDown() || score == null) {
      return false;
    }
    Double errors = report.measures().errorPercent();
    HealthSpec spec = workload.spec().health();
    int past =
        errors == null || errors <= spec.errorRateWarning()
            ? 0
            : errors > spec.errorRateCritical() ? 40 : 20;
    return HealthStatus.of(Math.min(100, score + past)).isDown();
  }

  private Evidence facts(Workload workload) {
    if (!isMeantToWork(workload)) {
      return evidence(Evidence.UNKNOWN, false, "", "it is " + workload.state().id(), 0);
    }
    if (workload.state() == State.ERROR) {
      return evidence(Evidence.CRITICAL, true, "", workload.reason(), 0);
    }
    long well = workload.instances().stream().filter(ProbedVitals::isWell).count();
    if (well >= workload.spec().instances()) {
      return evidence(Evidence.HEALTHY, false, "", "", 0);
    }
    Optional<Evidence> worst = Optional.empty();
    boolean givenUp = false;
    for (Instance instance : workload.instances()) {
      if (isWell(instance)) {
        continue;
      }
      Optional<Evidence> found = ails(workload, instance);
      givenUp |= givenUp(workload, instance);
      if (found.isPresent()
          && (worst.isEmpty() || found.get().failures() > worst.get().failures())) {
        worst = found;
      }
    }
    String status = well > 0 ? Evidence.DEGRADED : Evidence.UNHEALTHY;
    if (worst.isEmpty()) {
      return evidence(
          well > 0 ? Evidence.DEGRADED : Evidence.UNKNOWN, false, "", coming(workload), 0);
    }
    Evidence ailing = worst.get();
    return evidence(
        status, well == 0 || givenUp, ailing.probe(), ailing.message(), ailing.failures());
  }

  private static Evidence evidence(
      String status, boolean failing, String probe, String message, int failures) {
    return new Evidence(status, null, failing, probe, message, failures, null);
  }

  private static boolean isMeantToWork(Workload workload) {
    return workload.state().isMeantToRun() && workload.desired() == Desired.RUNNING;
  }

  static boolean isWell(Instance instance) {
    return instance.isReady() && instance.health().live();
  }

  private static String coming(Workload workload) {
    return workload.instances().stream()
        .filter(i -> !isWell(i))
        .map(i ->
            "%s is %s%s"
                .formatted(
                    workload.instanceName(i),
                    i.phase().id(),
                    i.health().probes().entrySet().stream()
                        .filter(e -> !e.getValue().equals("ok"))
                        .map(e -> ", but probe %s fails: %s".formatted(e.getKey(), e.getValue()))
                        .findFirst()
                        .orElse("")))
        .findFirst()
        .orElse("no copy is there");
  }

  /// What is wrong with a copy; empty while it may only be on its way.
  private Optional<Evidence> ails(Workload workload, Instance instance) {
    String name = workload.instanceName(instance);
    if (givenUp(workload, instance)) {
      return Optional.of(
          evidence(Evidence.UNHEALTHY, true, "", name + " failed: " + instance.reason(), 0));
    }
    boolean up = instance.phase() == Phase.STARTING || instance.phase() == Phase.RUNNING;
    if (!up || isNew(workload, instance)) {
      return Optional.empty();
    }
    List<ProbeResult> results = probes.recent(instance.incarnation());
    return instance.health().probes().entrySet().stream()
        .filter(e -> !e.getValue().equals("ok"))
        .sorted(Map.Entry.comparingByKey())
        .map(e ->
            evidence(
                Evidence.UNHEALTHY,
                true,
                e.getKey(),
                "probe %s of %s fails: %s".formatted(e.getKey(), name, e.getValue()),
                failures(results, e.getKey())))
        .findFirst()
        .or(() ->
            instance.isReady()
                ? Optional.empty()
                : Optional.of(
                    evidence(Evidence.UNHEALTHY, true, "", name + " does not become ready", 0)));
  }

  private static int failures(List<ProbeResult> results, String probe) {
    return results.stream()
        .filter(r -> r.probe().equals(probe))
        .mapToInt(ProbeResult::failures)
        .findFirst()
        .orElse(0);
  }

  /// The restart policy has done what it could.
  private static boolean givenUp(Workload workload, Instance instance) {
    RestartSpec restart = workload.spec(instance).restart();
    boolean limit =
        instance.phase() == Phase.BACKOFF
            && instance.nextAttemptAt() != null
            && restart.maxAttempts() > 0
            && instance.attempts().size() >= restart.maxAttempts();
    return limit || instance.phase() == Phase.FAILED;
  }

  /// It has not been ready yet, and is given the time it may take to become so.
  private boolean isNew(Workload workload, Instance instance) {
    if (wereReady.getOrDefault(workload.uid(), Set.of()).contains(instance.incarnation())) {
      return false;
    }
    Instant started = instance.startedAt();
    Duration patience = workload.spec(instance).update().readyTimeout();
    // What was started in times to come is not new: the clock was put back.
    Duration age = Duration.between(started == null ? instance.since() : started, clock.instant());
    return age.abs().compareTo(patience) < 0;
  }

  @Override
  public Since mark(Workload workload) {
    Set<ProbeResult> old = Collections.newSetFromMap(new IdentityHashMap<>());
    workload.instances().forEach(i -> old.addAll(probes.recent(i.incarnation())));
    return now -> now.instances().stream().anyMatch(i -> isWell(i) && passed(now, i, old));
  }

  private boolean passed(Workload workload, Instance instance, Set<ProbeResult> old) {
    List<ProbeResult> results = probes.recent(instance.incarnation());
    return workload.spec(instance).probes().stream()
        .filter(p -> p.type() != ProbeSpec.Type.STARTUP)
        .allMatch(p ->
            results.stream()
                .anyMatch(r -> r.probe().equals(p.name()) && r.passed() && !old.contains(r)));
  }
}
