package dev.semper.engine.secret;

/// A value in clear, for whom it is meant only.
public record Revealed(String tenant, String name, long version, Clear value) {}
