package dev.semper.engine.secret;

import org.jspecify.annotations.Nullable;

/// Somebody wants to see a value.
///
/// @param version null = the one in force
/// @param reason goes into the audit record
/// @param origin address, or `local`
public record RevealRequest(
    String tenant,
    String name,
    @Nullable Long version,
    String reason,
    String actor,
    String origin) {}
