package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// Back to what was.
///
/// @param all every layer as it was at that revision; else only the layer the revision is of
public record ConfigRollbackRequest(
    long revision,
    @Nullable Boolean all,
    @Nullable String description,
    @Nullable Long expected,
    @Nullable Boolean validateOnly) {}
