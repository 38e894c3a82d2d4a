package dev.semper.engine.recovery;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// How a workload is, and what speaks for it.
///
/// @param status healthy, degraded, unhealthy, critical or unknown
/// @param score 0–100; null if nobody has counted
/// @param failing whether a recovery is called for
/// @param probe that fails; empty if it is not a probe that says so
/// @param message what is wrong; empty if nothing is
/// @param failures of the probe, one after the other
/// @param since when it was first seen to be so
public record Evidence(
    String status,
    @Nullable Integer score,
    boolean failing,
    String probe,
    String message,
    int failures,
    @Nullable Instant since) {
  static final String HEALTHY = "healthy";
  static final String DEGRADED = "degraded";
  static final String UNHEALTHY = "unhealthy";
  static final String CRITICAL = "critical";
  static final String UNKNOWN = "unknown";

  boolean healthy() {
    return status.equals(HEALTHY);
  }

  /// It does its work, and nobody has given up any part of it.
  boolean up() {
    return healthy() || (status.equals(DEGRADED) && !failing);
  }

  Evidence since(@Nullable Instant first) {
    return new Evidence(status, score, failing, probe, message, failures, first);
  }

  /// In words.
  String text() {
    return message.isEmpty() ? status : status + ": " + message;
  }
}
