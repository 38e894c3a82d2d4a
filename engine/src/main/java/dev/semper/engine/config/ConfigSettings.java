package dev.semper.engine.config;

import java.util.Set;

/// What a server allows of configurations.
///
/// @param history revisions kept of each layer, default 100; pinned ones and those in use do not
///   count
/// @param allowedEnv variables of the server's environment that `${env:NAME}` may read, default
///   none; `APP_*` means all that begin so
public record ConfigSettings(int history, Set<String> allowedEnv) {
  public static final ConfigSettings DEFAULT = new ConfigSettings(100, Set.of());

  public ConfigSettings {
    allowedEnv = Set.copyOf(allowedEnv);
    if (history < 1) {
      throw new IllegalArgumentException("history must be at least 1, not " + history);
    }
  }
}
