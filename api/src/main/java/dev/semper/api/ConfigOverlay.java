package dev.semper.api;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// When an overlay counts: all that it names must hold.
///
/// @param precedence of two that count the higher wins; null = 0
/// @param environment development, staging or production; null = all
/// @param features flags that must be on for the reader
public record ConfigOverlay(
    @Nullable Integer precedence,
    @Nullable String environment,
    @Nullable String tenant,
    @Nullable Map<String, String> labels,
    @Nullable List<String> features) {}
