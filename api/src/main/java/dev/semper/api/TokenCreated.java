package dev.semper.api;

/// A new token.
///
/// @param secret shown this once
public record TokenCreated(TokenInfo token, String secret) {}
