package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// One difference between two specifications; values that look secret are masked.
///
/// @param path e.g. `env.LANG`, `probes.http.period`
/// @param before a JSON value; null if it was not there
/// @param after likewise; null if it is gone
public record ChangeInfo(String path, @Nullable Object before, @Nullable Object after) {}
