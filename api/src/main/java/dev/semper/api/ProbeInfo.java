package dev.semper.api;

import java.time.Instant;

/// The last check of a probe.
///
/// @param outcome passed, failed, withheld (the host was starved) or error (it could not be done)
/// @param failures in a row
public record ProbeInfo(
    String instance,
    String name,
    String type,
    String outcome,
    Instant at,
    double tookMs,
    String message,
    int failures) {}
