package dev.semper.engine.health;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The samples of the last hour of one workload: 22 bytes each, 1.6 kB at one a minute. Written by
/// the sampler's thread, read by others.
final class History {
  static final Duration SPAN = Duration.ofHours(1);
  private static final int MOST = 3700;
  private static final HealthStatus[] STATUSES = HealthStatus.values();
  private static final int MEASURES = 4;

  private int[] at = new int[8];
  private byte[] status = new byte[8];
  private byte[] score = new byte[8];

  /// CPU, memory, error rate and response time; NaN if not measured.
  private float[] values = new float[8 * MEASURES];

  private int first;
  private int size;

  /// One sample.
  record Sample(
      Instant at,
      HealthStatus status,
      @Nullable Double score,
      @Nullable Double cpuPercent,
      @Nullable Double memoryMb,
      @Nullable Double errorPercent,
      @Nullable Double responseMillis) {
    @Nullable Double of(Measure measure) {
      return switch (measure) {
        case SCORE -> score;
        case CPU_USAGE -> cpuPercent;
        case MEMORY_USAGE -> memoryMb;
        case ERROR_RATE -> errorPercent;
        case RESPONSE_TIME -> responseMillis;
      };
    }
  }

  synchronized void add(
      Instant now, HealthStatus newStatus, @Nullable Integer newScore, Measures measures) {
    int second = (int) now.getEpochSecond();
    // The clock was put back: what has its time still before it would not be older than the rest.
    while (size > 0 && at[(first + size - 1) % at.length] > second) {
      size--;
    }
    while (size > 0 && (second - at[first] > SPAN.toSeconds() || size == MOST)) {
      first = (first + 1) % at.length;
      size--;
    }
    if (size == at.length) {
      grow();
    }
    int place = (first + size) % at.length;
    at[place] = second;
    status[place] = (byte) newStatus.column();
    score[place] = (byte) (newScore == null ? -1 : newScore);
    values[place * MEASURES] = value(measures.cpuPercent());
    values[place * MEASURES + 1] = value(measures.memoryMb());
    values[place * MEASURES + 2] = value(measures.errorPercent());
    values[place * MEASURES + 3] = value(measures.responseMillis());
    size++;
  }

  private static float value(@Nullable Double value) {
    return value == null ? Float.NaN : value.floatValue();
  }

  private void grow() {
    int length = Math.min(MOST, 2 * at.length);
    int[] newAt = new int[length];
    byte[] newStatus = new byte[length];
    byte[] newScore = new byte[length];
    float[] newValues = new float[length * MEASURES];
    for (int i = 0; i < size; i++) {
      int place = (first + i) % at.length;
      newAt[i] = at[place];
      newStatus[i] = status[place];
      newScore[i] = score[place];
      System.arraycopy(values, place * MEASURES, newValues, i * MEASURES, MEASURES);
    }
    at = newAt;
    status = newStatus;
    score = newScore;
    values = newValues;
    first = 0;
  }

  synchronized @Nullable Trend trend(Instant now) {
    double[] seconds = new double[size];
    double[] scores = new double[size];
    int n = 0;
    for (int i = 0; i < size; i++) {
      int place = (first + i) % at.length;
      if (score[place] >= 0 && (int) now.getEpochSecond() - at[place] <= SPAN.toSeconds()) {
        seconds[n] = at[place];
        scores[n++] = score[place];
      }
    }
    return Trend.of(Arrays.copyOf(seconds, n), Arrays.copyOf(scores, n));
  }

  /// From one time to another, both included, oldest first.
  synchronized List<Sample> between(Instant from, Instant to) {
    List<Sample> samples = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      int place = (first + i) % at.length;
      Instant time = Instant.ofEpochSecond(Integer.toUnsignedLong(at[place]));
      if (!time.isBefore(from) && !time.isAfter(to)) {
        samples.add(
            new Sample(
                time,
                STATUSES[status[place]],
                score[place] < 0 ? null : Double.valueOf(score[place]),
                read(place, 0),
                read(place, 1),
                read(place, 2),
                read(place, 3)));
      }
    }
    return samples;
  }

  private @Nullable Double read(int place, int measure) {
    float value = values[place * MEASURES + measure];
    return Float.isNaN(value) ? null : Double.valueOf(value);
  }
}
