package dev.semper.api;

import java.time.Instant;
import java.util.Map;

/// How the server itself is.
///
/// @param status healthy, degraded or unhealthy: the worst of the checks
/// @param checks status by part of the server
public record ServerHealth(String status, Instant timestamp, Map<String, String> checks) {}
