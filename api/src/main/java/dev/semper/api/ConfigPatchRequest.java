package dev.semper.api;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Keys of a layer to change.
///
/// @param set by key, e.g. `database.url`; null takes the key of a lower layer away
/// @param expected revision in force in the layer, 0 if there must be none; null = whatever it is
public record ConfigPatchRequest(
    @Nullable Map<String, @Nullable Object> set,
    @Nullable List<String> remove,
    @Nullable String description,
    @Nullable List<String> tags,
    @Nullable Long expected,
    @Nullable Boolean validateOnly) {}
