package dev.semper.engine.spec;

import java.util.List;

/// What differs between two specifications of a workload, and what it takes to get from one to the
/// other.
///
/// @param effect the strongest any change needs
public record SpecDiff(List<Change> changes, Effect effect) {
  /// @param path e.g. `command[2]`
  /// @param before as in the file; empty if it was absent; values that look secret are masked
  public record Change(String path, String before, String after) {}

  /// From weak to strong.
  public enum Effect {
    NONE,
    /// Takes effect without touching what runs.
    LIVE,
    /// Instances are added or taken away.
    SCALE,
    /// Instances are replaced.
    REPLACE
  }

  public static final SpecDiff EMPTY = new SpecDiff(List.of(), Effect.NONE);
}
