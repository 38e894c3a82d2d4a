package dev.semper.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// Which version of a secret an instance has.
///
/// @param adoptedAt since when it is known to be well with it; null = not yet
public record SecretUseInfo(
    String tenant,
    String workload,
    String instance,
    String incarnation,
    long version,
    boolean current,
    Instant deliveredAt,
    @Nullable Instant adoptedAt) {}
