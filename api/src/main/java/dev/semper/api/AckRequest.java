package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// Somebody looks after an alert.
public record AckRequest(@Nullable String comment) {}
