package dev.semper.engine.health;

import dev.semper.engine.spec.ProbeSpec;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/// When checks begin. Jitter always, so that probes that came into step get out of it.
final class Timing {
  private static final long SPREAD_AT_MOST = TimeUnit.SECONDS.toNanos(1);
  private static final double EARLY = 0.1;
  private static final double JITTER = 0.05;

  private final RandomGenerator random;

  Timing(RandomGenerator random) {
    this.random = random;
  }

  /// Known ones spread over their period, so that a server that comes back does not ask all at
  /// once; new ones start and get ready fast; liveness, which nobody waits for, spreads up to a
  /// second.
  long first(Worker worker, long now) {
    if (worker.told != null) {
      return now + share(worker.period, 1);
    }
    long earliest = Math.max(now, worker.target.since + worker.spec.initialDelay().toNanos());
    long spread = Math.min(worker.period, SPREAD_AT_MOST);
    boolean awaited = worker.spec.type() != ProbeSpec.Type.LIVENESS;
    return earliest + share(spread, awaited ? EARLY : 1);
  }

  /// The time after this check: counted from when it was planned, so that lateness does not add up;
  /// unless it was so late that all overdue ones would stay in step for ever.
  long next(Worker worker, long now) {
    if (now - worker.planned > worker.period / 2) {
      return now + worker.period / 2 + share(worker.period, 1);
    }
    return worker.planned
        + (long) (worker.period * (1 - JITTER))
        + share(worker.period, 2 * JITTER);
  }

  /// For a check whose time has passed while the one before was still running.
  long soon(Worker worker, long now) {
    return now + share(worker.period, EARLY);
  }

  private long share(long span, double part) {
    return (long) (random.nextDouble() * part * span);
  }
}
