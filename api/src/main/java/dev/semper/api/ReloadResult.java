package dev.semper.api;

import java.util.List;

/// What came of reading the settings again.
///
/// @param changed settings that are in force now
/// @param needsRestart settings that changed but wait for a restart
public record ReloadResult(List<String> changed, List<String> needsRestart) {}
