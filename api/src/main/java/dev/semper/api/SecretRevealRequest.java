package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// A wish to see a value.
///
/// @param version null = the one in force
/// @param reason kept in the audit record
public record SecretRevealRequest(@Nullable Long version, @Nullable String reason) {}
