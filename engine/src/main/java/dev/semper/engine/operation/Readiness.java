package dev.semper.engine.operation;

import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.Workload;
import dev.semper.spi.Exit;
import java.util.Comparator;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Whether copies launched by an operation are ready, can still become so, or never will.
///
/// @param ordinal which copy; -1 for all
/// @param generation they were launched from
record Readiness(WorkloadSpec spec, int ordinal, long generation) {
  sealed interface Answer {
    record Ready() implements Answer {}

    record NotYet(String reason) implements Answer {}

    record Never(String reason) implements Answer {}
  }

  Answer of(Workload workload) {
    int first = Math.max(ordinal, 0);
    int last = ordinal < 0 ? spec.instances() - 1 : ordinal;
    Answer worst = new Answer.Ready();
    for (int i = first; i <= last; i++) {
      Answer answer = copy(workload, i);
      if (answer instanceof Answer.Never) {
        return answer;
      }
      if (answer instanceof Answer.NotYet && worst instanceof Answer.Ready) {
        worst = answer;
      }
    }
    return worst;
  }

  /// What a copy that could be launched otherwise waits for, outside of itself; empty if none does.
  Optional<String> waits(Workload workload) {
    return workload.instances().stream()
        .filter(i -> i.generation() == generation && (ordinal < 0 || i.ordinal() == ordinal))
        .filter(i -> i.phase() == Instance.Phase.BACKOFF && i.nextAttemptAt() == null)
        .map(i -> workload.instanceName(i) + " is " + i.reason())
        .findFirst();
  }

  private Answer copy(Workload workload, int copy) {
    Optional<Instance> newest =
        workload.instances().stream()
            .filter(i -> i.ordinal() == copy && i.generation() == generation)
            .max(Comparator.comparing(Instance::since));
    if (newest.isEmpty()) {
      return new Answer.Never(workload.name() + "-" + copy + " is gone");
    }
    Instance instance = newest.get();
    String name = workload.instanceName(instance);
    return switch (instance.phase()) {
      case RUNNING ->
          instance.health().ready()
              ? new Answer.Ready()
              : new Answer.NotYet(name + " is not ready: " + probes(instance));
      case LAUNCHING -> new Answer.NotYet(name + " is being launched" + before(instance));
      case STARTING ->
          new Answer.NotYet(name + " is starting" + before(instance) + startup(instance));
      case BACKOFF -> new Answer.NotYet(name + " is not running: " + instance.reason());
      case RESTARTING -> new Answer.NotYet(name + " is being restarted: " + instance.reason());
      case STOPPING -> new Answer.Never(name + " is being stopped: " + instance.reason());
      case FAILED -> new Answer.Never(name + " failed: " + instance.reason());
      case ENDED ->
          succeeded(instance.lastExit())
              ? new Answer.Ready()
              : new Answer.Never(name + " has ended: " + instance.reason());
    };
  }

  private boolean succeeded(@Nullable Exit exit) {
    return exit != null
        && exit.code() != null
        && spec.restart().successCodes().contains(exit.code());
  }

  private static String before(Instance instance) {
    return instance.lastExit() == null ? "" : " again after it ended with " + instance.lastExit();
  }

  private static String startup(Instance instance) {
    String failing = failing(instance);
    return failing.isEmpty() ? "" : ": " + failing;
  }

  private static String probes(Instance instance) {
    String failing = failing(instance);
    return failing.isEmpty() ? "its readiness probes have not passed yet" : failing;
  }

  private static String failing(Instance instance) {
    return instance.health().probes().entrySet().stream()
        .filter(e -> !e.getValue().equals("ok"))
        .map(e -> "probe " + e.getKey() + ": " + e.getValue())
        .findFirst()
        .orElse("");
  }
}
