package dev.semper.api;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A revision with what it holds.
///
/// @param values null takes the key of a lower layer away; sensitive ones are `***`
public record ConfigContent(ConfigRevisionInfo revision, Map<String, @Nullable Object> values) {}
