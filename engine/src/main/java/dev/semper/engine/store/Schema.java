package dev.semper.engine.store;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.configuration.FluentConfiguration;

/// Makes and migrates the tables: `db/{sqlite,postgresql}/V*.sql`.
final class Schema {
  /// Of the newest migration.
  static final int NEWEST = 7;

  private static final String HISTORY = "flyway_schema_history";

  /// What the history says: the newest version and whether every migration has succeeded.
  private record State(int version, boolean whole) {}

  private Schema() {}

  /// Flyway costs several hundred milliseconds even if there is nothing to do, more than everything
  /// else at a server's start together: it is run only if the history asks for it.
  static void migrate(Database database) {
    try {
      State state = state(database);
      if (state.version() > NEWEST) {
        throw newer(database, state.version());
      }
      if (state.version() < NEWEST || !state.whole()) {
        runFlyway(database);
      }
    } catch (SQLException e) {
      throw SemperException.wrap(
          ErrorCode.STORE_UNAVAILABLE,
          "Cannot open the database: " + database.explain(e).words(),
          e);
    }
  }

  private static State state(Database database) throws SQLException {
    try (Connection connection = database.connect()) {
      return hasHistory(database, connection) ? history(connection) : new State(0, true);
    }
  }

  private static boolean hasHistory(Database database, Connection connection) throws SQLException {
    try (PreparedStatement count = connection.prepareStatement(database.countTables())) {
      count.setString(1, HISTORY);
      try (ResultSet result = count.executeQuery()) {
        return result.next() && result.getInt(1) > 0;
      }
    }
  }

  private static State history(Connection connection) throws SQLException {
    try (PreparedStatement select =
            connection.prepareStatement(
                "SELECT version, success FROM " + HISTORY + " WHERE version IS NOT NULL");
        ResultSet result = select.executeQuery()) {
      State state = new State(0, true);
      while (result.next()) {
        int version = Integer.parseInt(result.getString(1));
        state =
            new State(Math.max(state.version(), version), state.whole() && result.getBoolean(2));
      }
      return state;
    }
  }

  private static SemperException newer(Database database, int version) {
    return new SemperException(
        ErrorCode.PRECONDITION_FAILED,
        "Cannot open the database %s: its schema has version %d, made by a newer Semper; this one knows versions up to %d. Start the newer Semper again, or restore the backup made before its first start."
            .formatted(database.name(), version, NEWEST));
  }

  private static void runFlyway(Database database) {
    try {
      FluentConfiguration flyway =
          Flyway.configure().locations("classpath:db/" + database.dialect());
      database.configure(flyway);
      flyway.load().migrate();
    } catch (FlywayException e) {
      throw SemperException.wrap(
          ErrorCode.STORE_UNAVAILABLE,
          "Cannot bring the database %s to schema version %d: %s"
              .formatted(database.name(), NEWEST, e.getMessage()),
          e);
    }
  }
}
