package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// What an instance uses with all its children.
///
/// @param cpuMillis processor time so far
public record InstanceUsage(
    String name,
    String incarnation,
    long cpuMillis,
    long residentBytes,
    int processes,
    @Nullable Integer openFiles) {}
