package dev.semper.engine.operation;

import dev.semper.engine.store.AuditEntry;
import org.jspecify.annotations.Nullable;

/// Tells who asked for something that is about to become durable.
@FunctionalInterface
public interface Witness {
  /// @param operationId the operation that was asked for; null if it is none
  AuditEntry of(@Nullable String operationId);
}
