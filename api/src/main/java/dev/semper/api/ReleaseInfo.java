package dev.semper.api;

import java.time.Instant;
import java.util.Map;

/// A former or present specification of a workload.
public record ReleaseInfo(
    long generation,
    String version,
    Instant createdAt,
    String createdBy,
    boolean current,
    Map<String, Object> document) {}
