package dev.semper.traces;

/// What has become of spans since the start.
///
/// @param exported taken by the receiver
/// @param failed not taken by it, after all tries
/// @param dropped for which there was no room in the queue
public record SpanCounts(long exported, long failed, long dropped) {}
