package dev.semper.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// How a secret gets new values; null = the default.
///
/// @param interval default 24h
/// @param overlap default 1h
/// @param hook a program and its arguments
/// @param timeout default 30s
public record SecretRotation(
    @Nullable Boolean enabled,
    @Nullable String interval,
    @Nullable String overlap,
    @Nullable SecretGenerator generator,
    @Nullable List<String> hook,
    @Nullable String timeout) {}
