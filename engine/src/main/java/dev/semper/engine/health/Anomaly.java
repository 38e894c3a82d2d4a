package dev.semper.engine.health;

import java.time.Instant;

/// A measure that is far from what it used to be.
///
/// @param mean what it used to be
/// @param z deviations from it
/// @param since when it began
public record Anomaly(Measure measure, double value, double mean, double z, Instant since) {}
