package dev.semper.engine.store;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import org.flywaydb.core.api.configuration.FluentConfiguration;

/// What differs between SQLite and PostgreSQL: connections, transactions and the meaning of errors.
interface Database extends AutoCloseable {
  /// What to do with an error of a statement.
  enum Fault {
    /// Two rows would have the same key: only the batch that wrote it is at fault.
    DUPLICATE,
    /// The database will never take this data: only the batch that wrote it is at fault.
    BAD_DATA,
    /// The database cannot write now: nobody is at fault, try again.
    OUTAGE
  }

  /// @param words for people: what is the matter and what to do
  record Failure(Fault fault, String words) {}

  /// Work on a reader's connection.
  @FunctionalInterface
  interface Read<T> {
    T from(Connection connection) throws SQLException;
  }

  static Database of(StoreConfig config) {
    if (config.url().startsWith(SqliteDatabase.PREFIX)) {
      return SqliteDatabase.of(config.url());
    }
    if (config.url().startsWith(PostgresDatabase.PREFIX)) {
      return new PostgresDatabase(config);
    }
    throw new SemperException(
        ErrorCode.INVALID_REQUEST,
        "Cannot open the database: its URL starts neither with "
            + SqliteDatabase.PREFIX
            + " nor with "
            + PostgresDatabase.PREFIX);
  }

  /// For messages; without secrets.
  String name();

  /// `sqlite` or `postgresql`: the folder of migrations.
  String dialect();

  /// Takes what must be held before the first connection is made.
  void acquire();

  /// A new connection for writing, in the state that [#begin] expects.
  Connection connect() throws SQLException;

  /// Tells Flyway where to connect.
  void configure(FluentConfiguration flyway);

  /// Query that counts the tables of a name.
  String countTables();

  /// End of a query that locks the rows it reads until the end of the transaction.
  String forUpdate();

  void begin(Connection connection) throws SQLException;

  void commit(Connection connection) throws SQLException;

  void rollback(Connection connection) throws SQLException;

  /// Runs a query in a snapshot: everything it reads is of one moment.
  ///
  /// @throws SemperException STORE_UNAVAILABLE
  <T> T snapshot(Read<T> work);

  /// Runs a query.
  ///
  /// @throws SemperException STORE_UNAVAILABLE
  <T> T read(Read<T> work);

  Failure explain(SQLException e);

  /// Whether the writer's open connection still leads to the database that others would open.
  Optional<String> lost();

  @Override
  void close();
}
