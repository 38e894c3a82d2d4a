package dev.semper.api;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A revision of a layer.
///
/// @param number counts through all layers of the configuration
/// @param layer global, development, staging, production, schema or overlay.NAME
/// @param checksum SHA-256 (hex) of the values
/// @param restoredFrom the revision whose content it brought back
/// @param pinned never dropped to make room
/// @param removed the layer was taken away by it
public record ConfigRevisionInfo(
    long number,
    String layer,
    Instant createdAt,
    String author,
    String description,
    List<String> tags,
    String checksum,
    @Nullable Long restoredFrom,
    boolean pinned,
    boolean removed,
    @Nullable ConfigOverlay overlay) {}
