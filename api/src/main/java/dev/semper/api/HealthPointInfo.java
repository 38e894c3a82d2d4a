package dev.semper.api;

import java.time.Instant;
import java.util.Map;

/// Health at one time, or during some time.
///
/// @param at the time, or its beginning
/// @param measures score, cpu_usage, memory_usage, error_rate and response_time, as far as measured
/// @param statusSeconds how long it was in each status; 0 for a single sample
public record HealthPointInfo(
    Instant at, Map<String, Spread> measures, Map<String, Double> statusSeconds) {

  /// @param last the newest value
  public record Spread(double min, double mean, double max, double last) {}
}
