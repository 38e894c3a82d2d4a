package dev.semper.engine.config;

import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a configuration comes to for a reader: its layers merged, references resolved but for those
/// to secrets, which stay as they are written. Immutable.
///
/// @param revision the newest one of any layer; two revisions may come to the same
/// @param checksum SHA-256 (hex) of the values
/// @param values with everything that is sensitive; see [Configs#shown]
public record Effective(
    String name, Reader reader, long revision, String checksum, Map<String, Object> values) {
  /// @param key e.g. `database.url`
  public Optional<Object> get(String key) {
    return Optional.ofNullable(value(key));
  }

  private @Nullable Object value(String key) {
    return Values.get(values, KeyPath.parse(key));
  }
}
