package dev.semper.spi;

import java.time.Duration;
import java.util.Map;

/// What a [ProbeMethod] is to check.
///
/// @param instance its name, e.g. `web-0`
/// @param port the instance's own; 0 if it has none
/// @param settings of the probe, as validated
/// @param timeout after it the checking thread is interrupted
public record ProbeTarget(
    String tenant,
    String workload,
    String instance,
    int port,
    Map<String, Object> settings,
    Duration timeout) {}
