package dev.semper.engine.operation;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.spec.WorkloadSpec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/// What the workloads of a tenant may take together. 0 = unlimited.
///
/// @param memoryBytes sum of the memory limits of all instances; an unlimited workload is refused
///   where memory is bounded
/// @param cpu likewise, in cores
public record Quotas(long workloads, long instances, long memoryBytes, double cpu) {
  public static final Quotas UNLIMITED = new Quotas(0, 0, 0, 0);

  /// @param specs all workloads the tenant would have
  /// @throws SemperException QUOTA_EXCEEDED that says by how much
  public void check(String tenant, Collection<WorkloadSpec> specs) {
    List<String> exceeded = new ArrayList<>();
    long copies = specs.stream().mapToLong(WorkloadSpec::instances).sum();
    exceeds(exceeded, "workloads", specs.size(), (double) workloads);
    exceeds(exceeded, "instances", (double) copies, (double) instances);
    exceeds(
        exceeded,
        "memory (bytes)",
        (double) specs.stream().mapToLong(s -> s.instances() * s.resources().memoryBytes()).sum(),
        (double) memoryBytes);
    exceeds(
        exceeded,
        "cpu",
        specs.stream().mapToDouble(s -> s.instances() * s.resources().cpu()).sum(),
        cpu);
    for (WorkloadSpec spec : specs) {
      unbounded(exceeded, spec, "memory", memoryBytes > 0, spec.resources().memoryBytes() > 0);
      unbounded(exceeded, spec, "cpu", cpu > 0, spec.resources().cpu() > 0);
    }
    if (!exceeded.isEmpty()) {
      throw new SemperException(
          ErrorCode.QUOTA_EXCEEDED,
          "The quota of tenant %s would be exceeded: %s"
              .formatted(tenant, String.join("; ", exceeded)),
          List.of(),
          Map.of("tenant", tenant));
    }
  }

  private static void exceeds(List<String> exceeded, String what, double wanted, double allowed) {
    if (allowed > 0 && wanted > allowed) {
      exceeded.add("%s: %s wanted, %s allowed".formatted(what, number(wanted), number(allowed)));
    }
  }

  private static void unbounded(
      List<String> exceeded, WorkloadSpec spec, String what, boolean bounded, boolean limited) {
    if (bounded && !limited && spec.instances() > 0) {
      exceeded.add(
          "workload %s has no %s limit, and the tenant's %s is bounded: set resources.%s"
              .formatted(spec.name(), what, what, what));
    }
  }

  private static String number(double value) {
    return value == Math.rint(value) ? String.valueOf((long) value) : String.valueOf(value);
  }
}
