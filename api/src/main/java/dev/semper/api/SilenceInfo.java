package dev.semper.api;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Holds alerts back for a while.
///
/// @param status pending, active or ended
/// @param workloads names with `*`; empty = all; likewise rules and severities
/// @param endedBy who ended it before its time
public record SilenceInfo(
    String id,
    String tenant,
    String status,
    List<String> workloads,
    List<String> rules,
    List<String> severities,
    Instant startsAt,
    Instant endsAt,
    String comment,
    String createdBy,
    @Nullable String endedBy) {}
