package dev.semper.engine.recovery;

import java.time.Instant;

/// A workload that is not well and whose recovery has not begun.
///
/// @param since when it was first seen to be so, by this server
/// @param reason what it waits for
public record Pending(
    String tenant, String workload, Evidence evidence, Instant since, String reason) {}
