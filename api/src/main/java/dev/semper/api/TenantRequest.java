package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// A tenant as it is to be.
public record TenantRequest(@Nullable QuotaRequest quota) {}
