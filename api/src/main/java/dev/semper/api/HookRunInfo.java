package dev.semper.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// One run of a hook: what was run, why, and what came of it.
///
/// @param delivery names the run; a script or receiver that gets it twice can tell by it
/// @param status waiting, running, succeeded, failed, timed_out or cancelled
/// @param success whether it has ended well
/// @param hookType e.g. `on_failure`
/// @param vmName the workload, under the name that older tools use
/// @param exitCode of a script; -1 if it ran out of time; null if a signal ended it
/// @param httpStatus of a webhook's last answer
/// @param stdout the end of it, at most 16 KiB; of a webhook the answer's body
/// @param timestamp of what brought it about
/// @param reason why it was run; may be empty
/// @param attempt from 1; a run that a reboot of the host cut short is begun again
public record HookRunInfo(
    String delivery,
    String status,
    boolean success,
    String hookType,
    String vmName,
    String workload,
    @Nullable String instance,
    @Nullable Integer exitCode,
    @Nullable Integer httpStatus,
    String stdout,
    String stderr,
    Instant timestamp,
    @Nullable String errorMessage,
    @Nullable Long pid,
    String reason,
    int failureCount,
    int attempt,
    @Nullable String operationId,
    Instant dueAt,
    @Nullable Instant startedAt,
    @Nullable Instant endedAt) {}
