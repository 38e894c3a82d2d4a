package dev.semper.engine.store;

import org.jspecify.annotations.Nullable;

/// Which events; a null field does not matter.
///
/// @param type exact, or a prefix if it ends in `.*`, e.g. `instance.*`
/// @param after only events with a greater sequence number
public record EventFilter(
    @Nullable String tenant,
    @Nullable String workload,
    @Nullable String instance,
    @Nullable String type,
    @Nullable String operationId,
    long after) {
  public static final EventFilter ALL = new EventFilter(null, null, null, null, null, 0);

  public EventFilter after(long seq) {
    return new EventFilter(tenant, workload, instance, type, operationId, seq);
  }
}
