package dev.semper.api;

/// Events that were asked for and are no longer kept.
///
/// @param after the last one the reader has seen
/// @param first the oldest one still kept
public record EventGap(long after, long first) {}
