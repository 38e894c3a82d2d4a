package dev.semper.api;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A message to a channel, and what came of it.
///
/// @param status pending, delivered or dead (given up)
/// @param reason firing, resolved, repeat, escalation, notice or test
/// @param alerts ids of the alerts it tells of
/// @param error why the last attempt failed
public record DeliveryInfo(
    String id,
    String tenant,
    String channel,
    String status,
    String reason,
    String title,
    List<String> alerts,
    int attempts,
    Instant createdAt,
    @Nullable Instant nextAttemptAt,
    @Nullable Instant endedAt,
    @Nullable String error) {}
