package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// Which events; null does not matter.
///
/// @param type exact, or a prefix such as `instance.*`
/// @param after only events with a greater number; null = the newest, or from now on in a stream
public record EventQuery(
    @Nullable String workload,
    @Nullable String instance,
    @Nullable String type,
    @Nullable String operationId,
    @Nullable Long after) {
  public static final EventQuery ALL = new EventQuery(null, null, null, null, null);

  public EventQuery after(long seq) {
    return new EventQuery(workload, instance, type, operationId, seq);
  }

  public EventQuery workload(String name) {
    return new EventQuery(name, instance, type, operationId, after);
  }
}
