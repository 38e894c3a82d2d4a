package dev.semper.engine.store;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A few reading connections to a file, opened when first needed. (HikariCP would cost more time at
/// start than everything else that SQLite does there.)
final class SqliteReaders implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SqliteReaders.class);

  /// Opens a connection.
  @FunctionalInterface
  interface Opener {
    Connection open() throws SQLException;
  }

  private final int size;
  private final Opener opener;
  private final Semaphore permits;
  private final Lock lock = new ReentrantLock();
  private final Deque<Connection> idle = new ArrayDeque<>();
  private boolean closed;

  SqliteReaders(int size, Opener opener) {
    this.size = size;
    this.opener = opener;
    this.permits = new Semaphore(size, true);
  }

  <T> T use(Database.Read<T> work) throws SQLException {
    permits.acquireUninterruptibly();
    try {
      Connection connection = borrow();
      boolean good = false;
      try {
        T result = work.from(connection);
        good = true;
        return result;
      } finally {
        giveBack(connection, good);
      }
    } finally {
      permits.release();
    }
  }

  private Connection borrow() throws SQLException {
    Connection connection = pollIdle();
    return connection != null ? connection : opener.open();
  }

  private @Nullable Connection pollIdle() throws SQLException {
    lock.lock();
    try {
      if (closed) {
        throw new SQLException("the database was closed");
      }
      return idle.pollFirst();
    } finally {
      lock.unlock();
    }
  }

  private void giveBack(Connection connection, boolean good) {
    lock.lock();
    try {
      if (good && !closed) {
        idle.addFirst(connection);
        return;
      }
    } finally {
      lock.unlock();
    }
    closeQuietly(connection);
  }

  /// Waits for readers under way.
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
    } finally {
      lock.unlock();
    }
    permits.acquireUninterruptibly(size);
    idle.forEach(SqliteReaders::closeQuietly);
    idle.clear();
    permits.release(size);
  }

  private static void closeQuietly(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      LOG.debug("A reading connection did not close: {}", e.toString());
    }
  }
}
