package dev.semper.api;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// For whom a configuration is put together.
///
/// @param environment null = development
/// @param features flags that are on
/// @param workload in place of the rest: as this workload sees it
public record ConfigQuery(
    @Nullable String environment,
    Map<String, String> labels,
    List<String> features,
    @Nullable String workload) {
  public static final ConfigQuery DEFAULT = new ConfigQuery(null, Map.of(), List.of(), null);

  public static ConfigQuery of(@Nullable String environment) {
    return new ConfigQuery(environment, Map.of(), List.of(), null);
  }
}
