package dev.semper.api;

import java.time.Instant;

/// A token without its secret.
///
/// @param role viewer, operator or admin
/// @param tenant `*` = all
public record TokenInfo(
    String id, String name, String role, String tenant, Instant createdAt, String createdBy) {}
