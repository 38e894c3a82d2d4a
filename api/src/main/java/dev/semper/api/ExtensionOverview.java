package dev.semper.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A workload at a glance, in the words of the seed.
///
/// @param recentBackups empty until workloads are backed up
/// @param currentMigration null until workloads are migrated
/// @param recentRecovery the last 5 actions, newest first
@JsonInclude
public record ExtensionOverview(
    String extensionName,
    Instant timestamp,
    ExtensionHealth health,
    List<Map<String, Object>> recentBackups,
    @Nullable Map<String, Object> currentMigration,
    List<ExtensionRecovery> recentRecovery) {}
