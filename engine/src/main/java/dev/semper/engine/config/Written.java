package dev.semper.engine.config;

import java.util.List;

/// What a write has come to.
///
/// @param revision the one in force in the layer now
/// @param changed false if the layer held that already: then nothing was written
/// @param changes of the layer, by key
public record Written(Revision revision, boolean changed, List<KeyChange> changes) {
  public Written {
    changes = List.copyOf(changes);
  }
}
