package dev.semper.engine.spec;

import java.time.Duration;
import java.util.Set;

/// What happens when an instance ends by itself. Seed 003's rules: delay = min(base · 2^min(n, 5),
/// max) for the n-th attempt within the window, n from 0.
///
/// @param policy default `on-failure`; `never` is accepted for `no`
/// @param delay base of the delay, default 1 s; 0 restarts at once
/// @param maxDelay default 5 min
/// @param jitter share of the delay added at random, 0–1, default 0.1
/// @param maxAttempts restarts within the window before the limit is reached, default 5; 0 = no
///   limit
/// @param window default 60 min; attempts older than it do not count
/// @param resetAfter an instance up for that long starts with a clean slate, default 10 min
/// @param onLimit `slow` (default) goes on every `max_delay`; `fail` gives up and the workload is
///   in error
/// @param successCodes exit codes that count as success, default 0
/// @param preventCodes exit codes never followed by a restart
/// @param forceCodes exit codes always followed by one
public record RestartSpec(
    Policy policy,
    Duration delay,
    Duration maxDelay,
    double jitter,
    int maxAttempts,
    Duration window,
    Duration resetAfter,
    OnLimit onLimit,
    Set<Integer> successCodes,
    Set<Integer> preventCodes,
    Set<Integer> forceCodes) {
  public static final RestartSpec DEFAULT =
      new RestartSpec(
          Policy.ON_FAILURE,
          Duration.ofSeconds(1),
          Duration.ofMinutes(5),
          0.1,
          5,
          Duration.ofMinutes(60),
          Duration.ofMinutes(10),
          OnLimit.SLOW,
          Set.of(0),
          Set.of(),
          Set.of());

  public RestartSpec {
    Limits.RESTART_DELAY.require("delay", delay);
    Limits.RESTART_DELAY.require("max_delay", maxDelay);
    Limits.require(delay.compareTo(maxDelay) <= 0, "delay must not be longer than max_delay");
    Limits.SHARE.require("jitter", jitter);
    Limits.ATTEMPTS.require("max_attempts", maxAttempts);
    Limits.WINDOW.require("window", window);
    Limits.RESET_AFTER.require("reset_after", resetAfter);
    successCodes = Set.copyOf(successCodes);
    preventCodes = Set.copyOf(preventCodes);
    forceCodes = Set.copyOf(forceCodes);
    successCodes.forEach(c -> Limits.EXIT_CODE.require("success_codes", c));
    preventCodes.forEach(c -> Limits.EXIT_CODE.require("prevent_codes", c));
    forceCodes.forEach(c -> Limits.EXIT_CODE.require("force_codes", c));
    Limits.require(
        forceCodes.stream().noneMatch(preventCodes::contains),
        "force_codes and prevent_codes must have no code in common");
  }

  /// In files: `no` (or `never`), `on-failure`, `always`, `unless-stopped`.
  public enum Policy {
    NO,
    ON_FAILURE,
    ALWAYS,
    UNLESS_STOPPED
  }

  public enum OnLimit {
    SLOW,
    FAIL
  }
}
