package dev.semper.api;

import java.time.Instant;
import java.util.List;
import java.util.Map;

/// What the server is and what it can do.
///
/// @param capabilities by kind of workload
public record ServerInfo(
    String version,
    long pid,
    String home,
    double uptimeSeconds,
    String apiUrl,
    Instant startedAt,
    Map<String, List<CapabilityInfo>> capabilities,
    int workloads,
    List<FieldProblem> troubles) {}
