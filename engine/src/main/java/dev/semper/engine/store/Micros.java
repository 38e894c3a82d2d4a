package dev.semper.engine.store;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/// Times are stored as microseconds since 1970, the finest that both databases and every reader of
/// them can hold.
final class Micros {
  private static final long PER_SECOND = 1_000_000;

  private Micros() {}

  static long of(Instant at) {
    return Math.addExact(Math.multiplyExact(at.getEpochSecond(), PER_SECOND), at.getNano() / 1_000);
  }

  static Instant toInstant(long micros) {
    return Instant.ofEpochSecond(
        Math.floorDiv(micros, PER_SECOND), Math.floorMod(micros, PER_SECOND) * 1_000);
  }

  static Instant truncate(Instant at) {
    return at.truncatedTo(ChronoUnit.MICROS);
  }
}
