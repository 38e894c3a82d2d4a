package dev.semper.engine.health;

/// The last result of a probe, and of which instance.
///
/// @param instance e.g. `web-0`
public record ProbeReport(String instance, ProbeResult result) {}
