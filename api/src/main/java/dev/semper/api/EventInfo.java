package dev.semper.api;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Something that has happened.
///
/// @param seq from 1, without gaps over all tenants
public record EventInfo(
    long seq,
    Instant at,
    String tenant,
    @Nullable String workload,
    @Nullable String instance,
    String type,
    Map<String, Object> data,
    @Nullable String operationId,
    String actor) {}
