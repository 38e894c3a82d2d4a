package dev.semper.engine.store;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A change of a batch as it will be stored: cleaned, times cut to microseconds, facts turned to
/// JSON. Made on the caller's thread, so that bad data hits nobody else and costs the writer
/// nothing.
sealed interface Draft {
  record Put(Row row) implements Draft {}

  record Delete(Row row) implements Draft {}

  /// @param uid null = of all workloads
  record DropHealth(@Nullable String uid, long beforeMinute, Instant outagesBefore)
      implements Draft {}

  /// @param event complete but for its number
  record AddEvent(Event event, String json) implements Draft {
    Event numbered(long seq) {
      return new Event(
          seq,
          event.at(),
          event.tenant(),
          event.workload(),
          event.instance(),
          event.type(),
          event.data(),
          event.operationId(),
          event.actor());
    }
  }

  record AddAudit(AuditEntry entry, String json) implements Draft {}

  static List<Draft> of(Batch batch) {
    List<Draft> drafts = new ArrayList<>(batch.changes().size());
    for (Batch.Change change : batch.changes()) {
      drafts.add(of(change));
    }
    return drafts;
  }

  private static Draft of(Batch.Change change) {
    return switch (change) {
      case Batch.Put(Row row) -> new Put(row);
      case Batch.Delete(Row row) -> new Delete(row);
      case Batch.DropHealth(String uid, long minute, Instant outages) ->
          new DropHealth(uid, minute, outages);
      case Batch.AddEvent event -> of(event);
      case Batch.AddAudit(AuditEntry entry) -> of(entry);
    };
  }

  /// The event's facts are read back from their JSON: a follower sees the same whether it comes
  /// from memory or from the database.
  private static Draft of(Batch.AddEvent add) {
    String json = Json.write(add.data());
    Event event =
        new Event(
            0,
            Micros.truncate(add.at()),
            Text.clean(add.tenant()),
            Text.cleanOrNull(add.workload()),
            Text.cleanOrNull(add.instance()),
            Text.clean(add.type()),
            facts(json),
            Text.cleanOrNull(add.operationId()),
            Text.clean(add.actor()));
    return new AddEvent(event, Text.clean(json));
  }

  private static Draft of(AuditEntry entry) {
    String json = Text.clean(Json.write(entry.detail()));
    AuditEntry clean =
        new AuditEntry(
            Micros.truncate(entry.at()),
            Text.clean(entry.tenant()),
            Text.clean(entry.actor()),
            Text.clean(entry.origin()),
            Text.clean(entry.action()),
            Text.clean(entry.resource()),
            Text.clean(entry.outcome()),
            facts(json));
    return new AddAudit(clean, json);
  }

  private static Map<String, Object> facts(String json) {
    return java.util.Collections.unmodifiableMap(Json.read(Text.clean(json)));
  }
}
