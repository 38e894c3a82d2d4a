package dev.semper.engine.workload;

import dev.semper.engine.spec.RestartSpec;
import dev.semper.spi.Exit;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Decides what follows the end of an instance. Pure.
final class RestartPolicy {
  /// What follows.
  sealed interface Verdict {
    /// @param attempt restarts within the window, this one included, from 1
    /// @param attempts the restarts that count from now on
    /// @param slowed the limit has been reached, so it goes on at the longest delay
    record Again(Duration delay, int attempt, List<Instant> attempts, boolean slowed)
        implements Verdict {}

    /// Ended well, and nothing more is to be done.
    record Done(String why) implements Verdict {}

    record GiveUp(String why) implements Verdict {}
  }

  private RestartPolicy() {}

  /// @param attempts earlier restarts, oldest first
  /// @param uptime how long it ran, by a monotonic clock
  /// @param failed it was ended for failing a probe, or could not be launched
  /// @param random 0–1, for the jitter
  static Verdict decide(
      RestartSpec spec,
      List<Instant> attempts,
      Exit exit,
      Duration uptime,
      boolean failed,
      Instant now,
      double random) {
    Integer code = exit.code();
    boolean success = !failed && code != null && spec.successCodes().contains(code);
    if (code != null && !failed && spec.preventCodes().contains(code)) {
      String why = "exit code " + code + " is one that prevents a restart";
      return success ? new Verdict.Done(why) : new Verdict.GiveUp(why);
    }
    boolean forced = code != null && !failed && spec.forceCodes().contains(code);
    if (!forced) {
      switch (spec.policy()) {
        case NO -> {
          return success
              ? new Verdict.Done("ended with " + exit)
              : new Verdict.GiveUp("ended with " + exit + "; its restart policy is no");
        }
        case ON_FAILURE -> {
          if (success) {
            return new Verdict.Done("ended with " + exit);
          }
        }
        case ALWAYS, UNLESS_STOPPED -> {}
      }
    }
    return again(spec, relevant(spec, attempts, uptime, now), now, random);
  }

  /// The window slides, and a stable run wipes the slate: both before the limit is looked at.
  private static List<Instant> relevant(
      RestartSpec spec, List<Instant> attempts, Duration uptime, Instant now) {
    if (uptime.compareTo(spec.resetAfter()) >= 0) {
      return List.of();
    }
    Instant from = now.minus(spec.window());
    return attempts.stream().filter(a -> a.isAfter(from)).toList();
  }

  private static Verdict again(
      RestartSpec spec, List<Instant> attempts, Instant now, double random) {
    int n = attempts.size();
    boolean limit = spec.maxAttempts() > 0 && n >= spec.maxAttempts();
    if (limit && spec.onLimit() == RestartSpec.OnLimit.FAIL) {
      return new Verdict.GiveUp(
          "%d restarts within %s, the limit of its restart policy"
              .formatted(n, text(spec.window())));
    }
    Duration delay = spec.delay().multipliedBy(1L << Math.min(n, 5));
    if (limit || delay.compareTo(spec.maxDelay()) > 0) {
      delay = spec.maxDelay();
    }
    delay = delay.plusMillis(Math.round(delay.toMillis() * spec.jitter() * random));
    // Only as many attempts are kept as can ever matter: to reach the limit, or the longest delay.
    int keep = Math.max(spec.maxAttempts(), 6);
    List<Instant> kept = new ArrayList<>(attempts);
    kept.add(now);
    return new Verdict.Again(
        delay, n + 1, kept.subList(Math.max(0, kept.size() - keep), kept.size()), limit);
  }

  private static String text(Duration duration) {
    return duration.toString().substring(2).toLowerCase(Locale.ROOT);
  }
}
