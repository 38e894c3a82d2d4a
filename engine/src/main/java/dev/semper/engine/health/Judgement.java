package dev.semper.engine.health;

import dev.semper.engine.spec.ProbeSpec;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What is to be thought of a workload. Pure.
///
/// The status of a workload is the band its score falls into. The measures make the score, and
/// facts limit it: with no instance up it is 0, with a liveness or startup probe failing at most 69
/// (unhealthy), with a readiness probe failing or an instance missing at most 89 (degraded).
///
/// @param fact the best status that the facts leave; UNKNOWN if there is nothing to judge
/// @param points of the measures alone; null if nothing runs that could be measured
/// @param reasons what speaks against it, facts first
record Judgement(HealthStatus fact, @Nullable Integer points, List<String> reasons) {
  Judgement {
    reasons = List.copyOf(reasons);
  }

  /// The points within the limits of the facts; null if there is nothing to judge.
  @Nullable Integer score() {
    if (fact == HealthStatus.CRITICAL) {
      return 0;
    }
    return points == null ? null : Integer.valueOf(Math.min(points, fact.most()));
  }

  /// The band of the measures alone.
  HealthStatus measured() {
    return points == null ? HealthStatus.UNKNOWN : HealthStatus.of(points);
  }

  /// @param held what the measures have said for long enough
  HealthStatus status(HealthStatus held) {
    return points == null ? fact : fact.worse(held);
  }

  static Judgement of(Workload workload, Measures measures, List<ProbeReport> probes) {
    return switch (workload.state()) {
      case INACTIVE,
          INSTALLING,
          INSTALLED,
          CONFIGURING,
          STOPPING,
          STOPPED,
          UNINSTALLING,
          DISABLED ->
          unknown("not meant to run: " + workload.state().id());
      case MAINTENANCE -> unknown("in maintenance");
      case ERROR ->
          new Judgement(
              HealthStatus.CRITICAL,
              null,
              List.of(workload.reason().isEmpty() ? "in error" : "in error: " + workload.reason()));
      case STARTING, RUNNING, UPDATING, RESTARTING -> ofRunning(workload, measures, probes);
    };
  }

  private static Judgement unknown(String reason) {
    return new Judgement(HealthStatus.UNKNOWN, null, List.of(reason));
  }

  private static Judgement ofRunning(
      Workload workload, Measures measures, List<ProbeReport> probes) {
    List<Instance> instances = workload.instances();
    if (workload.spec().instances() == 0) {
      return unknown("no instance is wanted");
    }
    if (instances.stream().noneMatch(i -> isUp(workload, i))) {
      return withoutInstance(workload);
    }
    List<String> reasons = new ArrayList<>();
    HealthStatus fact = HealthStatus.HEALTHY;
    for (Instance instance : instances) {
      fact = fact.worse(fact(workload, instance, reasons));
    }
    if (measures.isEmpty() && probes.isEmpty()) {
      reasons.add("nothing has been measured yet");
      return new Judgement(HealthStatus.UNKNOWN, null, reasons);
    }
    List<ProbeReport> custom =
        probes.stream().filter(p -> isCustom(workload, p.result().probe())).toList();
    Score score = Score.of(workload.spec().health(), measures, custom);
    reasons.addAll(score.reasons());
    return new Judgement(fact, score.points(), reasons);
  }

  private static boolean isCustom(Workload workload, String probe) {
    return workload.spec().probes().stream()
        .anyMatch(p -> p.name().equals(probe) && workload.spec().health().isCustom(p));
  }

  /// A first start, or one that an operator asked for, is no failure; a restart after one is.
  private static Judgement withoutInstance(Workload workload) {
    List<String> reasons = new ArrayList<>();
    boolean failed = false;
    for (Instance instance : workload.instances()) {
      boolean launching = isStarting(workload, instance);
      failed |= launching ? !instance.attempts().isEmpty() : wentDown(instance);
      if (!launching) {
        reasons.add(down(workload, instance));
      } else if (!instance.attempts().isEmpty()) {
        reasons.add(workload.instanceName(instance) + " is being started again");
      }
    }
    if (!failed) {
      return unknown("being started");
    }
    reasons.addFirst("no instance is up");
    return new Judgement(HealthStatus.CRITICAL, null, reasons);
  }

  private static boolean isUp(Workload workload, Instance instance) {
    return instance.phase() == Instance.Phase.RUNNING && !isStarting(workload, instance);
  }

  /// Also when it runs, but its readiness has not been told yet.
  private static boolean isStarting(Workload workload, Instance instance) {
    return switch (instance.phase()) {
      case LAUNCHING, STARTING -> true;
      case RUNNING ->
          instance.health().live()
              && !instance.health().ready()
              && failing(workload, instance, ProbeSpec.Type.READINESS) == null;
      case STOPPING, RESTARTING, BACKOFF, ENDED, FAILED -> false;
    };
  }

  private static boolean wentDown(Instance instance) {
    return switch (instance.phase()) {
      case BACKOFF, FAILED, ENDED, RESTARTING -> true;
      case LAUNCHING, STARTING, RUNNING, STOPPING -> false;
    };
  }

  private static String down(Workload workload, Instance instance) {
    String name = workload.instanceName(instance);
    String reason = instance.reason().isEmpty() ? "" : ": " + instance.reason();
    return name + " is in " + instance.phase().id() + reason;
  }

  /// The best status one instance leaves to its workload.
  private static HealthStatus fact(Workload workload, Instance instance, List<String> reasons) {
    if (instance.candidate()) {
      return HealthStatus.HEALTHY; // An update decides on it.
    }
    if (isStarting(workload, instance)) {
      if (instance.attempts().isEmpty()) {
        return HealthStatus.HEALTHY;
      }
      reasons.add(workload.instanceName(instance) + " is being started again");
      return HealthStatus.DEGRADED;
    }
    return switch (instance.phase()) {
      case BACKOFF, FAILED, ENDED -> {
        reasons.add(down(workload, instance));
        yield HealthStatus.DEGRADED;
      }
      case RESTARTING -> {
        reasons.add(down(workload, instance));
        yield HealthStatus.UNHEALTHY;
      }
      case LAUNCHING, STARTING, STOPPING -> HealthStatus.HEALTHY;
      case RUNNING -> ofProbes(workload, instance, reasons);
    };
  }

  private static HealthStatus ofProbes(Workload workload, Instance instance, List<String> reasons) {
    Instance.Health health = instance.health();
    if (!health.live()) {
      String failing = failing(workload, instance, ProbeSpec.Type.LIVENESS);
      reasons.add(failing != null ? failing : workload.instanceName(instance) + " is not live");
      return HealthStatus.UNHEALTHY;
    }
    if (!health.ready()) {
      String failing = failing(workload, instance, ProbeSpec.Type.READINESS);
      reasons.add(failing != null ? failing : workload.instanceName(instance) + " is not ready");
      return HealthStatus.DEGRADED;
    }
    return HealthStatus.HEALTHY;
  }

  /// @return null if none of that type has failed
  private static @Nullable String failing(
      Workload workload, Instance instance, ProbeSpec.Type type) {
    Map<String, String> words = instance.health().probes();
    String name = workload.instanceName(instance);
    for (ProbeSpec probe : workload.spec(instance).probes(type)) {
      String word = words.get(probe.name());
      if (word != null && !word.equals(Outcome.OK)) {
        return "%s probe %s of %s fails (%s)"
            .formatted(type.name().toLowerCase(Locale.ROOT), probe.name(), name, word);
      }
    }
    return null;
  }
}
