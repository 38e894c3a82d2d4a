package dev.semper.api;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a layer is to hold: either values, or a document with its format.
///
/// @param values what is `***` and was there stays what it was
/// @param format toml, yaml, json or dotenv
/// @param overlay null = as it was
/// @param expected revision in force in the layer, 0 if there must be none; null = whatever it is
public record ConfigWriteRequest(
    @Nullable Map<String, @Nullable Object> values,
    @Nullable String document,
    @Nullable String format,
    @Nullable ConfigOverlay overlay,
    @Nullable String description,
    @Nullable List<String> tags,
    @Nullable Long expected,
    @Nullable Boolean validateOnly) {}
