package dev.semper.engine.operation;

import java.time.Instant;

/// Names operations: short, unique in a database, sorted by time.
final class OperationIds {
  private OperationIds() {}

  /// @param seq unique in the database
  static String next(Instant now, long seq) {
    return "op-" + Long.toString(now.getEpochSecond(), 36) + "-" + Long.toString(seq, 36);
  }
}
