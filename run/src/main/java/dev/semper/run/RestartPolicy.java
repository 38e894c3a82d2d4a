package dev.semper.run;

import java.util.LinkedHashMap;
import java.util.Map;

/// When a program that ended is started again, and after which delay.
///
/// @param attempts most restarts within a window; 0 means no limit
/// @param delay seconds before the first restart
/// @param maxDelay seconds
/// @param windowMinutes how long a restart counts
record RestartPolicy(
    Kind kind,
    int attempts,
    double delay,
    boolean exponential,
    double maxDelay,
    double windowMinutes) {

  enum Kind {
    NO("no"),
    ALWAYS("always"),
    ON_FAILURE("on-failure"),
    UNLESS_STOPPED("unless-stopped");

    final String told;

    Kind(String told) {
      this.told = told;
    }
  }

  /// Restarts so far within the window.
  ///
  /// @param sinceNanos when the last one was, on the monotonic clock
  record Tally(int count, long sinceNanos) {
    static final Tally NONE = new Tally(0, 0);
  }

  /// Whether to start again.
  sealed interface Verdict {}

  /// @param delay seconds to wait first
  record Again(double delay, Tally tally) implements Verdict {}

  record Never(String why) implements Verdict {}

  /// Pure. A container that was asked to stop is never started again; that is for the caller.
  Verdict decide(boolean failed, Tally before, long nowNanos) {
    boolean wanted =
        switch (kind) {
          case NO -> false;
          case ALWAYS, UNLESS_STOPPED -> true;
          case ON_FAILURE -> failed;
        };
    if (!wanted) {
      return new Never("restart policy is " + kind.told);
    }
    // The window first: what is long past does not count against the limit.
    boolean past = before.count() > 0 && nowNanos - before.sinceNanos() > windowMinutes * 60e9;
    int n = past ? 0 : before.count();
    if (attempts > 0 && n >= attempts) {
      return new Never(n + " restarts within " + number(windowMinutes) + " minutes is the limit");
    }
    return new Again(delay(n), new Tally(n + 1, nowNanos + (long) (delay(n) * 1e9)));
  }

  /// Seconds before restart n, counted from 0: min(delay · 2^min(n, 5), maxDelay).
  double delay(int n) {
    return Math.min(exponential ? delay * (1 << Math.min(n, 5)) : delay, maxDelay);
  }

  Map<String, Object> told() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("policy", kind.told);
    map.put("max_restart_attempts", attempts);
    map.put("restart_delay_seconds", number(delay));
    map.put("exponential_backoff", exponential);
    map.put("max_delay_seconds", number(maxDelay));
    map.put("restart_window_minutes", number(windowMinutes));
    return map;
  }

  /// Whole numbers without a fraction.
  static Number number(double value) {
    if (value == Math.rint(value) && Math.abs(value) < 1e15) {
      return (long) value;
    }
    return value;
  }
}
