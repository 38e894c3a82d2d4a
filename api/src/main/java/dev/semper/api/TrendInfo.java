package dev.semper.api;

/// Where the score of the last hour leads.
///
/// @param direction improving, stable or degrading
/// @param slopePerHour points
public record TrendInfo(String direction, double slopePerHour, int samples) {}
