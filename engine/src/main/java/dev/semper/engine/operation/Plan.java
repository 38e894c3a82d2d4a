package dev.semper.engine.operation;

import dev.semper.engine.spec.SpecDiff;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// What applying a document would change.
///
/// @param items one per workload of the document, then those to delete
public record Plan(List<Item> items) {
  /// @param diff what changes; null for a deletion
  public record Item(String workload, Action action, @Nullable SpecDiff diff) {}

  public enum Action {
    NONE,
    CREATE,
    /// No process is restarted.
    RECONFIGURE,
    SCALE,
    /// Instances are replaced one by one.
    REPLACE,
    DELETE;

    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public boolean isEmpty() {
    return items.stream().allMatch(i -> i.action() == Action.NONE);
  }
}
