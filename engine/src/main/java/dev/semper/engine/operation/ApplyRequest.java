package dev.semper.engine.operation;

import dev.semper.engine.spec.WorkloadSpec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// @param specs the workloads wanted
/// @param prune delete the tenant's workloads that are not among them
/// @param parallelism members worked on at once, default 10
/// @param failFast start no further member after one has failed
/// @param start whether new workloads are started
public record ApplyRequest(
    String tenant,
    List<WorkloadSpec> specs,
    String actor,
    boolean prune,
    boolean queue,
    int parallelism,
    boolean failFast,
    boolean start,
    Priority priority,
    @Nullable String idempotencyKey) {
  ApplyRequest of(List<WorkloadSpec> others) {
    return new ApplyRequest(
        tenant,
        others,
        actor,
        prune,
        queue,
        parallelism,
        failFast,
        start,
        priority,
        idempotencyKey);
  }
}
