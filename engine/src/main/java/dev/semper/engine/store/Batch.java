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

  /// @param uid null = of all workloads
  record DropHealth(@Nullable String uid, long beforeMinute, Instant outagesBefore)
      implements Change {}

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

  /// Removes all that is known of the health of a workload that is gone.
  public Batch dropHealth(String uid) {
    changes.add(new DropHealth(uid, Long.MAX_VALUE, Instant.MAX));
    return this;
  }

  /// Removes the health of all workloads in the minutes before one, and outages that had ended by
  /// then.
  public Batch dropHealthBefore(long minute) {
    changes.add(new DropHealth(null, minute, Instant.ofEpochSecond(minute * 60)));
    return this;
  }

  public boolean isEmpty() {
    return changes.isEmpty();
  }

  List<Change> changes() {
    return changes;
  }
}
