package dev.semper.engine.spec;

import java.time.Duration;

/// What another workload must have reached before this one starts.
///
/// In a file: `"db"` (= ready, required) or a table with `workload`, `condition`, `for`,
/// `required`, `timeout`.
///
/// @param workload name, same tenant
/// @param condition default `ready`
/// @param healthyFor with condition `healthy`: for how long without a break, default 0; 0 with any
///   other condition
/// @param required an optional one is waited for but never refuses a start
/// @param timeout how long a start waits for the condition, default 60 s
public record DependencySpec(
    String workload, Condition condition, Duration healthyFor, boolean required, Duration timeout) {
  public DependencySpec {
    Limits.require(Limits.isName(workload), "workload " + Limits.NAME_FORM);
    Limits.HEALTHY_FOR.require("for", healthyFor);
    Limits.DEPENDENCY_TIMEOUT.require("timeout", timeout);
    Limits.require(
        condition == Condition.HEALTHY || healthyFor.isZero(),
        "for is only for the condition healthy");
  }

  /// From weak to strong, except `completed`.
  public enum Condition {
    /// All its instances have been launched.
    STARTED,
    /// All its instances pass their startup and readiness probes.
    READY,
    /// It has ended with success.
    COMPLETED,
    /// Ready and passing its liveness probes for some time.
    HEALTHY
  }
}
