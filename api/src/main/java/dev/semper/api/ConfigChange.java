package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// A key whose value differs.
///
/// @param kind added, changed or removed
public record ConfigChange(
    String key, String kind, @Nullable Object before, @Nullable Object after) {}
