package dev.semper.engine.secret;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// Who may have a secret.
///
/// @param environments in which it is delivered, default all three
/// @param tenants others than its own that may refer to it as `TENANT/NAME`, default none
/// @param workloads that it is delivered to, default all
/// @param requireApproval nobody sees the value before another administrator has approved
public record AccessPolicy(
    Set<String> environments, Set<String> tenants, Set<String> workloads, boolean requireApproval) {
  private static final Set<String> ENVIRONMENTS = Set.of("development", "staging", "production");
  public static final AccessPolicy DEFAULT =
      new AccessPolicy(ENVIRONMENTS, Set.of(), Set.of(), false);

  public AccessPolicy {
    environments = Set.copyOf(environments);
    tenants = Set.copyOf(tenants);
    workloads = Set.copyOf(workloads);
    if (environments.isEmpty() || !ENVIRONMENTS.containsAll(environments)) {
      throw new SemperException(
          ErrorCode.INVALID_REQUEST,
          "The access policy is wrong: environments must be some of development, staging and production",
          List.of(
              new Problem(
                  "access.environments", 0, "must be some of development, staging, production")),
          Map.of());
    }
  }

  /// Why a secret is not for somebody; empty if it is.
  String refusal(String owner, Receiver receiver) {
    if (!receiver.tenant().equals(owner) && !tenants.contains(receiver.tenant())) {
      return "is of tenant %s and not for tenant %s".formatted(owner, receiver.tenant());
    }
    if (!environments.contains(receiver.environment())) {
      return "is for %s only, not for %s"
          .formatted(String.join(" and ", new TreeSet<>(environments)), receiver.environment());
    }
    String workload = receiver.workload();
    if (workload != null && !workloads.isEmpty() && !workloads.contains(workload)) {
      return "is not for workload %s; its access policy names %s"
          .formatted(workload, String.join(", ", new TreeSet<>(workloads)));
    }
    return "";
  }
}
