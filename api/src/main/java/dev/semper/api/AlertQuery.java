package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// Which alerts; null does not matter.
///
/// @param all also those that are over
public record AlertQuery(
    @Nullable String workload,
    @Nullable String status,
    @Nullable String severity,
    boolean all,
    int limit) {}
