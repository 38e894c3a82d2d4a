package dev.semper.engine.config;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import java.util.Locale;

/// Where something runs. Each inherits from the global layer only, never from another.
public enum Environment {
  DEVELOPMENT,
  STAGING,
  PRODUCTION;

  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// @throws SemperException INVALID_REQUEST
  public static Environment of(String id) {
    for (Environment environment : values()) {
      if (environment.id().equals(id)) {
        return environment;
      }
    }
    throw new SemperException(
        ErrorCode.INVALID_REQUEST,
        "There is no environment %s: it is development, staging or production".formatted(id));
  }
}
