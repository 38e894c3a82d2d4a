package dev.semper.api;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How a workload is.
///
/// @param status healthy, degraded, unhealthy, critical or unknown
/// @param score 0–100; absent if there is nothing to judge
/// @param since when it got this status
/// @param lastCheck absent if it was not looked at since the server has started
/// @param reasons what speaks against it
/// @param trend absent if there are too few samples in the last hour
/// @param reliability absent in lists
public record WorkloadHealth(
    String tenant,
    String workload,
    String state,
    String status,
    @Nullable Integer score,
    Instant since,
    @Nullable Instant lastCheck,
    List<String> reasons,
    HealthMeasures measures,
    List<ProbeInfo> probes,
    @Nullable TrendInfo trend,
    List<AnomalyInfo> anomalies,
    @Nullable ReliabilityInfo reliability) {}
