package dev.semper.api;

/// Asks for a test of a channel.
public record ChannelTestRequest(String channel) {}
