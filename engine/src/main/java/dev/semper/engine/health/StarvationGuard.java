package dev.semper.engine.health;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Knows when the host itself is starved, by how late our own timers fire. A probe that fails then
/// says nothing of the instance: it may just not have been given the processor. A sentinel is due
/// every 100 ms; the guard is asked on every turn of the scheduler, before any result is judged.
final class StarvationGuard {
  static final long SENTINEL = TimeUnit.MILLISECONDS.toNanos(100);
  static final long TOO_LATE = TimeUnit.MILLISECONDS.toNanos(300);
  private static final Logger log = LoggerFactory.getLogger(StarvationGuard.class);
  private static final long OFF = -1;

  private final Notices notices;
  private final long hold;
  private long sentinelDue = OFF;
  private long since;
  private long until;
  private long worst;
  private long withheld;
  private volatile boolean starved;

  /// @param hold how long after the last lateness failures are still withheld
  StarvationGuard(Notices notices, Duration hold) {
    this.notices = notices;
    this.hold = hold.toNanos();
  }

  /// Looks at the sentinel and says when to look again.
  long observe(long now) {
    if (sentinelDue != OFF && now - sentinelDue > TOO_LATE) {
      late(now, now - sentinelDue);
    }
    if (sentinelDue == OFF || now >= sentinelDue) {
      sentinelDue = now + SENTINEL;
    }
    if (starved && now >= until) {
      end(now);
    }
    return sentinelDue;
  }

  /// Nothing is watched, so the sentinel need not wake anyone.
  void rest(long now) {
    sentinelDue = OFF;
    if (starved) {
      end(now);
    }
  }

  /// Something of ours was late by that much.
  void late(long now, long lateness) {
    until = now + hold;
    worst = Math.max(worst, lateness);
    if (!starved) {
      starved = true;
      since = now - lateness;
      tell(
          Map.of(
              "state",
              "begin",
              "lateness_ms",
              millis(lateness),
              "hold_ms",
              millis(hold),
              "message",
              "Own timers fire "
                  + millis(lateness)
                  + " ms late: the host is starved; failing probes restart nothing until it has"
                  + " recovered"));
    }
  }

  /// A check begins or is begun late: enough to call the host starved, given how fast it is
  /// expected to answer?
  void checkLate(long now, long lateness, Worker worker) {
    if (lateness > Math.max(SENTINEL, Math.min(worker.period, worker.timeout) / 2)) {
      late(now, lateness);
    }
  }

  private void end(long now) {
    Map<String, Object> data =
        Map.of(
            "state",
            "end",
            "lateness_ms",
            millis(worst),
            "duration_ms",
            millis(now - since),
            "withheld",
            withheld,
            "message",
            "The host keeps time again; failing probes restart as usual");
    starved = false;
    worst = 0;
    withheld = 0;
    tell(data);
  }

  private void tell(Map<String, Object> data) {
    try {
      notices.tell("host.starved", data);
    } catch (RuntimeException e) {
      log.error("Nobody took the notice host.starved {}", data, e);
    }
  }

  void withheld() {
    withheld++;
  }

  boolean isStarved() {
    return starved;
  }

  private static long millis(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(nanos);
  }
}
