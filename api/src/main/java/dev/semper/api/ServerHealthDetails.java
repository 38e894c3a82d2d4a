package dev.semper.api;

import java.time.Instant;
import java.util.List;
import java.util.Map;

/// How the server itself is, with reasons.
///
/// @param status healthy, degraded or unhealthy: the worst of the checks
/// @param checks status by part of the server
/// @param reasons what speaks against it, by the part it is about
/// @param workloads how many have each status, of those the caller may see
public record ServerHealthDetails(
    String status,
    Instant timestamp,
    Map<String, String> checks,
    List<FieldProblem> reasons,
    String version,
    double uptimeSeconds,
    Map<String, Integer> workloads) {}
