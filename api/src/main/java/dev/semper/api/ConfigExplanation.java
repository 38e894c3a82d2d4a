package dev.semper.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// Where the value of a key comes from.
///
/// @param value as it is written, references not resolved
/// @param overrode what it has won over, the lowest first
public record ConfigExplanation(
    String key, @Nullable Object value, String layer, long revision, List<Overrode> overrode) {
  /// A value that another layer took the place of.
  public record Overrode(String key, @Nullable Object value, String layer, long revision) {}
}
