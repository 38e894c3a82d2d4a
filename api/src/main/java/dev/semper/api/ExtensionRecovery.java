package dev.semper.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// An action of a recovery that was tried, in the words of the seed.
///
/// @param timestamp when it ended
/// @param error why it has not helped; absent if it has
public record ExtensionRecovery(
    String action, Instant timestamp, boolean success, @Nullable String error) {}
