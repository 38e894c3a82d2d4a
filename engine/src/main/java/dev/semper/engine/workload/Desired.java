package dev.semper.engine.workload;

import java.util.Locale;

/// What the operator wants; only an operator changes it.
public enum Desired {
  RUNNING,
  STOPPED;

  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }
}
