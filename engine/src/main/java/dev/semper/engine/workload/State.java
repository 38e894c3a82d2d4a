package dev.semper.engine.workload;

import java.util.Locale;

/// Where a workload is in its life: the 13 states of the seed and `disabled`.
public enum State {
  INACTIVE,
  INSTALLING,
  INSTALLED,
  CONFIGURING,
  STARTING,
  RUNNING,
  UPDATING,
  RESTARTING,
  STOPPING,
  STOPPED,
  UNINSTALLING,
  ERROR,
  MAINTENANCE,
  /// Stopped, and refusing to start until enabled.
  DISABLED;

  /// The name users see, e.g. `running`.
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// Whether its instances are up or on their way, and are looked after.
  public boolean isInService() {
    return switch (this) {
      case STARTING, RUNNING, UPDATING, RESTARTING -> true;
      case INACTIVE, INSTALLING, INSTALLED, CONFIGURING, STOPPING, STOPPED -> false;
      case UNINSTALLING, ERROR, MAINTENANCE, DISABLED -> false;
    };
  }

  /// Whether it is in service or should be and has failed.
  public boolean isMeantToRun() {
    return isInService() || this == ERROR;
  }
}
