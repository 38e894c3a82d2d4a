package dev.semper.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What applying a document changes.
///
/// @param empty nothing does
/// @param notes what else is to be known of the document, one sentence each; usually none
public record PlanInfo(boolean empty, List<PlanItem> items, List<String> notes) {
  /// @param notes null from a server that has none yet
  public PlanInfo(boolean empty, List<PlanItem> items, @Nullable List<String> notes) {
    this.empty = empty;
    this.items = items;
    this.notes = notes == null ? List.of() : List.copyOf(notes);
  }
}
