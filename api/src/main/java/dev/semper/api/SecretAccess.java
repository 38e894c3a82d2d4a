package dev.semper.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// Who may have a secret; null = the default.
///
/// @param environments default all three
/// @param tenants others that may refer to it, default none
/// @param workloads default all
public record SecretAccess(
    @Nullable List<String> environments,
    @Nullable List<String> tenants,
    @Nullable List<String> workloads,
    @Nullable Boolean requireApproval) {}
