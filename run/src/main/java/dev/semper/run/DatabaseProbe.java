package dev.semper.run;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Asks a database. The connection is kept from one health check to the next; [#reconnect] gives it
/// up. Where there is no JDBC driver (SQL Server) it is reached by TCP only.
final class DatabaseProbe {
  /// @param millis what the query took
  /// @param poolPercent connections of the program in percent of its declared pool; negative if
  ///   unknown
  /// @param trouble why there is no answer; null if there is
  record Answer(double millis, double poolPercent, @Nullable String trouble) {
    Health.Status status() {
      if (trouble != null || millis > 5000) {
        return Health.Status.UNHEALTHY;
      }
      return millis > 1000 || poolPercent > 80 ? Health.Status.DEGRADED : Health.Status.HEALTHY;
    }
  }

  // Connections of this role to this database from this container, but not this one.
  private static final String POOL =
      """
      SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user \
      AND client_addr IS NOT DISTINCT FROM inet_client_addr() AND pid <> pg_backend_pid()\
      """;

  final Settings.Database database;
  final boolean required;
  private @Nullable Connection connection;
  private boolean busy;

  DatabaseProbe(Settings.Database database, boolean required) {
    this.database = database;
    this.required = required;
  }

  Check check() {
    return deadline -> {
      Answer answer = ask(deadline);
      if (answer.trouble() != null) {
        throw new Check.FailedException(answer.trouble());
      }
    };
  }

  /// One health query within the deadline, which holds whatever driver and server do.
  Answer ask(Deadline deadline) throws InterruptedException {
    long begun = System.nanoTime();
    Deadline attempt = deadline.orIn(database.timeout());
    synchronized (this) {
      if (busy) {
        return new Answer(0, -1, "an earlier query has not come back");
      }
      busy = true;
    }
    try {
      return attempt.within(
          "database " + database.name(),
          () -> {
            try {
              return query(attempt);
            } finally {
              synchronized (this) {
                busy = false;
              }
            }
          });
    } catch (InterruptedException e) {
      throw e;
    } catch (TimeoutException e) {
      reconnect(); // which ends the query that hangs
      return new Answer(
          (System.nanoTime() - begun) / 1e6, -1, database + " does not answer in time");
    } catch (Exception e) {
      reconnect();
      return new Answer((System.nanoTime() - begun) / 1e6, -1, database + ": " + Check.reason(e));
    }
  }

  private Answer query(Deadline deadline) throws Exception {
    if (database.url() == null) {
      long begun = System.nanoTime();
      Check.tcp(database.host(), database.port()).run(deadline);
      return new Answer((System.nanoTime() - begun) / 1e6, -1, null);
    }
    Connection open = connect(database.url(), deadline);
    try (Statement statement = open.createStatement()) {
      long begun = System.nanoTime();
      statement.execute(database.query());
      double millis = (System.nanoTime() - begun) / 1e6;
      return new Answer(millis, pool(statement), null);
    }
  }

  private double pool(Statement statement) throws SQLException {
    if (database.poolSize() <= 0 || !database.type().equals("postgresql")) {
      return -1;
    }
    try (ResultSet rows = statement.executeQuery(POOL)) {
      return rows.next() ? 100.0 * rows.getLong(1) / database.poolSize() : -1;
    }
  }

  private Connection connect(String url, Deadline deadline) throws SQLException {
    synchronized (this) {
      if (connection != null && !connection.isClosed()) {
        return connection;
      }
    }
    String seconds = "" + Math.max(1, (int) Math.ceil(deadline.orIn(Check.ATTEMPT).secondsLeft()));
    Properties properties = new Properties();
    if (database.user() != null) {
      properties.setProperty("user", database.user());
    }
    if (database.password() != null) {
      properties.setProperty("password", database.password());
    }
    if (database.type().equals("postgresql")) {
      properties.setProperty("connectTimeout", seconds);
      properties.setProperty("socketTimeout", "" + database.timeout());
      properties.setProperty("ApplicationName", "semper run");
    }
    Connection fresh = DriverManager.getConnection(url, properties);
    synchronized (this) {
      connection = fresh;
    }
    return fresh;
  }

  /// Gives the connection up; the next query makes another.
  void reconnect() {
    Connection old;
    synchronized (this) {
      old = connection;
      connection = null;
    }
    if (old != null) {
      try {
        old.abort(Runnable::run);
      } catch (SQLException e) {
        // It is given up anyway.
      }
    }
  }
}
