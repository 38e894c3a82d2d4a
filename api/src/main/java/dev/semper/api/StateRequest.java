package dev.semper.api;

/// A state set by hand.
public record StateRequest(String state, String reason) {}
