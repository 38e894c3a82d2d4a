package dev.semper.api;

import java.time.Instant;
import java.util.Map;

/// Who tried to change what, from where, and what came of it.
///
/// @param outcome granted, refused or failed
public record AuditInfo(
    long seq,
    Instant at,
    String tenant,
    String actor,
    String origin,
    String action,
    String resource,
    String outcome,
    Map<String, Object> detail,
    String hash) {}
