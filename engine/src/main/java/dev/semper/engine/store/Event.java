package dev.semper.engine.store;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Something that has happened, durable and numbered.
///
/// @param seq from 1, without gaps, in the order of commits
/// @param type dotted name, e.g. `instance.exited`
/// @param data facts by name: strings, numbers, booleans, lists and maps of them
/// @param operationId the operation it belongs to
/// @param actor who caused it; `system` if nobody did
public record Event(
    long seq,
    Instant at,
    String tenant,
    @Nullable String workload,
    @Nullable String instance,
    String type,
    Map<String, Object> data,
    @Nullable String operationId,
    String actor) {}
