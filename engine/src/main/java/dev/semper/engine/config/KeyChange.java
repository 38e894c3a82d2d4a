package dev.semper.engine.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A key whose value differs.
///
/// @param before null if it was not there
/// @param after null if it is gone
public record KeyChange(KeyPath path, @Nullable Object before, @Nullable Object after) {
  public String key() {
    return path.toString();
  }

  /// In the order of the keys.
  static List<KeyChange> between(Map<String, Object> before, Map<String, Object> after) {
    TreeMap<KeyPath, KeyChange> changes = new TreeMap<>();
    Values.leaves(
        before, KeyPath.ROOT, (path, value) -> changes.put(path, new KeyChange(path, value, null)));
    Values.leaves(
        after,
        KeyPath.ROOT,
        (path, value) -> {
          KeyChange old = changes.remove(path);
          Object was = old == null ? null : old.before();
          if (!value.equals(was)) {
            changes.put(path, new KeyChange(path, was, value));
          }
        });
    return new ArrayList<>(changes.values());
  }

  /// What came to be: `added`, `changed` or `removed`.
  public String kind() {
    return before == null ? "added" : after == null ? "removed" : "changed";
  }
}
