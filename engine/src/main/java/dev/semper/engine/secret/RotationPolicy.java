package dev.semper.engine.secret;

import java.time.Duration;
import java.util.List;

/// How a secret gets new values.
///
/// @param enabled whether the engine rotates it by itself
/// @param interval between two rotations, default 24 h
/// @param overlap how long the version before stays valid, default 1 h
/// @param generator makes the values
/// @param hook a program that is run with `apply` before a new value is given to anybody, and with
///   `retire` before an old one is given up; empty = none. It must do the same when it is run again
/// @param timeout of the hook and of the generator's command, default 30 s
public record RotationPolicy(
    boolean enabled,
    Duration interval,
    Duration overlap,
    Generator generator,
    List<String> hook,
    Duration timeout) {
  public static final RotationPolicy DEFAULT =
      new RotationPolicy(
          false,
          Duration.ofHours(24),
          Duration.ofHours(1),
          Generator.DEFAULT,
          List.of(),
          Duration.ofSeconds(30));

  public RotationPolicy {
    hook = List.copyOf(hook);
    Refusals.require(
        interval.toSeconds() >= 1 && interval.toDays() <= 3650,
        "rotation.interval",
        "must be from 1s to 3650d");
    Refusals.require(
        !overlap.isNegative() && overlap.toDays() <= 365, "rotation.overlap", "must be 0s to 365d");
    Refusals.require(
        timeout.toMillis() >= 100 && timeout.toMinutes() <= 60,
        "rotation.timeout",
        "must be from 100ms to 1h");
    Refusals.require(
        !enabled || overlap.compareTo(interval) <= 0,
        "rotation.overlap",
        "must not be longer than the interval");
  }
}
