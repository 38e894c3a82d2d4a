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
}
