package dev.semper.engine.hook;

import java.time.Instant;

/// What is wrong with an instance since it was well for the last time.
///
/// @param failures in a row; 0 if all is well
/// @param cause the probe that failed; empty if it was none
/// @param incarnation the last one that failed
/// @param since when the first of the failures was decided upon
record Trouble(int failures, String cause, String incarnation, Instant since) {
  static final Trouble NONE = new Trouble(0, "", "", Instant.EPOCH);

  boolean none() {
    return failures == 0;
  }

  Trouble and(int more, String newCause, String newIncarnation, Instant at) {
    return new Trouble(failures + more, newCause, newIncarnation, none() ? at : since);
  }
}
