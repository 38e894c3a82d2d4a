package dev.semper.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How a workload is, in the words of the seed's `/api/extensions/lifecycle/health`. Every field is
/// there; null where nothing was measured.
///
/// @param extensionName the workload's name
/// @param cpuUsage percent, 0–100
/// @param memoryUsage in MB of 1,048,576 bytes
/// @param diskUsage percent
/// @param errorRate percent, 0–100
/// @param responseTime in milliseconds
/// @param uptime in seconds
/// @param healthScore 0–100; 0 if there is nothing to judge
/// @param metrics what else is measured, by name
@JsonInclude
public record ExtensionHealth(
    String extensionName,
    String status,
    @Nullable Instant lastCheck,
    @Nullable Double cpuUsage,
    @Nullable Double memoryUsage,
    @Nullable Double diskUsage,
    @Nullable Double errorRate,
    @Nullable Double responseTime,
    @Nullable Double uptime,
    int restartCount,
    @Nullable String lastError,
    int healthScore,
    Map<String, Double> metrics) {}
