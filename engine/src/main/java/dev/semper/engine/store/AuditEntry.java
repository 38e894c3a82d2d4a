package dev.semper.engine.store;

import java.time.Instant;
import java.util.Map;

/// Who tried to change what, from where, and what came of it.
///
/// @param actor name of the token or user; `anonymous` if not authenticated
/// @param origin address or `local`
/// @param action e.g. `workloads.start`
/// @param resource e.g. `default/web`
/// @param outcome `granted`, `refused` or `failed`
/// @param detail more facts; never secrets
public record AuditEntry(
    Instant at,
    String tenant,
    String actor,
    String origin,
    String action,
    String resource,
    String outcome,
    Map<String, Object> detail) {}
