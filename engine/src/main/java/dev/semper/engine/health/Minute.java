package dev.semper.engine.health;

import dev.semper.engine.store.Row;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What becomes the roll-up of one minute of one workload.
final class Minute {
  private static final int HUNDREDTHS = 100;

  private final long number;
  private final double[] min = new double[Row.HealthMinute.MEASURES];
  private final double[] max = new double[Row.HealthMinute.MEASURES];
  private final double[] sum = new double[Row.HealthMinute.MEASURES];
  private final double[] last = new double[Row.HealthMinute.MEASURES];
  private final int[] count = new int[Row.HealthMinute.MEASURES];
  private final int[] millis = new int[Row.HealthMinute.STATUSES];

  Minute(Instant start) {
    number = number(start);
  }

  static long number(Instant at) {
    return Math.floorDiv(at.getEpochSecond(), 60);
  }

  long number() {
    return number;
  }

  void add(Measure measure, @Nullable Double value) {
    if (value == null) {
      return;
    }
    int i = measure.column();
    min[i] = count[i] == 0 ? value : Math.min(min[i], value);
    max[i] = count[i] == 0 ? value : Math.max(max[i], value);
    sum[i] += value;
    last[i] = value;
    count[i]++;
  }

  void add(HealthStatus status, long more) {
    millis[status.column()] += (int) more;
  }

  long millis(HealthStatus status) {
    return millis[status.column()];
  }

  /// @return empty if nothing was known of it
  Optional<Row.HealthMinute> row(String uid) {
    boolean known = false;
    for (HealthStatus status : HealthStatus.values()) {
      known |= status != HealthStatus.UNKNOWN && millis(status) > 0;
    }
    if (!known) {
      return Optional.empty();
    }
    List<Row.Spread> spreads = new ArrayList<>();
    for (int i = 0; i < count.length; i++) {
      spreads.add(
          count[i] == 0
              ? Row.Spread.NONE
              : new Row.Spread(
                  hundredths(min[i]),
                  hundredths(sum[i] / count[i]),
                  hundredths(max[i]),
                  hundredths(last[i])));
    }
    return Optional.of(
        new Row.HealthMinute(uid, number, spreads, Arrays.stream(millis).boxed().toList()));
  }

  private static int hundredths(double value) {
    return Math.clamp(Math.round(value * HUNDREDTHS), 0, Integer.MAX_VALUE);
  }

  static HealthPoint.@Nullable Spread spread(Row.Spread row) {
    return row.min() == null || row.mean() == null || row.max() == null || row.last() == null
        ? null
        : new HealthPoint.Spread(
            row.min() / (double) HUNDREDTHS,
            row.mean() / (double) HUNDREDTHS,
            row.max() / (double) HUNDREDTHS,
            row.last() / (double) HUNDREDTHS);
  }
}
