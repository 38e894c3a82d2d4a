package dev.semper.engine.workload;

import java.time.Duration;
import java.util.function.LongSupplier;

/// Bounds how many restarts per second happen on this host: a bucket that holds a burst and fills
/// at a steady rate. Whoever comes when it is empty is told how long to wait, each a little longer.
final class RestartBudget {
  private final LongSupplier nanoTime;
  private final long nanosPerToken;
  private final long burstNanos;
  private long emptyUntil;

  /// @param burst restarts that may happen at once
  /// @param perSecond restarts per second after that
  RestartBudget(int burst, int perSecond, LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    nanosPerToken = 1_000_000_000L / perSecond;
    burstNanos = nanosPerToken * burst;
    emptyUntil = nanoTime.getAsLong() - burstNanos;
  }

  /// Takes one restart out.
  ///
  /// @return how long to wait with it; zero for not at all
  synchronized Duration take() {
    long now = nanoTime.getAsLong();
    if (now - emptyUntil > burstNanos) {
      emptyUntil = now - burstNanos;
    }
    emptyUntil += nanosPerToken;
    return emptyUntil <= now ? Duration.ZERO : Duration.ofNanos(emptyUntil - now);
  }
}
