package dev.semper.engine.config;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/// The layers of a configuration as they were at one revision. Immutable.
///
/// @param number of the newest revision in it; 0 if there is none
/// @param parts by layer, without those that were removed
record Snapshot(String tenant, String name, long number, SortedMap<String, Part> parts) {
  /// The content of a layer with what is said about it.
  record Part(Revision revision, Map<String, Object> values) {}

  static Snapshot none(String tenant, String name) {
    return new Snapshot(tenant, name, 0, new TreeMap<>());
  }

  Optional<Part> part(Layer layer) {
    return Optional.ofNullable(parts.get(layer.id()));
  }

  Snapshot with(Part part) {
    SortedMap<String, Part> more = new TreeMap<>(parts);
    if (part.revision().removed()) {
      more.remove(part.revision().layer().id());
    } else {
      more.put(part.revision().layer().id(), part);
    }
    return new Snapshot(tenant, name, part.revision().number(), more);
  }

  /// Those that count for a reader, the lowest first.
  List<Part> layers(Reader reader) {
    List<Part> layers = new ArrayList<>();
    part(Layer.GLOBAL).ifPresent(layers::add);
    part(Layer.of(reader.environment())).ifPresent(layers::add);
    parts.values().stream()
        .filter(p -> p.revision().overlay() != null && p.revision().overlay().fits(reader))
        .sorted(
            Comparator.comparingInt((Part p) -> precedence(p.revision()))
                .thenComparing(p -> p.revision().layer().id()))
        .forEach(layers::add);
    return layers;
  }

  private static int precedence(Revision revision) {
    Overlay overlay = revision.overlay();
    return overlay == null ? 0 : overlay.precedence();
  }

  /// What they come to before references are resolved.
  Map<String, Object> merged(Reader reader) {
    return Merge.of(layers(reader).stream().map(Part::values).toList());
  }
}
