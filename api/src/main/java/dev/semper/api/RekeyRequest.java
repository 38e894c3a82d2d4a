package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// A change of keys.
///
/// @param master wrap the data keys by a new master key, default false
/// @param data new data keys, and every value sealed anew, default true
public record RekeyRequest(@Nullable Boolean master, @Nullable Boolean data) {}
