package dev.semper.engine.health;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The newest results of all probes of one incarnation, at most 600. What a probe says before it
/// has passed for the first time is left out: the program is still starting. Written by the
/// prober's thread, read by others.
final class ProbeWindow {
  private static final int MOST = 600;

  private final Set<String> passed = new HashSet<>();
  private long[] at = new long[8];

  /// Microseconds a check took; as its complement if it failed.
  private int[] took = new int[8];

  private int first;
  private int size;
  private long checks;
  private double seconds;
  private @Nullable String lastError;

  /// @param errorPercent null if there was no result
  record Stats(
      @Nullable Double errorPercent, @Nullable Double meanMillis, @Nullable Double p95Millis) {
    static final Stats NONE = new Stats(null, null, null);
  }

  /// What all checks so far have taken.
  record Total(long checks, double seconds) {}

  /// @param now nanoseconds of a monotonic clock
  synchronized void add(long now, ProbeResult result) {
    checks++;
    seconds += result.took().toNanos() / 1e9;
    if (result.passed()) {
      passed.add(result.probe());
    } else {
      lastError = result.probe() + ": " + result.message();
    }
    if (!passed.contains(result.probe())) {
      return;
    }
    if (size == at.length && size < MOST) {
      grow();
    }
    if (size == at.length) {
      first = (first + 1) % at.length;
      size--;
    }
    int place = (first + size) % at.length;
    long micros = Math.min(Integer.MAX_VALUE, result.took().toNanos() / 1000);
    at[place] = now;
    took[place] = result.passed() ? (int) micros : ~(int) micros;
    size++;
  }

  private void grow() {
    int length = Math.min(MOST, 2 * at.length);
    long[] newAt = new long[length];
    int[] newTook = new int[length];
    for (int i = 0; i < size; i++) {
      newAt[i] = at[(first + i) % at.length];
      newTook[i] = took[(first + i) % took.length];
    }
    at = newAt;
    took = newTook;
    first = 0;
  }

  synchronized @Nullable String lastError() {
    return lastError;
  }

  synchronized Total total() {
    return new Total(checks, seconds);
  }

  /// The results since a time, in no order.
  synchronized int[] since(long from) {
    int[] results = new int[size];
    int n = 0;
    for (int i = 0; i < size; i++) {
      int place = (first + i) % at.length;
      if (at[place] - from >= 0) {
        results[n++] = took[place];
      }
    }
    return Arrays.copyOf(results, n);
  }

  static Stats stats(int[] results) {
    if (results.length == 0) {
      return Stats.NONE;
    }
    int failed = 0;
    double sum = 0;
    int[] sorted = new int[results.length];
    for (int i = 0; i < results.length; i++) {
      failed += results[i] < 0 ? 1 : 0;
      sorted[i] = results[i] < 0 ? ~results[i] : results[i];
      sum += sorted[i];
    }
    Arrays.sort(sorted);
    int p95 = sorted[(int) Math.ceil(0.95 * sorted.length) - 1];
    return new Stats(100.0 * failed / results.length, sum / results.length / 1000, p95 / 1000.0);
  }
}
