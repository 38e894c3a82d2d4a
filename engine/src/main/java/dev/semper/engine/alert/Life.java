package dev.semper.engine.alert;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// The life of an alert: pending → firing → resolved. Pure.
enum Life {
  NOTHING,
  /// It becomes true: pending.
  BEGIN,
  /// It has been true for long enough, or need not be.
  FIRE,
  /// It was not true for long enough.
  DROP,
  RESOLVE;

  /// @param status null if there is no alert
  /// @param active whether the rule's condition is true now
  /// @param held for how long it has been true
  /// @param wanted for how long it must be
  static Life next(Alert.@Nullable Status status, boolean active, Duration held, Duration wanted) {
    boolean enough = held.compareTo(wanted) >= 0;
    return switch (status) {
      case null -> !active ? NOTHING : enough ? FIRE : BEGIN;
      case PENDING -> !active ? DROP : enough ? FIRE : NOTHING;
      case FIRING -> active ? NOTHING : RESOLVE;
      // Its end has not been told yet: as if it had never ended.
      case RESOLVED -> active && enough ? FIRE : NOTHING;
    };
  }
}
