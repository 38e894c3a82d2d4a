package dev.semper.engine.health;

import dev.semper.engine.spec.BreakerSpec;
import dev.semper.engine.spec.SpecReader;

/// The circuit breaker of one probe: after failures in a row the target is not called for a while,
/// then a few trial calls decide.
final class Breaker {
  private enum State {
    CLOSED,
    OPEN,
    HALF_OPEN
  }

  private final BreakerSpec spec;

  /// Changed by the scheduler's thread only.
  private volatile State state = State.CLOSED;

  /// Failures in a row when closed, passed trials when half open.
  private int count;

  Breaker(BreakerSpec spec) {
    this.spec = spec;
  }

  /// The time has come: what is called now is a trial.
  void called() {
    if (state == State.OPEN) {
      state = State.HALF_OPEN;
      count = 0;
    }
  }

  /// Takes the result of a check.
  ///
  /// @return whether it has opened by that
  boolean add(boolean passed) {
    return switch (state) {
      case CLOSED -> {
        count = passed ? 0 : count + 1;
        yield count >= spec.failureThreshold() && open();
      }
      case HALF_OPEN -> {
        if (passed && ++count >= spec.halfOpenMaxCalls()) {
          state = State.CLOSED;
          count = 0;
        }
        yield !passed && open();
      }
      case OPEN -> false;
    };
  }

  /// Whether its target is left alone.
  boolean isOpen() {
    return state == State.OPEN;
  }

  private boolean open() {
    state = State.OPEN;
    return true;
  }

  long recoveryNanos() {
    return spec.recoveryTimeout().toNanos();
  }

  String recoveryText() {
    return SpecReader.format(spec.recoveryTimeout());
  }
}
