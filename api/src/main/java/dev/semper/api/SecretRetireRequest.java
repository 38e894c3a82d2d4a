package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// @param force although an instance still needs the version
public record SecretRetireRequest(@Nullable Boolean force) {}
