package dev.semper.engine.spec;

import java.time.Duration;

/// When a probe leaves its target alone for a while.
///
/// @param failureThreshold failed checks in a row that open it, default 5
/// @param recoveryTimeout how long the target is not called then, default 30 s
/// @param halfOpenMaxCalls trial calls after that; if all pass it closes, if one fails it opens
///   again. Default 3
public record BreakerSpec(int failureThreshold, Duration recoveryTimeout, int halfOpenMaxCalls) {
  public static final BreakerSpec DEFAULT = new BreakerSpec(5, Duration.ofSeconds(30), 3);

  public BreakerSpec {
    Limits.THRESHOLD.require("failure_threshold", failureThreshold);
    Limits.RECOVERY_TIMEOUT.require("recovery_timeout", recoveryTimeout);
    Limits.THRESHOLD.require("half_open_max_calls", halfOpenMaxCalls);
  }
}
