package dev.semper.engine.store;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Walks along the chain of audit records up to the first bad one.
final class ChainCheck {
  private long records;
  private String hash = AuditChain.START;
  private @Nullable String broken;

  boolean isWhole() {
    return broken == null;
  }

  /// @param detail the entry's detail as stored
  void add(AuditLog.Entry record, String detail) {
    long expected = records + 1;
    if (record.seq() > expected) {
      broken =
          record.seq() - 1 == expected
              ? "record " + expected + " has been removed"
              : "records " + expected + " to " + (record.seq() - 1) + " have been removed";
    } else if (record.seq() < expected) {
      broken = "record " + record.seq() + " has been inserted";
    } else if (!record.previousHash().equals(hash)) {
      broken =
          "record %d does not continue the one before: it or that one has been changed, or it was inserted"
              .formatted(expected);
    } else if (!record.hash().equals(AuditChain.hash(hash, record.seq(), record.entry(), detail))) {
      broken = "record " + expected + " has been changed";
    } else {
      records = expected;
      hash = record.hash();
    }
  }

  /// @param stored the head in the database
  /// @param atLeast the head as the running server knew it a moment before
  AuditLog.Verification end(Head stored, Head atLeast) {
    if (broken == null) {
      broken = wrongHead(stored, atLeast);
    }
    return new AuditLog.Verification(records, hash, Optional.ofNullable(broken));
  }

  private @Nullable String wrongHead(Head stored, Head atLeast) {
    if (records < stored.audit()) {
      return "the newest records, %d to %d, have been removed"
          .formatted(records + 1, stored.audit());
    }
    if (records > stored.audit()) {
      return "records %d to %d have been added by hand".formatted(stored.audit() + 1, records);
    }
    if (!hash.equals(stored.auditHash())) {
      return "record %d has been replaced: the chain's head has another hash".formatted(records);
    }
    if (records < atLeast.audit()) {
      return "the newest records, %d to %d, have been removed and the chain's head set back"
          .formatted(records + 1, atLeast.audit());
    }
    if (records == atLeast.audit() && !hash.equals(atLeast.auditHash())) {
      return "record %d and the chain's head have been replaced".formatted(records);
    }
    return null;
  }
}
