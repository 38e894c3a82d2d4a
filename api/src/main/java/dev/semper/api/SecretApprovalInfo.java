package dev.semper.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// Somebody's wish to see a secret that needs another administrator's consent.
///
/// @param state requested, approved, denied or used
public record SecretApprovalInfo(
    String id,
    String tenant,
    String secret,
    String requester,
    String reason,
    String state,
    Instant createdAt,
    @Nullable String decidedBy,
    @Nullable Instant decidedAt,
    Instant validUntil) {}
