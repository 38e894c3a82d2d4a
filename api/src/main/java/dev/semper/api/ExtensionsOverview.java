package dev.semper.api;

import java.time.Instant;
import java.util.Map;

/// All workloads of a tenant at a glance, in the words of the seed.
public record ExtensionsOverview(
    Instant timestamp, Map<String, ExtensionOverview> extensions, Statistics statistics) {

  /// @param healthyExtensions with status healthy
  /// @param unhealthyExtensions with status unhealthy or critical; degraded and unknown ones are in
  ///   neither number
  /// @param healthPercentage healthy ones of all; 0 if there are none
  public record Statistics(
      int totalExtensions,
      int healthyExtensions,
      int unhealthyExtensions,
      double healthPercentage) {}
}
