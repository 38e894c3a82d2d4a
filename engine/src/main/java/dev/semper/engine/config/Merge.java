package dev.semper.engine.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;

/// Lays documents over each other, the first the lowest: tables are merged key by key, everything
/// else is replaced, a mark of removal takes away what was below. Pure.
final class Merge {
  private Merge() {}

  static Map<String, Object> of(List<Map<String, Object>> layers) {
    TreeMap<String, Object> merged = new TreeMap<>();
    layers.forEach(layer -> over(merged, layer));
    return merged;
  }

  private static void over(Map<String, Object> below, Map<String, Object> layer) {
    layer.forEach((key, value) -> {
      if (Values.isRemoved(value)) {
        below.remove(key);
      } else if (value instanceof Map<?, ?>) {
        Map<String, Object> table =
            below.get(key) instanceof Map<?, ?> old
                ? new TreeMap<>(Values.table(old))
                : new TreeMap<>();
        over(table, Values.table(value));
        below.put(key, table);
      } else {
        below.put(key, value);
      }
    });
  }

  /// Where every value comes from, and what it has won over.
  static List<Explained> explain(List<Snapshot.Part> parts) {
    TreeMap<KeyPath, Explained> all = new TreeMap<>();
    for (Snapshot.Part part : parts) {
      explain(all, part, part.values(), KeyPath.ROOT);
    }
    all.values().removeIf(e -> Values.isRemoved(e.value()));
    return List.copyOf(all.values());
  }

  private static void explain(
      NavigableMap<KeyPath, Explained> all,
      Snapshot.Part part,
      Map<String, Object> table,
      KeyPath path) {
    table.forEach((key, value) -> {
      KeyPath at = path.with(key);
      if (value instanceof Map<?, ?> map && !map.isEmpty()) {
        Explained scalar = all.remove(at); // a table takes the place of a value
        if (scalar != null && Values.isRemoved(scalar.value())) {
          scalar = null;
        }
        explain(all, part, Values.table(value), at);
        if (scalar != null) {
          Map.Entry<KeyPath, Explained> first = Objects.requireNonNull(all.ceilingEntry(at));
          all.put(first.getKey(), first.getValue().over(scalar));
        }
        return;
      }
      boolean empty = value instanceof Map<?, ?>;
      NavigableMap<KeyPath, Explained> below = within(all, at);
      if (empty && below.values().stream().anyMatch(e -> !Values.isRemoved(e.value()))) {
        return; // an empty table adds nothing to one
      }
      List<Explained.Before> overrode = new ArrayList<>();
      for (Explained old : List.copyOf(below.values())) {
        overrode.addAll(old.overrode());
        if (!Values.isRemoved(old.value())) {
          overrode.add(old.asBefore());
        }
        all.remove(old.path());
      }
      Revision from = part.revision();
      all.put(at, new Explained(at, value, from.layer(), from.number(), overrode));
    });
  }

  private static NavigableMap<KeyPath, Explained> within(
      NavigableMap<KeyPath, Explained> all, KeyPath at) {
    NavigableMap<KeyPath, Explained> found = new TreeMap<>();
    for (Map.Entry<KeyPath, Explained> entry : all.tailMap(at, true).entrySet()) {
      if (!entry.getKey().isWithin(at)) {
        break;
      }
      found.put(entry.getKey(), entry.getValue());
    }
    return found;
  }
}
