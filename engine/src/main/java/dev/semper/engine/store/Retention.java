package dev.semper.engine.store;

import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;

/// Says which events are old enough to be dropped, a few at a time, so that callers never wait for
/// it. It keeps the newest ones however old, and drops only from the beginning: what is left has no
/// gaps.
final class Retention {
  private static final Duration PAUSE_BETWEEN_CHUNKS = Duration.ofMillis(50);

  /// @param keep how many are kept in any case
  /// @param chunk how many are dropped in one transaction
  /// @param period pause after all that is old has been dropped, and before the first time
  record Plan(int keep, int chunk, Duration period) {
    static final Plan DEFAULT = new Plan(10_000, 500, Duration.ofMinutes(10));
  }

  private final InstantSource clock;
  private final int days;
  private final Plan plan;
  private long next;

  Retention(InstantSource clock, int days, Plan plan) {
    this.clock = clock;
    this.days = days;
    this.plan = plan;
    this.next = System.nanoTime() + plan.period().toNanos();
  }

  long nanosToNext(long now) {
    return next - now;
  }

  /// @return number up to which to drop; 0 if there is nothing to drop
  long expired(Session session, long newest, long now) throws SQLException {
    long cutoff = Micros.of(clock.instant().minus(days, ChronoUnit.DAYS));
    long upTo = session.oldEvents(cutoff, newest - plan.keep(), plan.chunk());
    next = now + (upTo > 0 ? PAUSE_BETWEEN_CHUNKS : plan.period()).toNanos();
    return upTo;
  }
}
