package dev.semper.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// One running copy of a workload.
///
/// @param incarnation a restart makes a new one
/// @param phase launching, starting, running, stopping, backoff, ended or failed
/// @param handle what the driver calls it, e.g. the PID
/// @param port its own; 0 if it has none
/// @param recentAttempts restarts the restart policy counts at present
/// @param configRevision the revision of its configuration that it has
public record InstanceInfo(
    String name,
    String incarnation,
    int ordinal,
    long generation,
    String version,
    String phase,
    boolean candidate,
    @Nullable String handle,
    int port,
    Instant since,
    @Nullable Instant startedAt,
    @Nullable Instant nextAttemptAt,
    String reason,
    HealthInfo health,
    @Nullable ExitInfo lastExit,
    int restarts,
    int recentAttempts,
    @Nullable Long configRevision) {}
