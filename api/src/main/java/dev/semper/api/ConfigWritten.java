package dev.semper.api;

import java.util.List;

/// What a write has come to.
///
/// @param revision in force in the layer now
/// @param changed false if the layer held that already, and nothing was written
public record ConfigWritten(
    ConfigRevisionInfo revision, boolean changed, List<ConfigChange> changes) {}
