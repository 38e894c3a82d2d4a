package dev.semper.api;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a configuration comes to for a reader.
///
/// @param revision the newest of any layer
/// @param checksum SHA-256 (hex) of the values; two revisions may come to the same
/// @param values sensitive ones are `***`
public record EffectiveConfig(
    String tenant,
    String name,
    String environment,
    long revision,
    String checksum,
    Map<String, @Nullable Object> values) {}
