package dev.semper.engine.store;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A row of one of the engine's tables. Columns are what is searched by; the rest is a JSON `doc`
/// that belongs to the feature which writes it.
public sealed interface Row {
  /// Key: name.
  record Tenant(String name, String doc) implements Row {}

  /// Key: id. `hash` is SHA-256 (hex) of the token; unique.
  record Token(String id, String hash, String tenant, String doc) implements Row {}

  /// Key: tenant, name.
  record Workload(String tenant, String name, String doc) implements Row {}

  /// One incarnation. Key: incarnation.
  record Instance(String incarnation, String tenant, String workload, String doc) implements Row {}

  /// One generation of a workload's specification. Key: tenant, uid, generation.
  ///
  /// @param uid of the workload: a new workload of an old name has a new one
  record Release(
      String tenant, String workload, String uid, long generation, Instant createdAt, String doc)
      implements Row {}

  /// Key: id.
  ///
  /// @param seq order of arrival, given by the engine
  /// @param workload null for a batch
  /// @param open whether it has not ended
  /// @param parent the batch it belongs to
  /// @param idempotencyKey unique in its tenant (else the commit fails with ALREADY_EXISTS)
  record Operation(
      String id,
      long seq,
      String tenant,
      @Nullable String workload,
      String kind,
      String status,
      boolean open,
      @Nullable String parent,
      @Nullable String idempotencyKey,
      String doc)
      implements Row {}

  /// A step of an operation. Key: operationId, position.
  record Step(String operationId, int position, String doc) implements Row {}
}
