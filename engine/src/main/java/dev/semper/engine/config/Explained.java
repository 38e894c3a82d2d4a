package dev.semper.engine.config;

import java.util.ArrayList;
import java.util.List;

/// Where one value comes from.
///
/// @param layer the one that won
/// @param overrode what it has won over, the lowest first
public record Explained(
    KeyPath path, Object value, Layer layer, long revision, List<Before> overrode) {
  /// A value that another layer took the place of.
  public record Before(String key, Object value, Layer layer, long revision) {}

  public Explained {
    overrode = List.copyOf(overrode);
  }

  public String key() {
    return path.toString();
  }

  Before asBefore() {
    return new Before(key(), value, layer, revision);
  }

  Explained over(Explained other) {
    List<Before> more = new ArrayList<>(other.overrode);
    more.add(other.asBefore());
    more.addAll(overrode);
    return new Explained(path, value, layer, revision, more);
  }

  Explained masked(Masks masks) {
    return new Explained(
        path,
        masks.masked(path, value),
        layer,
        revision,
        overrode.stream()
            .map(b ->
                new Before(
                    b.key(),
                    masks.masked(KeyPath.parse(b.key()), b.value()),
                    b.layer(),
                    b.revision()))
            .toList());
  }
}
