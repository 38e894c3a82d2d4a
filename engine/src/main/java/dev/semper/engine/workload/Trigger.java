package dev.semper.engine.workload;

import java.util.Locale;

/// What moves a workload from state to state: the 13 events of the seed and three of ours.
public enum Trigger {
  INSTALL,
  CONFIGURE,
  START,
  STOP,
  RESTART,
  UPDATE,
  UNINSTALL,
  ERROR,
  RECOVER,
  ENTER_MAINTENANCE,
  EXIT_MAINTENANCE,
  HEALTH_CHECK_PASS,
  HEALTH_CHECK_FAIL,
  /// All instances have ended by themselves and none is to be restarted.
  COMPLETE,
  DISABLE,
  ENABLE;

  /// The name users see, e.g. `health_check_pass`.
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }
}
