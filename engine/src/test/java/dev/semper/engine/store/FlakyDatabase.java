package dev.semper.engine.store;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.flywaydb.core.api.configuration.FluentConfiguration;

/// A real database whose connection for writing fails when told to.
final class FlakyDatabase implements Database {
  /// How a commit goes.
  enum Commit {
    WORKS,
    /// The connection is lost before the database has heard of it.
    LOST_BEFORE,
    /// The database commits, but its answer is lost.
    LOST_AFTER
  }

  private final Database real;
  private final AtomicInteger commits = new AtomicInteger();
  volatile boolean away;
  volatile IntFunction<Commit> plan = n -> Commit.WORKS;

  FlakyDatabase(Database real) {
    this.real = real;
  }

  @Override
  public Connection connect() throws SQLException {
    failIfAway();
    return real.connect();
  }

  @Override
  public void begin(Connection connection) throws SQLException {
    failIfAway();
    real.begin(connection);
  }

  private void failIfAway() throws SQLException {
    if (away) {
      throw new SQLException("it is away", "08001");
    }
  }

  @Override
  public void commit(Connection connection) throws SQLException {
    switch (plan.apply(commits.incrementAndGet())) {
      case WORKS -> real.commit(connection);
      case LOST_BEFORE -> throw new SQLException("lost before", "08006");
      case LOST_AFTER -> {
        real.commit(connection);
        throw new SQLException("lost after", "08006");
      }
    }
  }

  @Override
  public void rollback(Connection connection) throws SQLException {
    real.rollback(connection);
  }

  @Override
  public String name() {
    return real.name();
  }

  @Override
  public String dialect() {
    return real.dialect();
  }

  @Override
  public void acquire() {
    real.acquire();
  }

  @Override
  public void configure(FluentConfiguration flyway) {
    real.configure(flyway);
  }

  @Override
  public String countTables() {
    return real.countTables();
  }

  @Override
  public String forUpdate() {
    return real.forUpdate();
  }

  @Override
  public <T> T snapshot(Read<T> work) {
    return real.snapshot(work);
  }

  @Override
  public <T> T read(Read<T> work) {
    return real.read(work);
  }

  @Override
  public Failure explain(SQLException e) {
    return real.explain(e);
  }

  @Override
  public Optional<String> lost() {
    return real.lost();
  }

  @Override
  public void close() {
    real.close();
  }
}
