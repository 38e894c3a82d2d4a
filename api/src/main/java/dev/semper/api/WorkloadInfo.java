package dev.semper.api;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A workload as it is now.
///
/// @param health healthy, degraded, unhealthy, critical or unknown
/// @param healthScore 0–100; absent if there is nothing to judge
/// @param restarts of all its instances, by policy
/// @param document its specification as in a file; absent in lists
public record WorkloadInfo(
    String tenant,
    String name,
    String uid,
    String kind,
    String version,
    long generation,
    long previousGeneration,
    String state,
    Instant stateSince,
    String desired,
    String reason,
    String health,
    @Nullable Integer healthScore,
    @Nullable String operationId,
    int instancesWanted,
    int instancesReady,
    int restarts,
    int failures,
    @Nullable Instant refusedUntil,
    @Nullable Instant readySince,
    Instant createdAt,
    List<String> dependsOn,
    Map<String, String> labels,
    List<InstanceInfo> instances,
    @Nullable Map<String, Object> document) {}
