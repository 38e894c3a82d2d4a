package dev.semper.engine.store;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The chain of audit records: each carries the SHA-256 of its own content and of the record
/// before.
public final class AuditLog {
  /// @param hash of this record; covers `previousHash`
  public record Entry(long seq, AuditEntry entry, String previousHash, String hash) {}

  /// @param records how many were read
  /// @param head hash of the newest
  /// @param broken what is wrong with the first bad one
  public record Verification(long records, String head, Optional<String> broken) {}

  /// Newest first.
  public List<Entry> newest(
      @Nullable String tenant, @Nullable String actor, @Nullable String action, int limit) {
    throw new UnsupportedOperationException();
  }

  /// Reads the whole chain and finds a changed, removed or inserted record.
  public Verification verify() {
    throw new UnsupportedOperationException();
  }
}
