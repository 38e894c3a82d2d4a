package dev.semper.engine.store;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Changes that become durable and visible together. Not thread-safe; filled by one owner and
/// handed to [Store#commit].
public final class Batch {
  /// One change of a batch.
  sealed interface Change {}

  record Put(Row row) implements Change {}

  record Delete(Row row) implements Change {}

  record AddEvent(
      Instant at,
      String tenant,
      @Nullable String workload,
      @Nullable String instance,
      String type,
      Map<String, Object> data,
      @Nullable String operationId,
      String actor)
      implements Change {}

  record AddAudit(AuditEntry entry) implements Change {}

  private final List<Change> changes = new ArrayList<>();

  /// Inserts the row or replaces the one with the same key.
  public Batch put(Row row) {
    changes.add(new Put(row));
    return this;
  }

  /// Removes the row with the same key; nothing happens if there is none.
  public Batch delete(Row row) {
    changes.add(new Delete(row));
    return this;
  }

  public Batch event(
      Instant at,
      String tenant,
      @Nullable String workload,
      @Nullable String instance,
      String type,
      Map<String, Object> data,
      @Nullable String operationId,
      String actor) {
    changes.add(new AddEvent(at, tenant, workload, instance, type, data, operationId, actor));
    return this;
  }

  public Batch audit(AuditEntry entry) {
    changes.add(new AddAudit(entry));
    return this;
  }

  public boolean isEmpty() {
    return changes.isEmpty();
  }

  List<Change> changes() {
    return changes;
  }
}
