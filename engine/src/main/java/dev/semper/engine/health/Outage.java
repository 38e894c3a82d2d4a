package dev.semper.engine.health;

import dev.semper.engine.store.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A time during which a workload was unhealthy or critical.
///
/// @param endedAt null while it lasts
/// @param reason the first reason there was
public record Outage(Instant startedAt, @Nullable Instant endedAt, String reason) {
  static Outage of(Row.Outage row) {
    return new Outage(row.startedAt(), row.endedAt(), row.reason());
  }

  Row.Outage row(String uid) {
    return new Row.Outage(uid, startedAt, endedAt, reason);
  }

  Outage end(Instant at) {
    return new Outage(startedAt, at.isBefore(startedAt) ? startedAt : at, reason);
  }

  /// Mean length of those that have ended; null if none has.
  static @Nullable Duration meanLength(List<Outage> outages) {
    long millis = 0;
    int ended = 0;
    for (Outage outage : outages) {
      if (outage.endedAt() != null) {
        millis += Duration.between(outage.startedAt(), outage.endedAt()).toMillis();
        ended++;
      }
    }
    return ended == 0 ? null : Duration.ofMillis(millis / ended);
  }
}
