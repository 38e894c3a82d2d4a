package dev.semper.engine.config;

import dev.semper.engine.spec.SpecReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Hides what is sensitive: by the schema, or by the look of its name. A reference to a secret
/// tells nothing and stays.
final class Masks {
  private final Schema schema;

  Masks(Schema schema) {
    this.schema = schema;
  }

  boolean hides(KeyPath path) {
    return schema.isSensitive(path) || path.keys().stream().anyMatch(SpecReader::looksSecret);
  }

  Map<String, Object> table(Map<String, Object> table) {
    return table(table, KeyPath.ROOT);
  }

  private Map<String, Object> table(Map<String, Object> table, KeyPath path) {
    TreeMap<String, Object> masked = new TreeMap<>();
    table.forEach((key, value) -> {
      KeyPath at = path.with(key);
      masked.put(
          key, value instanceof Map<?, ?> ? table(Values.table(value), at) : masked(at, value));
    });
    return masked;
  }

  Object masked(KeyPath path, Object value) {
    if (Values.isRemoved(value) || !hides(path)) {
      return list(path, value);
    }
    boolean reference =
        value instanceof String text && text.startsWith("{{secret:") && text.endsWith("}}");
    return reference ? value : Values.MASK;
  }

  /// Tables in lists have keys of their own.
  private Object list(KeyPath path, Object value) {
    if (!(value instanceof List<?> list)) {
      return value;
    }
    List<Object> masked = new ArrayList<>();
    for (Object item : list) {
      Object some = Objects.requireNonNull(item);
      masked.add(some instanceof Map<?, ?> ? table(Values.table(some), path) : list(path, some));
    }
    return masked;
  }

  @Nullable Object maskedOrNull(KeyPath path, @Nullable Object value) {
    return value == null
        ? null
        : value instanceof Map<?, ?> ? table(Values.table(value), path) : masked(path, value);
  }

  /// What was shown masked and comes back so means what it was.
  Map<String, Object> unmasked(Map<String, Object> table, Map<String, Object> present) {
    TreeMap<String, Object> values = new TreeMap<>();
    table.forEach((key, value) -> values.put(key, unmasked(value, present.get(key))));
    return values;
  }

  private Object unmasked(Object value, @Nullable Object present) {
    if (value.equals(Values.MASK) && present != null && !(present instanceof Map<?, ?>)) {
      return present;
    }
    if (value instanceof Map<?, ?>) {
      return unmasked(
          Values.table(value), present instanceof Map<?, ?> ? Values.table(present) : Map.of());
    }
    if (value instanceof List<?> list) {
      List<?> old = present instanceof List<?> l ? l : List.of();
      List<Object> values = new ArrayList<>();
      for (int i = 0; i < list.size(); i++) {
        values.add(
            unmasked(Objects.requireNonNull(list.get(i)), i < old.size() ? old.get(i) : null));
      }
      return values;
    }
    return value;
  }
}
