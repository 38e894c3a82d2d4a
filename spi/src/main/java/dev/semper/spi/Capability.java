package dev.semper.spi;

/// Whether a promise of the driver holds on this machine.
///
/// @param name e.g. `memory-limit`
/// @param available whether it holds
/// @param detail how it is done, or why it is not and what would help
public record Capability(String name, boolean available, String detail) {}
