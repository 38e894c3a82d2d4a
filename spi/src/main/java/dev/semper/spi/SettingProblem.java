package dev.semper.spi;

/// One thing wrong with a driver's setting.
///
/// @param path where, below the workload, e.g. `limits.nofile` or `command[0]`
/// @param message what is wrong and what would be right
public record SettingProblem(String path, String message) {}
