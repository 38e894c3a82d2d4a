package dev.semper.engine.store;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.jspecify.annotations.Nullable;
import org.sqlite.JDBC;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;
import org.sqlite.SQLiteOpenMode;

/// One file in WAL mode. A commit is durable when it returns (`synchronous = FULL`).
final class SqliteDatabase implements Database {
  static final String PREFIX = "jdbc:sqlite:";
  private static final int READERS = 4;

  /// The writer tries again by itself: it must not be stuck for long while callers lose patience.
  private static final int WRITER_BUSY_MILLIS = 250;

  private static final int READER_BUSY_MILLIS = 5_000;

  private final Path file;
  private final SqliteReaders readers;
  private @Nullable FileLease lease;
  private volatile @Nullable Object fileKey;

  private SqliteDatabase(Path file) {
    this.file = file;
    this.readers = new SqliteReaders(READERS, this::connectReader);
  }

  static SqliteDatabase of(String url) {
    String path = url.substring(PREFIX.length());
    if (path.isEmpty() || path.startsWith(":") || path.startsWith("file:") || path.contains("?")) {
      throw new SemperException(
          ErrorCode.INVALID_REQUEST,
          "Cannot open the database " + url + ": write " + PREFIX + "/path/of/a/file");
    }
    return new SqliteDatabase(Path.of(path).toAbsolutePath().normalize());
  }

  @Override
  public String name() {
    return file.toString();
  }

  @Override
  public String dialect() {
    return "sqlite";
  }

  @Override
  public void acquire() {
    Path directory = file.getParent();
    if (directory == null || !Files.isDirectory(directory)) {
      throw refused("its directory does not exist: create " + directory);
    }
    if (Files.isDirectory(file)) {
      throw refused("it is a directory");
    }
    try {
      lease = FileLease.take(file);
      createPrivately();
      fileKey = key();
    } catch (IOException e) {
      throw SemperException.wrap(
          ErrorCode.STORE_UNAVAILABLE,
          "Cannot open the database " + file + ": " + directory + " cannot be written (" + e + ")",
          e);
    }
    if (!Files.isWritable(file)) {
      throw refused("it is read-only for this user: make the file writable");
    }
  }

  private SemperException refused(String why) {
    return new SemperException(
        ErrorCode.STORE_UNAVAILABLE, "Cannot open the database " + file + ": " + why);
  }

  /// The database holds hashes of tokens; SQLite gives its other files the same permissions.
  private void createPrivately() throws IOException {
    if (Files.exists(file)) {
      return;
    }
    if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    } else {
      Files.createFile(file);
    }
  }

  @Override
  public Connection connect() throws SQLException {
    Optional<String> lost = lost();
    if (lost.isPresent()) {
      throw new SQLException(lost.get());
    }
    return JDBC.createConnection(PREFIX + file, config(WRITER_BUSY_MILLIS).toProperties());
  }

  private Connection connectReader() throws SQLException {
    Properties properties = config(READER_BUSY_MILLIS).toProperties();
    Connection connection = JDBC.createConnection(PREFIX + file, properties);
    try (Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA query_only = ON");
      return connection;
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  private static SQLiteConfig config(int busyMillis) {
    SQLiteConfig config = new SQLiteConfig();
    config.setJournalMode(SQLiteConfig.JournalMode.WAL);
    config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
    config.setBusyTimeout(busyMillis);
    config.resetOpenMode(SQLiteOpenMode.CREATE); // acquire() has made it; never a second, empty one
    return config;
  }

  @Override
  public void configure(FluentConfiguration flyway) {
    SQLiteDataSource source = new SQLiteDataSource(config(READER_BUSY_MILLIS));
    source.setUrl(PREFIX + file);
    flyway.dataSource(source);
  }

  @Override
  public String countTables() {
    return "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?";
  }

  @Override
  public String forUpdate() {
    return "";
  }

  // The driver's own transactions would begin the next one at once on commit; here the connection
  // stays in auto-commit mode and the three statements are sent as they are.

  @Override
  public void begin(Connection connection) throws SQLException {
    execute(connection, "BEGIN IMMEDIATE");
  }

  @Override
  public void commit(Connection connection) throws SQLException {
    execute(connection, "COMMIT");
  }

  @Override
  public void rollback(Connection connection) throws SQLException {
    execute(connection, "ROLLBACK");
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Override
  public <T> T snapshot(Read<T> work) {
    return read(connection -> {
      execute(connection, "BEGIN");
      try {
        return work.from(connection);
      } finally {
        execute(connection, "ROLLBACK");
      }
    });
  }

  @Override
  public <T> T read(Read<T> work) {
    try {
      return readers.use(work);
    } catch (SQLException e) {
      throw SemperException.wrap(
          ErrorCode.STORE_UNAVAILABLE, "Cannot read the database: " + explain(e).words(), e);
    }
  }

  @Override
  public Failure explain(SQLException e) {
    if (!(e instanceof SQLiteException sqlite)) {
      return new Failure(Fault.OUTAGE, String.valueOf(e.getMessage()));
    }
    SQLiteErrorCode code = sqlite.getResultCode();
    return switch (code) {
      case SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_PRIMARYKEY ->
          new Failure(Fault.DUPLICATE, String.valueOf(e.getMessage()));
      default ->
          isBadData(code)
              ? new Failure(Fault.BAD_DATA, String.valueOf(e.getMessage()))
              : new Failure(Fault.OUTAGE, outage(code, e));
    };
  }

  private static boolean isBadData(SQLiteErrorCode code) {
    return isA(code, "CONSTRAINT")
        || isA(code, "TOOBIG")
        || isA(code, "MISMATCH")
        || isA(code, "RANGE");
  }

  private String outage(SQLiteErrorCode code, SQLException e) {
    if (isA(code, "FULL")) {
      return "the disk that holds %s is full (%s free): free some space, Semper then goes on by itself"
          .formatted(file, free());
    }
    if (isA(code, "IOERR")) {
      return "the disk that holds %s reports an error (%s, %s free): check the disk and its space"
          .formatted(file, code, free());
    }
    if (isA(code, "READONLY")) {
      return "%s is read-only (%s): make the file and its file system writable"
          .formatted(file, code);
    }
    if (isA(code, "BUSY") || isA(code, "LOCKED")) {
      return "another program keeps %s locked: end its transaction".formatted(file);
    }
    if (isA(code, "NOTADB")) {
      return "%s is not a SQLite database: move it away or name another file".formatted(file);
    }
    if (isA(code, "CORRUPT")) {
      return "%s is damaged (%s): restore it from a backup".formatted(file, e.getMessage());
    }
    if (isA(code, "CANTOPEN")) {
      return "%s cannot be opened (%s): check that it exists and may be written"
          .formatted(file, code);
    }
    return "%s: %s".formatted(file, e.getMessage());
  }

  /// Also true for the extended codes, e.g. SQLITE_IOERR_FSYNC.
  private static boolean isA(SQLiteErrorCode code, String name) {
    return code.name().equals("SQLITE_" + name) || code.name().startsWith("SQLITE_" + name + "_");
  }

  private String free() {
    try {
      return String.format(Locale.ROOT, "%,d bytes", Files.getFileStore(file).getUsableSpace());
    } catch (IOException e) {
      return "unknown space";
    }
  }

  /// Without this check a removed file would be written, unseen by anybody, until the end of the
  /// process.
  @Override
  public Optional<String> lost() {
    try {
      Object now = key();
      return now == null || now.equals(fileKey)
          ? Optional.empty()
          : Optional.of(
              file + " was replaced by another file while it was in use: put the old one back");
    } catch (IOException e) {
      return Optional.of(
          file + " has gone while it was in use: put it back or restart on a backup (" + e + ")");
    }
  }

  private @Nullable Object key() throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
  }

  @Override
  public void close() {
    readers.close();
    if (lease != null) {
      lease.close();
    }
  }
}
