package dev.semper.engine.operation;

import java.util.Locale;

/// What an operation does.
public enum OperationKind {
  /// Brings a new workload in and, if wanted, starts it.
  INSTALL,
  START,
  STOP,
  RESTART,
  /// Moves a workload to another specification.
  UPDATE,
  /// Moves it back to the one before.
  ROLLBACK,
  /// Gives what runs another revision of its configuration.
  CONFIGURE,
  /// Stops and removes it.
  DELETE,
  /// Brings a workload in error back to its desired state.
  RECOVER,
  ENABLE,
  DISABLE,
  ENTER_MAINTENANCE,
  EXIT_MAINTENANCE,
  /// Several operations in order of their dependencies.
  BATCH;

  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }
}
