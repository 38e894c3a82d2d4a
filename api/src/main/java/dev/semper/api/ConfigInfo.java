package dev.semper.api;

import java.time.Instant;
import java.util.List;

/// A configuration in brief.
///
/// @param revision the newest of any layer
/// @param layers the revisions in force
/// @param readers the workloads that read it
public record ConfigInfo(
    String tenant,
    String name,
    long revision,
    Instant changedAt,
    String changedBy,
    List<ConfigRevisionInfo> layers,
    List<ConfigReader> readers) {}
