package dev.semper.engine.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.Properties;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.jspecify.annotations.Nullable;

/// PostgreSQL 13 or newer. The writer has a connection of its own; readers share a pool.
final class PostgresDatabase implements Database {
  static final String PREFIX = "jdbc:postgresql:";
  private static final int READERS = 4;
  private static final int CONNECT_SECONDS = 5;

  /// An answer that takes longer is taken for a lost connection.
  private static final int ANSWER_SECONDS = 30;

  private static final int POOL_WAIT_MILLIS = 5_000;

  private final String url;
  private final @Nullable String user;
  private final @Nullable String password;
  private @Nullable HikariDataSource pool; // guarded by this
  private boolean closed; // guarded by this

  PostgresDatabase(StoreConfig config) {
    url = config.url();
    user = config.user();
    password = config.password();
  }

  /// Without the URL's parameters: one may be a password.
  @Override
  public String name() {
    int parameters = url.indexOf('?');
    return url.substring("jdbc:".length(), parameters < 0 ? url.length() : parameters);
  }

  @Override
  public String dialect() {
    return "postgresql";
  }

  @Override
  public void acquire() {
    // Other servers are kept away by the epoch alone.
  }

  /// Parameters of the URL win over these.
  private Properties properties() {
    Properties properties = new Properties();
    if (user != null) {
      properties.setProperty("user", user);
    }
    if (password != null) {
      properties.setProperty("password", password);
    }
    properties.setProperty("ApplicationName", "semper");
    properties.setProperty("connectTimeout", String.valueOf(CONNECT_SECONDS));
    properties.setProperty("loginTimeout", String.valueOf(CONNECT_SECONDS));
    properties.setProperty("socketTimeout", String.valueOf(ANSWER_SECONDS));
    properties.setProperty("tcpKeepAlive", "true");
    return properties;
  }

  @Override
  public Connection connect() throws SQLException {
    Connection connection = DriverManager.getConnection(url, properties());
    try {
      prepareForWriting(connection);
      connection.setAutoCommit(false);
      return connection;
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  /// The session that a lost connection leaves behind would hold its locks for hours; the server
  /// ends it soon. And a commit must be on disk when it returns, whatever the server's default.
  private static void prepareForWriting(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET idle_in_transaction_session_timeout = '10s'");
      statement.execute("SET lock_timeout = '10s'");
      if (isOff(statement)) {
        statement.execute("SET synchronous_commit = on");
      }
    }
  }

  private static boolean isOff(Statement statement) throws SQLException {
    try (ResultSet result = statement.executeQuery("SHOW synchronous_commit")) {
      return result.next() && result.getString(1).equals("off");
    }
  }

  @Override
  public void configure(FluentConfiguration flyway) {
    flyway.dataSource(url, user, password);
  }

  @Override
  public String countTables() {
    return "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = ?";
  }

  @Override
  public String forUpdate() {
    return " FOR UPDATE";
  }

  @Override
  public void begin(Connection connection) {
    // The driver begins with the first statement.
  }

  @Override
  public void commit(Connection connection) throws SQLException {
    connection.commit();
  }

  @Override
  public void rollback(Connection connection) throws SQLException {
    connection.rollback();
  }

  @Override
  public <T> T snapshot(Read<T> work) {
    return read(connection -> {
      connection.setAutoCommit(false);
      connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      try {
        return work.from(connection);
      } finally {
        connection.rollback(); // the pool restores the modes
      }
    });
  }

  @Override
  public <T> T read(Read<T> work) {
    try {
      return readTwiceIfLost(work);
    } catch (SQLException e) {
      throw SemperException.wrap(
          ErrorCode.STORE_UNAVAILABLE, "Cannot read the database: " + explain(e).words(), e);
    }
  }

  /// A connection of the pool may have died unnoticed; a read can safely be done again.
  private <T> T readTwiceIfLost(Read<T> work) throws SQLException {
    try (Connection connection = pool().getConnection()) {
      try {
        return work.from(connection);
      } catch (SQLException e) {
        if (!isConnectionLost(e)) {
          throw e;
        }
      }
    }
    try (Connection connection = pool().getConnection()) {
      return work.from(connection);
    }
  }

  private synchronized HikariDataSource pool() throws SQLException {
    if (closed) {
      throw new SQLException("the database was closed");
    }
    if (pool == null) {
      pool = new HikariDataSource(poolConfig());
    }
    return pool;
  }

  private HikariConfig poolConfig() {
    HikariConfig config = new HikariConfig();
    config.setPoolName("semper-readers");
    config.setJdbcUrl(url);
    config.setDriverClassName("org.postgresql.Driver");
    config.setDataSourceProperties(properties());
    config.setMaximumPoolSize(READERS);
    config.setMinimumIdle(1);
    config.setReadOnly(true);
    config.setConnectionTimeout(POOL_WAIT_MILLIS);
    config.setInitializationFailTimeout(-1); // a database that is away is told by the first read
    return config;
  }

  @Override
  public Failure explain(SQLException e) {
    String state = e.getSQLState() == null ? "" : e.getSQLState();
    if (state.equals("23505")) {
      return new Failure(Fault.DUPLICATE, message(e));
    }
    if (state.startsWith("22") || state.startsWith("23") || state.startsWith("54")) {
      return new Failure(Fault.BAD_DATA, message(e));
    }
    return new Failure(Fault.OUTAGE, outage(state, e));
  }

  /// Codes: PostgreSQL's manual, appendix A.
  private String outage(String state, SQLException e) {
    String what =
        switch (state) {
          case "57P01", "57P02" -> " is shutting down: start it again";
          case "57P03" -> " is starting up or recovering: wait";
          case "25006" -> " is read-only (a standby?): connect to the primary";
          case "53100" -> "'s disk is full: free some space";
          case "53300" -> " has no connection left: raise max_connections";
          case "28000", "28P01" -> " refuses the user or the password: correct them";
          case "3D000" -> " has no such database: create it";
          case "42501" -> " denies this user a right: grant it";
          case "55P03" -> " keeps rows locked: end the other session";
          default -> isConnectionLost(e) ? " cannot be reached: check it and the network" : "";
        };
    return name() + what + " (" + message(e) + ")";
  }

  private static String message(SQLException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  private static boolean isConnectionLost(SQLException e) {
    String state = e.getSQLState();
    return state != null && (state.startsWith("08") || state.startsWith("57P"));
  }

  @Override
  public Optional<String> lost() {
    return Optional.empty();
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (pool != null) {
      pool.close();
    }
  }
}
