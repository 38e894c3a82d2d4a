package dev.semper.engine.workload;

import dev.semper.engine.spec.DependencySpec;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.spi.Exit;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Looks whether what a workload depends on has been reached. Pure over a look-up of workloads.
final class DependencyCheck {
  /// A condition that is not met.
  ///
  /// @param missing there is no such workload, or it is not meant to run
  /// @param recheck when it may be met by mere passing of time
  record Unmet(
      DependencySpec dependency, String reason, boolean missing, @Nullable Duration recheck) {}

  private DependencyCheck() {}

  static Optional<Unmet> unmet(
      DependencySpec dependency, Function<String, Optional<Workload>> find, Instant now) {
    Optional<Workload> found = find.apply(dependency.workload());
    if (found.isEmpty()) {
      return unmet(dependency, "there is no workload " + dependency.workload(), true, null);
    }
    Workload on = found.get();
    int wanted = on.spec().instances();
    return switch (dependency.condition()) {
      case STARTED ->
          count(on) >= wanted
              ? Optional.empty()
              : unmet(dependency, says(on, "started", count(on), wanted), absent(on), null);
      case READY ->
          on.ready() >= wanted
              ? Optional.empty()
              : unmet(dependency, says(on, "ready", on.ready(), wanted), absent(on), null);
      case COMPLETED ->
          completed(on)
              ? Optional.empty()
              : unmet(
                  dependency,
                  on.name() + " is " + on.state().id() + ", not completed",
                  false,
                  null);
      case HEALTHY -> healthy(dependency, on, now);
    };
  }

  /// What an instance has to wait for; optional dependencies only as long as their timeout.
  static Optional<Surroundings.Blocked> blocking(
      WorkloadSpec spec, Instant since, Function<String, Optional<Workload>> find, Instant now) {
    for (DependencySpec dependency : spec.dependsOn()) {
      Optional<Unmet> unmet = unmet(dependency, find, now);
      if (unmet.isEmpty()) {
        continue;
      }
      Duration recheck = unmet.get().recheck();
      if (!dependency.required()) {
        Duration patience = dependency.timeout().minus(Duration.between(since, now));
        if (patience.isNegative() || patience.isZero()) {
          continue;
        }
        recheck = recheck == null || patience.compareTo(recheck) < 0 ? patience : recheck;
      }
      return Optional.of(
          new Surroundings.Blocked(
              "waiting for %s: %s".formatted(dependency.workload(), unmet.get().reason()),
              recheck));
    }
    return Optional.empty();
  }

  private static Optional<Unmet> healthy(DependencySpec dependency, Workload on, Instant now) {
    Instant since = on.readySince();
    if (since == null) {
      return unmet(
          dependency, says(on, "healthy", on.ready(), on.spec().instances()), absent(on), null);
    }
    Duration left = dependency.healthyFor().minus(Duration.between(since, now));
    return left.isNegative() || left.isZero()
        ? Optional.empty()
        : unmet(
            dependency,
            on.name() + " has not been healthy for " + dependency.healthyFor().toSeconds() + " s",
            false,
            left);
  }

  private static Optional<Unmet> unmet(
      DependencySpec dependency, String reason, boolean missing, @Nullable Duration recheck) {
    return Optional.of(new Unmet(dependency, reason, missing, recheck));
  }

  private static String says(Workload on, String what, long count, int wanted) {
    return "%s is %s with %d of %d instances %s"
        .formatted(on.name(), on.state().id(), count, wanted, what);
  }

  private static boolean absent(Workload on) {
    return on.desired() == Desired.STOPPED;
  }

  private static long count(Workload on) {
    return on.instances().stream()
        .filter(i -> i.phase() == Instance.Phase.STARTING || i.phase() == Instance.Phase.RUNNING)
        .count();
  }

  /// Every copy has ended, and none of them badly.
  static boolean completed(Workload on) {
    return on.state() == State.STOPPED
        && on.desired() == Desired.RUNNING
        && !on.instances().isEmpty()
        && on.instances().stream().allMatch(i -> succeeded(on.spec(i), i));
  }

  /// It has ended, and with an exit code that means success.
  static boolean succeeded(WorkloadSpec spec, Instance instance) {
    Exit exit = instance.lastExit();
    return instance.phase() == Instance.Phase.ENDED
        && exit != null
        && exit.code() != null
        && spec.restart().successCodes().contains(exit.code());
  }
}
