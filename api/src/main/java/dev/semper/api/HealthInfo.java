package dev.semper.api;

import java.util.Map;

/// What the probes of an instance say.
///
/// @param probes last word of each by name: `ok` or the failure
public record HealthInfo(
    boolean started, boolean ready, boolean live, Map<String, String> probes) {}
