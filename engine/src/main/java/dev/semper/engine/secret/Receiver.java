package dev.semper.engine.secret;

import org.jspecify.annotations.Nullable;

/// Whom a value is for.
///
/// @param environment development, staging or production
/// @param workload null if it is not known yet
/// @param instance e.g. `web-0`; null if it is for none
/// @param incarnation of the instance
public record Receiver(
    String tenant,
    String environment,
    @Nullable String workload,
    @Nullable String instance,
    @Nullable String incarnation) {}
