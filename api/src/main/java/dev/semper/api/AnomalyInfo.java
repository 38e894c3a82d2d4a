package dev.semper.api;

import java.time.Instant;

/// A measure that is far from what it used to be.
///
/// @param mean what it used to be
/// @param z deviations from it
public record AnomalyInfo(String measure, double value, double mean, double z, Instant since) {}
