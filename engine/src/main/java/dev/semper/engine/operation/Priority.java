package dev.semper.engine.operation;

import java.util.Locale;

/// Higher first; first come, first served within one.
public enum Priority {
  LOW,
  NORMAL,
  HIGH,
  CRITICAL;

  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }
}
