package dev.semper.api;

/// Whether a promise of a driver holds on this machine.
public record CapabilityInfo(String name, boolean available, String detail) {}
