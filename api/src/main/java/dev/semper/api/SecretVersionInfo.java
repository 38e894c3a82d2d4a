package dev.semper.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// One value of a secret, without the value.
///
/// @param state pending, current, previous or retired
/// @param validUntil of a previous one: when its overlap ends
/// @param overdue its overlap has ended, but somebody still has it
public record SecretVersionInfo(
    long version,
    String state,
    Instant createdAt,
    String createdBy,
    @Nullable Instant validUntil,
    @Nullable Instant retiredAt,
    boolean overdue) {}
