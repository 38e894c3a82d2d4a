package dev.semper.engine.spec;

import java.time.Duration;

/// Tries within one check before it counts as failed. Each has the probe's whole timeout; the next
/// check of the probe begins only after the last of them.
///
/// @param maxRetries after the first try, default 3
/// @param delay before the first retry, default 1 s
/// @param backoffMultiplier of the delay from retry to retry, default 2
/// @param maxDelay default 10 s
public record RetrySpec(
    int maxRetries, Duration delay, double backoffMultiplier, Duration maxDelay) {
  public static final RetrySpec NONE =
      new RetrySpec(0, Duration.ofSeconds(1), 2, Duration.ofSeconds(10));

  public RetrySpec {
    Limits.RETRIES.require("max_retries", maxRetries);
    Limits.RETRY_DELAY.require("delay", delay);
    Limits.BACKOFF.require("backoff_multiplier", backoffMultiplier);
    Limits.RETRY_DELAY.require("max_delay", maxDelay);
  }

  /// The wait before a retry.
  ///
  /// @param retry from 1 up
  public Duration before(int retry) {
    double nanos = delay.toNanos() * Math.pow(backoffMultiplier, retry - 1.0);
    return nanos >= maxDelay.toNanos() ? maxDelay : Duration.ofNanos((long) nanos);
  }
}
