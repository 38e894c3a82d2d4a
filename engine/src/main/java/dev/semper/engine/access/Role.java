package dev.semper.engine.access;

import java.util.Locale;

/// What a token may do; each may do what those before it may.
public enum Role {
  /// Look.
  VIEWER,
  /// Change workloads.
  OPERATOR,
  /// Everything.
  ADMIN;

  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  public boolean atLeast(Role least) {
    return compareTo(least) >= 0;
  }
}
