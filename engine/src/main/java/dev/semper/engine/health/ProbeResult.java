package dev.semper.engine.health;

import dev.semper.engine.spec.ProbeSpec;
import java.time.Duration;
import java.time.Instant;

/// The last result of one probe of one incarnation.
///
/// @param at when it was known, by the wall clock
/// @param kind what it counts as
/// @param took from the beginning of the check to its end
/// @param message `ok`, or what was wrong
/// @param failures consecutive failures up to now
public record ProbeResult(
    String probe,
    ProbeSpec.Type type,
    Instant at,
    Kind kind,
    Duration took,
    String message,
    int failures) {
  public enum Kind {
    PASSED,
    FAILED,
    /// It failed, but the host was starved: not counted.
    WITHHELD,
    /// The prober itself could not do the check: not counted.
    ERROR
  }

  public boolean passed() {
    return kind == Kind.PASSED;
  }
}
