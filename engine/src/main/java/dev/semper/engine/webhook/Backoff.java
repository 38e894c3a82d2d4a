package dev.semper.engine.webhook;

import java.time.Duration;

/// Pauses between tries: the first, doubled from time to time up to the longest.
public record Backoff(Duration first, Duration longest) {
  private static final int MOST_DOUBLINGS = 20;

  /// The pause after so many failures in a row, from 1.
  public Duration after(int failures) {
    long millis = first.toMillis() << Math.clamp(failures - 1L, 0, MOST_DOUBLINGS);
    return Duration.ofMillis(Math.min(longest.toMillis(), millis));
  }
}
