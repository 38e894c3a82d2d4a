package dev.semper.api;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The settings of `POST /api/extensions/lifecycle/health/{name}/config`; what is null gets its
/// default.
///
/// @param extensionName the same as in the path, if it is given
/// @param checkIntervalSeconds default 60
/// @param timeoutSeconds of one check of each probe; null leaves what each has
/// @param failureThreshold default 3
/// @param successThreshold default 1
/// @param enabledChecks default all
/// @param thresholds by the names of the seed; response times in milliseconds
/// @param customChecks names of probes of the workload
public record ExtensionHealthConfig(
    @Nullable String extensionName,
    @Nullable Integer checkIntervalSeconds,
    @Nullable Integer timeoutSeconds,
    @Nullable Integer failureThreshold,
    @Nullable Integer successThreshold,
    @Nullable List<String> enabledChecks,
    @Nullable Map<String, BigDecimal> thresholds,
    @Nullable List<String> customChecks) {}
