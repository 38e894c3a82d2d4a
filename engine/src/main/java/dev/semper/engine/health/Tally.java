package dev.semper.engine.health;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/// Counts what the prober does. Lateness goes into buckets of 1/8 of a power of two microseconds,
/// so that a percentile is told within 12 %.
final class Tally {
  private static final int STEPS = 8;
  private static final int BUCKETS = STEPS * 40;

  final LongAdder checks = new LongAdder();
  final LongAdder failures = new LongAdder();
  final LongAdder errors = new LongAdder();
  final LongAdder withheld = new LongAdder();
  final LongAdder dropped = new LongAdder();
  private final AtomicLongArray lateness = new AtomicLongArray(BUCKETS);
  private volatile long worst;

  /// One writer: the scheduler's thread.
  void late(long nanos) {
    long micros = Math.max(0, nanos) / 1_000;
    lateness.incrementAndGet(bucket(micros));
    if (micros > worst) {
      worst = micros;
    }
  }

  private static int bucket(long micros) {
    if (micros < STEPS) {
      return (int) micros;
    }
    int power = 63 - Long.numberOfLeadingZeros(micros);
    int step = (int) (micros >>> (power - 3)) - STEPS;
    return Math.min(BUCKETS - 1, (power - 2) * STEPS + step);
  }

  /// The largest value that falls into a bucket.
  private static long top(int bucket) {
    if (bucket < STEPS) {
      return bucket;
    }
    int power = bucket / STEPS + 2;
    return ((long) (bucket % STEPS + STEPS + 1) << (power - 3)) - 1;
  }

  private long percentile(double share) {
    long total = 0;
    for (int i = 0; i < BUCKETS; i++) {
      total += lateness.get(i);
    }
    long seen = 0;
    for (int i = 0; i < BUCKETS && total > 0; i++) {
      seen += lateness.get(i);
      if (seen >= share * total) {
        return Math.min(worst, top(i));
      }
    }
    return worst;
  }

  ProbeMetrics metrics(int watched, int breakersOpen, boolean starved) {
    return new ProbeMetrics(
        watched,
        checks.sum(),
        failures.sum(),
        errors.sum(),
        withheld.sum(),
        dropped.sum(),
        breakersOpen,
        starved,
        micros(percentile(0.5)),
        micros(percentile(0.99)),
        micros(worst));
  }

  private static Duration micros(long micros) {
    return Duration.ofNanos(micros * 1_000);
  }
}
