package dev.semper.engine.config;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What was once written to a layer; never changes, but for its pin.
///
/// @param number counts through all layers of a configuration, from 1
/// @param checksum SHA-256 (hex) of the values as canonical JSON
/// @param restoredFrom the revision whose content it brought back; 0 = none
/// @param pinned never dropped to make room
/// @param removed the layer was taken away by it
/// @param overlay when it counts, of an overlay; null of any other layer
/// @param secret whose new version it brings, with the same content, e.g. `db@3`; empty = none
public record Revision(
    long number,
    Layer layer,
    Instant createdAt,
    String author,
    String description,
    List<String> tags,
    String checksum,
    long restoredFrom,
    boolean pinned,
    boolean removed,
    @Nullable Overlay overlay,
    String secret) {
  public Revision {
    tags = List.copyOf(tags);
  }
}
