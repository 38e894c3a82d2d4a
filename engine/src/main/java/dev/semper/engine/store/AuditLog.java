package dev.semper.engine.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The chain of audit records: each carries the SHA-256 of its own content and of the record
/// before.
///
/// What the chain proves: nobody has changed, removed or added a record by hand. What it alone
/// cannot prove: that somebody who may write to the database has not made the whole chain anew from
/// some record on, including its head. Against that keep [Verification#head] somewhere else, or
/// ship the records elsewhere as they come. While a server runs it also knows the head itself and
/// notices a head set back.
public final class AuditLog {
  private static final String SELECT =
      "SELECT seq, at, tenant, actor, origin, action, resource, outcome, detail, previous_hash,"
          + " hash FROM audit";
  private static final int FETCH = 1_000;

  private final Database database;
  private final Supplier<Head> known;

  /// @param known the head as the writer knows it
  AuditLog(Database database, Supplier<Head> known) {
    this.database = database;
    this.known = known;
  }

  /// @param hash of this record; covers `previousHash`
  public record Entry(long seq, AuditEntry entry, String previousHash, String hash) {}

  /// @param records how many were read
  /// @param head hash of the newest
  /// @param broken what is wrong with the first bad one
  public record Verification(long records, String head, Optional<String> broken) {}

  /// Newest first.
  public List<Entry> newest(
      @Nullable String tenant, @Nullable String actor, @Nullable String action, int limit) {
    return new Query(SELECT)
        .whereEqual("tenant", tenant)
        .whereEqual("actor", actor)
        .whereEqual("action", action)
        .then("ORDER BY seq DESC LIMIT ?", limit)
        .list(database, AuditLog::entry);
  }

  /// Reads the whole chain and finds a changed, removed or inserted record.
  public Verification verify() {
    Head atLeast = known.get();
    return database.snapshot(connection -> verify(connection, atLeast));
  }

  private static Verification verify(Connection connection, Head atLeast) throws SQLException {
    try (PreparedStatement select = connection.prepareStatement(SELECT + " ORDER BY seq")) {
      select.setFetchSize(FETCH);
      ChainCheck check = new ChainCheck();
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next() && check.isWhole()) {
          check.add(entry(rows), rows.getString(9));
        }
      }
      return check.end(storedHead(connection), atLeast);
    }
  }

  private static Head storedHead(Connection connection) throws SQLException {
    return new Query(
            "SELECT epoch, last_commit, event_seq, audit_seq, audit_hash FROM server_epoch")
        .list(
            connection,
            row ->
                new Head(
                    row.getLong(1),
                    row.getLong(2),
                    row.getLong(3),
                    row.getLong(4),
                    row.getString(5)))
        .getFirst();
  }

  private static Entry entry(ResultSet row) throws SQLException {
    AuditEntry entry =
        new AuditEntry(
            Micros.toInstant(row.getLong(2)),
            row.getString(3),
            row.getString(4),
            row.getString(5),
            row.getString(6),
            row.getString(7),
            row.getString(8),
            Collections.unmodifiableMap(Json.read(row.getString(9))));
    return new Entry(row.getLong(1), entry, row.getString(10), row.getString(11));
  }
}
