package dev.semper.engine.health;

import dev.semper.engine.workload.State;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How a workload is.
///
/// @param state where it is in its life
/// @param score 0–100, of the last check; null if there is nothing to judge. The status may follow
///   a change of the measures some samples later (`failure_threshold`, `success_threshold`); what
///   facts say it follows at once
/// @param since when it got this status
/// @param lastCheck null if it was not looked at since the server has started
/// @param reasons what speaks against it; empty if nothing does
/// @param trend null if there are too few samples in the last hour
public record HealthReport(
    String tenant,
    String workload,
    String uid,
    State state,
    HealthStatus status,
    @Nullable Integer score,
    Instant since,
    @Nullable Instant lastCheck,
    List<String> reasons,
    Measures measures,
    List<ProbeReport> probes,
    @Nullable Trend trend,
    List<Anomaly> anomalies) {
  public HealthReport {
    reasons = List.copyOf(reasons);
    probes = List.copyOf(probes);
    anomalies = List.copyOf(anomalies);
  }
}
