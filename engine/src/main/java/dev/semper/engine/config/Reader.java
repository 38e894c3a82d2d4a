package dev.semper.engine.config;

import java.util.Map;
import java.util.Set;

/// For whom a configuration is put together.
///
/// @param tenant the owner; sees its own configurations only
/// @param labels e.g. of the workload
/// @param features flags that are on
public record Reader(
    String tenant, Environment environment, Map<String, String> labels, Set<String> features) {
  public Reader {
    labels = Map.copyOf(labels);
    features = Set.copyOf(features);
  }

  public static Reader of(String tenant, Environment environment) {
    return new Reader(tenant, environment, Map.of(), Set.of());
  }
}
