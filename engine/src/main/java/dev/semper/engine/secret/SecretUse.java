package dev.semper.engine.secret;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// Which version an instance has.
///
/// @param tenant of the workload
/// @param instance e.g. `web-0`
/// @param version the newest it was given
/// @param adoptedAt since when it is known to be well with it; null = not yet
public record SecretUse(
    String tenant,
    String workload,
    String instance,
    String incarnation,
    long version,
    Instant deliveredAt,
    @Nullable Instant adoptedAt) {}
