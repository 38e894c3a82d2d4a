package dev.semper.engine.config;

import java.util.List;

/// Knows which workloads read a configuration.
@FunctionalInterface
interface Readers {
  /// @param schema of its own that the values have to meet too
  /// @param revisions that its instances have or may go back to
  record Known(String workload, Reader reader, Schema schema, List<Long> revisions) {}

  List<Known> of(String tenant, String name);
}
