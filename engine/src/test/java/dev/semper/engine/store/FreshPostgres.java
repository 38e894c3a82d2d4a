package dev.semper.engine.store;

import java.io.IOException;
import java.sql.SQLException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/// A [PostgresServer] for the tests of a class, and an empty database on it for each of them.
public final class FreshPostgres
    implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback {
  private @Nullable PostgresServer server;
  private @Nullable StoreConfig config;

  /// The database of the test that runs.
  public StoreConfig config() {
    return Objects.requireNonNull(config, "no test runs");
  }

  private PostgresServer server() {
    return Objects.requireNonNull(server, "no test runs");
  }

  @Override
  public void beforeAll(ExtensionContext context) throws IOException, InterruptedException {
    server = PostgresServer.start();
  }

  @Override
  public void beforeEach(ExtensionContext context) throws SQLException {
    config = server().newDatabase();
  }

  @Override
  public void afterEach(ExtensionContext context) throws SQLException {
    server().drop(config());
  }

  @Override
  public void afterAll(ExtensionContext context) {
    server().close();
  }
}
