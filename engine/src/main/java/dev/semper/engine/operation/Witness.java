package dev.semper.engine.operation;

import dev.semper.engine.store.AuditEntry;

/// Tells who asked for an operation.
@FunctionalInterface
public interface Witness {
  AuditEntry of(String operationId);
}
