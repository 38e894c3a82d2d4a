package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// What `POST /api/extensions/lifecycle/recovery` asks for.
///
/// @param strategy default `auto`
/// @param forceRecovery past cooldowns and limits, and although the workload is well
public record ExtensionRecoveryRequest(
    String extensionName, @Nullable String strategy, @Nullable Boolean forceRecovery) {}
