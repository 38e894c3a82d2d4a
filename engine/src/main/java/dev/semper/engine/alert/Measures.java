package dev.semper.engine.alert;

import dev.semper.engine.workload.Workload;
import java.time.Duration;
import java.util.Collection;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/// What rules look at. Called from one thread; must not block for long.
interface Measures {
  /// A measure of [dev.semper.engine.spec.AlertRule#MEASURES] now.
  ///
  /// @return empty if there is none: the workload does not run, or nothing is known yet
  OptionalDouble value(Workload workload, String measure);

  /// Failures in a row of a probe, the most of any instance; empty if it has no result.
  ///
  /// @param probe null = any
  OptionalDouble failuresInARow(Workload workload, @Nullable String probe);

  /// How often the workload's health has changed lately while it was meant to run.
  int healthChanges(Workload workload, Duration window);

  /// Forgets all others.
  void retain(Collection<Workload> workloads);
}
