package dev.semper.api;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A silence to be.
///
/// @param duration e.g. `2h`
/// @param startsAt null = now
public record SilenceRequest(
    @Nullable List<String> workloads,
    @Nullable List<String> rules,
    @Nullable List<String> severities,
    String duration,
    @Nullable Instant startsAt,
    @Nullable String comment) {}
