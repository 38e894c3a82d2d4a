package dev.semper.api;

/// What the server says of itself in one word.
///
/// @param status ready, not_ready or alive
public record ServerState(String status) {}
