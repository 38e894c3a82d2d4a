package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// How the server ends.
///
/// @param withWorkloads whether it stops what it runs first; default false
public record ShutdownRequest(@Nullable Boolean withWorkloads) {}
