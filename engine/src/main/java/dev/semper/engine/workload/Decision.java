package dev.semper.engine.workload;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The answer to an event.
///
/// @param next the workload from now on
/// @param notes what to record
/// @param effects what to do once that is durable
record Decision(Workload next, List<Note> notes, List<Effect> effects) {
  /// An event to be.
  record Note(@Nullable String instance, String type, Map<String, Object> data) {}
}
