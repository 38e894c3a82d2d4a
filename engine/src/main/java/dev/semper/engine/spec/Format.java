package dev.semper.engine.spec;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import java.util.Locale;

/// What a workload's file is written in.
public enum Format {
  TOML,
  YAML,
  JSON;

  /// Tells the format by the extension: `.toml`, `.yaml`, `.yml`, `.json`.
  public static Format ofFileName(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.endsWith(".toml")) {
      return TOML;
    }
    if (lower.endsWith(".yaml") || lower.endsWith(".yml")) {
      return YAML;
    }
    if (lower.endsWith(".json")) {
      return JSON;
    }
    throw new SemperException(
        ErrorCode.INVALID_REQUEST,
        "cannot tell the format of %s by its name: end it with .toml, .yaml, .yml or .json"
            .formatted(name));
  }
}
