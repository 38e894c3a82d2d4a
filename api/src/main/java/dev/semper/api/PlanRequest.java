package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// A document to compare with what there is.
///
/// @param format toml (default), yaml or json
/// @param baseDir relative paths in the document start here
/// @param prune delete the tenant's workloads that are not in it
public record PlanRequest(
    String document, @Nullable String format, @Nullable String baseDir, @Nullable Boolean prune) {}
