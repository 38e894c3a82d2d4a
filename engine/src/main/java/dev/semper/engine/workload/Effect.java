package dev.semper.engine.workload;

import dev.semper.engine.spec.StopSpec;
import java.time.Duration;

/// What a decision wants done in the world, after it is durable. Idempotent: the server may die
/// between any two.
sealed interface Effect {
  record Start(Instance instance) implements Effect {}

  record Stop(Instance instance, StopSpec how) implements Effect {}

  /// The end of the incarnation is recorded: the driver may forget it.
  record Forget(String incarnation) implements Effect {}

  record Watch(Instance instance) implements Effect {}

  record Unwatch(String incarnation) implements Effect {}

  /// Tells the owner later.
  record Later(WorkloadEvent event, Duration delay) implements Effect {}
}
