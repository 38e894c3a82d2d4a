package dev.semper.spi;

import java.time.Instant;

/// An incarnation that runs.
///
/// @param handle how the driver names it to people, e.g. the PID or the container id
/// @param startedAt when the program started
/// @param detail more of the same for machines, e.g. `boot=… start=…`
public record Running(String handle, Instant startedAt, String detail) {}
