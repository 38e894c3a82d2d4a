package dev.semper.api;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What is known of a secret but its values.
///
/// @param version the one in force
/// @param rotating step of a rotation under way, create or apply; null = none
/// @param error why its last try failed
/// @param failures tries that have failed
/// @param reads how often somebody has seen a value
public record SecretInfo(
    String tenant,
    String name,
    String description,
    List<String> tags,
    long version,
    @Nullable Instant rotatedAt,
    @Nullable String rotating,
    @Nullable String error,
    int failures,
    @Nullable Instant nextAttemptAt,
    @Nullable Instant nextRotationAt,
    @Nullable Instant expiresAt,
    String notifyBefore,
    SecretAccess access,
    SecretRotation rotation,
    long reads,
    @Nullable Instant lastReadAt,
    @Nullable String lastReadBy,
    Instant createdAt,
    String createdBy,
    Instant changedAt,
    String changedBy) {}
