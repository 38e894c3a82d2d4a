package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// What was measured of a workload; absent where nothing was. CPU and memory are of its busiest
/// instance.
///
/// @param cpuPercent of `resources.cpu`, or of all cores; 0–100
/// @param memoryMb in MB of 1,048,576 bytes
/// @param diskPercent how full the file system of its `working_dir` is, or of the server's home
/// @param errorRatePercent checks of probes that failed, of those in the window
/// @param responseTimeMs mean time of the checks in the window
/// @param uptimeSeconds of the instance that was started last
public record HealthMeasures(
    @Nullable Double cpuPercent,
    @Nullable Double memoryMb,
    @Nullable Double diskPercent,
    @Nullable Double errorRatePercent,
    @Nullable Double responseTimeMs,
    @Nullable Double responseTimeP95Ms,
    @Nullable Double uptimeSeconds,
    int restartCount,
    @Nullable String lastError) {}
