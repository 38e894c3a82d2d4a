package dev.semper.api;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An alert.
///
/// @param fingerprint the same each time the same rule finds the same thing
/// @param severity info, warning or critical
/// @param status pending, firing or resolved
/// @param heldBy why nobody is told of it now: a silence, a maintenance window, an alert of a
///   dependency
/// @param toldAt when its channels last heard of it
/// @param step steps of the escalation that were taken
public record AlertInfo(
    String id,
    String fingerprint,
    String tenant,
    @Nullable String workload,
    String rule,
    String severity,
    String status,
    @Nullable Double value,
    String summary,
    Map<String, String> labels,
    Map<String, String> annotations,
    Instant since,
    @Nullable Instant firedAt,
    @Nullable Instant resolvedAt,
    @Nullable String heldBy,
    @Nullable Instant toldAt,
    int step,
    @Nullable String acknowledgedBy,
    @Nullable Instant acknowledgedAt,
    @Nullable String comment) {}
