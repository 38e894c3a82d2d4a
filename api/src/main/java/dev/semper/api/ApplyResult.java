package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// What was begun.
///
/// @param operation null if nothing was to be done
public record ApplyResult(@Nullable OperationInfo operation, PlanInfo plan) {}
