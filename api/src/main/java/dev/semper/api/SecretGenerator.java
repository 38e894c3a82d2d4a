package dev.semper.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// Makes values: draws them, or has a program make them.
///
/// @param length default 32
/// @param alphabet default letters and digits
public record SecretGenerator(
    @Nullable Integer length, @Nullable String alphabet, @Nullable List<String> command) {}
