package dev.semper.api;

/// An answer in words.
public record Message(String message) {}
