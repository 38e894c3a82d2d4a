package dev.semper.engine.health;

/// Is told how workloads are. Calls come from the sampler's thread and must not block.
public interface HealthListener {
  /// A workload was looked at.
  void checked(HealthReport report);

  /// A workload has another status; it is durable.
  void changed(HealthStatus from, HealthReport now);
}
