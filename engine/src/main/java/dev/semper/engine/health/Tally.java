package dev.semper.engine.health;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;

/// Counts what the prober does. Lateness goes into buckets of 1/8 of a power of two microseconds,
/// so that a percentile is told within 12 %. It is that of the last 10 to 20 s: what was late once,
/// e.g. when the server started, is not held against it for ever.
final class Tally {
  private static final int STEPS = 8;
  private static final int BUCKETS = STEPS * 40;
  private static final long SLICE = TimeUnit.SECONDS.toNanos(10);

  final LongAdder checks = new LongAdder();
  final LongAdder failures = new LongAdder();
  final LongAdder errors = new LongAdder();
  final LongAdder withheld = new LongAdder();
  final LongAdder dropped = new LongAdder();
  private volatile Slice present = new Slice(0);
  private volatile Slice before = new Slice(-SLICE);

  /// What was late within 10 s.
  private static final class Slice {
    final long since;
    final AtomicLongArray lateness = new AtomicLongArray(BUCKETS);
    volatile long worst;

    Slice(long since) {
      this.since = since;
    }
  }

  /// One writer: the scheduler's thread.
  ///
  /// @param now by the scheduler's clock
  void late(long now, long nanos) {
    Slice slice = present;
    if (now - slice.since >= SLICE) {
      before = slice;
      slice = new Slice(now);
      present = slice;
    }
    long micros = Math.max(0, nanos) / 1_000;
    slice.lateness.setOpaque(bucket(micros), slice.lateness.getPlain(bucket(micros)) + 1);
    if (micros > slice.worst) {
      slice.worst = micros;
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

  private static long percentile(List<Slice> slices, long worst, double share) {
    long total = 0;
    for (int i = 0; i < BUCKETS; i++) {
      total += count(slices, i);
    }
    long seen = 0;
    for (int i = 0; i < BUCKETS && total > 0; i++) {
      seen += count(slices, i);
      if (seen >= share * total) {
        return Math.min(worst, top(i));
      }
    }
    return worst;
  }

  private static long count(List<Slice> slices, int bucket) {
    return slices.stream().mapToLong(slice -> slice.lateness.get(bucket)).sum();
  }

  ProbeMetrics metrics(long now, int watched, int breakersOpen, boolean starved) {
    List<Slice> slices =
        Stream.of(before, present).filter(slice -> now - slice.since < 2 * SLICE).toList();
    long worst = slices.stream().mapToLong(slice -> slice.worst).max().orElse(0);
    return new ProbeMetrics(
        watched,
        checks.sum(),
        failures.sum(),
        errors.sum(),
        withheld.sum(),
        dropped.sum(),
        breakersOpen,
        starved,
        micros(percentile(slices, worst, 0.5)),
        micros(percentile(slices, worst, 0.99)),
        micros(worst));
  }

  private static Duration micros(long micros) {
    return Duration.ofNanos(micros * 1_000);
  }
}
