package dev.semper.engine.workload;

import dev.semper.engine.spec.WorkloadSpec;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/// A workload as it is now: what readers see, and what its owner decides upon. Immutable.
///
/// @param uid differs between workloads that have had the same name one after the other
/// @param generation of the specification in force, from 1
/// @param previousGeneration the one a rollback goes back to; 0 if there is none
/// @param specs by generation: the one in force and those its instances were launched from
/// @param reason in words why it is in this state; may be empty
/// @param instances by incarnation, in the order of their ordinals
/// @param operationId the operation that is working on it
/// @param failures operations that failed one after the other; what the circuit breaker counts
/// @param refusedUntil the circuit breaker refuses operations until then
/// @param readySince since when all its instances have been ready and live without a break
/// @param launches incarnations so far; numbers the next one
public record Workload(
    String tenant,
    String name,
    String uid,
    long generation,
    long previousGeneration,
    SortedMap<Long, WorkloadSpec> specs,
    State state,
    Instant stateSince,
    Desired desired,
    String reason,
    List<Instance> instances,
    @Nullable String operationId,
    int failures,
    @Nullable Instant refusedUntil,
    @Nullable Instant readySince,
    long launches,
    Instant createdAt) {

  public Workload {
    instances = List.copyOf(instances);
  }

  /// The specification in force.
  public WorkloadSpec spec() {
    return Objects.requireNonNull(specs.get(generation));
  }

  /// The specification an instance was launched from.
  public WorkloadSpec spec(Instance instance) {
    WorkloadSpec spec = specs.get(instance.generation());
    return spec == null ? spec() : spec;
  }

  /// What an operator asks first: `healthy` if all instances are ready and live, `degraded` if some
  /// are, `unhealthy` if none is, `unknown` if it is not meant to run.
  public String health() {
    if (!state.isInService() && state != State.MAINTENANCE) {
      return state == State.ERROR ? "unhealthy" : "unknown";
    }
    long well = instances.stream().filter(i -> i.isReady() && i.health().live()).count();
    return well == 0 ? "unhealthy" : well < spec().instances() ? "degraded" : "healthy";
  }

  public long ready() {
    return instances.stream().filter(Instance::isReady).count();
  }

  /// Name of an instance for people and files, e.g. `web-0`.
  public String instanceName(Instance instance) {
    return name + "-" + instance.ordinal();
  }
}
