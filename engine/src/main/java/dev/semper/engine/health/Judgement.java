package dev.semper.engine.health;

import dev.semper.engine.spec.ProbeSpec;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.Workload;
import java.util.ArrayList;
import java.util.List;
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
    List<Instance> up =
        instances.stream().filter(i -> i.phase() == Instance.Phase.RUNNING).toList();
    if (workload.spec().instances() == 0) {
      return unknown("no instance is wanted");
    }
    if (up.isEmpty()) {
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
      boolean launching =
          instance.phase() == Instance.Phase.LAUNCHING
              || instance.phase() == Instance.Phase.STARTING;
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
    return switch (instance.phase()) {
      case BACKOFF, FAILED, ENDED -> {
        reasons.add(down(workload, instance));
        yield HealthStatus.DEGRADED;
      }
      case RESTARTING -> {
        reasons.add(down(workload, instance));
        yield HealthStatus.UNHEALTHY;
      }
      case LAUNCHING, STARTING -> {
        if (instance.attempts().isEmpty()) {
          yield HealthStatus.HEALTHY;
        }
        reasons.add(workload.instanceName(instance) + " is being started again");
        yield HealthStatus.DEGRADED;
      }
      case STOPPING -> HealthStatus.HEALTHY;
      case RUNNING -> ofProbes(workload, instance, reasons);
    };
  }

  private static HealthStatus ofProbes(Workload workload, Instance instance, List<String> reasons) {
    Instance.Health health = instance.health();
    if (!health.live()) {
      reasons.add(failing(workload, instance, ProbeSpec.Type.LIVENESS));
      return HealthStatus.UNHEALTHY;
    }
    if (!health.ready()) {
      reasons.add(failing(workload, instance, ProbeSpec.Type.READINESS));
      return HealthStatus.DEGRADED;
    }
    return HealthStatus.HEALTHY;
  }

  private static String failing(Workload workload, Instance instance, ProbeSpec.Type type) {
    Map<String, String> words = instance.health().probes();
    String name = workload.instanceName(instance);
    for (ProbeSpec probe : workload.spec(instance).probes(type)) {
      String word = words.get(probe.name());
      if (word != null && !word.equals(Outcome.OK)) {
        return "%s probe %s of %s fails (%s)"
            .formatted(type.name().toLowerCase(java.util.Locale.ROOT), probe.name(), name, word);
      }
    }
    return name + (type == ProbeSpec.Type.READINESS ? " is not ready" : " is not live");
  }
}
