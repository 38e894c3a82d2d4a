package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// What a tenant is to be allowed; null = unlimited.
///
/// @param memory bytes, or a size such as `8G`
public record QuotaRequest(
    @Nullable Integer workloads,
    @Nullable Integer instances,
    @Nullable String memory,
    @Nullable Double cpu) {}
