package dev.semper.engine.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SqliteStoreTest extends StoreContract {
  @TempDir Path directory;

  private Path file() {
    return directory.resolve("semper.db");
  }

  @Override
  StoreConfig config() {
    return StoreConfig.sqlite(file());
  }

  @Test
  void losesNothingItHasToldWhenKilled() throws Exception {
    survivesKills(20, directory);
  }

  @Test
  void makesEveryCommitDurable() throws Exception {
    open().close();
    try (Database database = Database.of(config())) {
      database.acquire();
      try (Connection connection = database.connect();
          Statement statement = connection.createStatement()) {
        assertThat(pragma(statement, "synchronous")).isEqualTo("2");
        assertThat(pragma(statement, "journal_mode")).isEqualTo("wal");
      }
    }
  }

  private static String pragma(Statement statement, String name) throws SQLException {
    try (ResultSet row = statement.executeQuery("PRAGMA " + name)) {
      row.next();
      return row.getString(1);
    }
  }

  @Test
  void leavesOneFileThatOnlyItsOwnerMayRead() throws Exception {
    try (Store store = open()) {
      store.commit(event("w"));
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
        .isEqualTo("rw-------");
    assertThat(directory.resolve("semper.db-wal")).doesNotExist();
  }

  @Test
  void refusesASecondServerOnTheSameFile() throws Exception {
    try (Store store = open()) {
      assertThatThrownBy(this::open)
          .isInstanceOfSatisfying(
              SemperException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.STORE_UNAVAILABLE))
          .hasMessageContaining(file().toString())
          .hasMessageContaining(
              "another Semper server uses it (process " + ProcessHandle.current().pid());
      assertThat(store.commit(event("w"))).hasSize(1);
      Path link = Files.createSymbolicLink(directory.resolve("link.db"), file());
      assertThatThrownBy(() -> Store.open(StoreConfig.sqlite(link)))
          .hasMessageContaining("another Semper server uses it");
      // The refusals above must not have released the lock of the operating system.
      Process child = startChild(0, directory.resolve("out"));
      assertThat(child.waitFor()).isEqualTo(1);
    }
    open().close();
  }

  @Test
  void refusesAFileThatAnotherProcessUses() throws Exception {
    Path out = directory.resolve("out");
    Process child = startChild(0, out);
    try {
      Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> Files.size(out) > 0);
      assertThatThrownBy(this::open).hasMessageContaining("process " + child.pid());
    } finally {
      child.destroyForcibly().waitFor();
    }
    open().close();
  }

  @Test
  void saysThatTheDirectoryIsMissing() {
    assertThatThrownBy(() -> Store.open(StoreConfig.sqlite(directory.resolve("no/semper.db"))))
        .hasMessageContaining("its directory does not exist: create " + directory.resolve("no"));
  }

  @Test
  void saysThatTheFileIsNoDatabase() throws IOException {
    Files.writeString(file(), "This is a text, and long enough to have a header.".repeat(100));

    assertThatThrownBy(this::open).hasMessageContaining("is not a SQLite database");
    assertThat(Files.readString(file())).startsWith("This is a text");
  }

  @Test
  void refusesUrlsThatNameNoFile() {
    for (String url : List.of("jdbc:sqlite:", "jdbc:sqlite::memory:", "jdbc:mysql://x", "x")) {
      assertCode(ErrorCode.INVALID_REQUEST, () -> Store.open(new StoreConfig(url, null, null, 90)));
    }
  }

  @Test
  void saysThatAnotherProgramLocksTheFile() throws Exception {
    try (Store store = open();
        Connection other = DriverManager.getConnection(config().url());
        Statement statement = other.createStatement()) {
      statement.execute("BEGIN IMMEDIATE");
      assertThatThrownBy(() -> store.commit(event("late"), Duration.ofMillis(500)))
          .isInstanceOfSatisfying(
              SemperException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.STORE_UNAVAILABLE))
          .hasMessageContaining("another program keeps " + file() + " locked");
      statement.execute("ROLLBACK");

      assertThat(store.commit(event("w")).getFirst().seq()).isEqualTo(1);
    }
  }

  @Test
  void noticesThatTheFileHasGoneAndGoesOnWhenItIsBack() throws Exception {
    try (Store store = open()) {
      store.commit(event("w1"));
      Path away = directory.resolve("away.db");
      Files.move(file(), away);
      Awaitility.await().atMost(Duration.ofSeconds(15)).until(() -> store.trouble().isPresent());
      assertThat(store.trouble()).get().asString().contains("has gone while it was in use");
      assertCode(
          ErrorCode.STORE_UNAVAILABLE, () -> store.commit(event("late"), Duration.ofMillis(100)));
      Files.move(away, file());

      assertThat(store.commit(event("w2")).getFirst().seq()).isEqualTo(2);
    }
    try (Store store = open()) {
      assertThat(store.events().read(EventFilter.ALL, 10))
          .extracting(Event::workload)
          .containsExactly("w1", "w2");
    }
  }

  @Test
  void losesNothingWhenTheDiskIsFull() throws Exception {
    assumeTrue(mount(directory, "size=4m"), "needs the right to mount a tmpfs");
    try (Store store = open();
        ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      Path filler = directory.resolve("filler");
      List<String> written = new ArrayList<>();
      store.commit(big(0));
      written.add("w0");
      Files.write(filler, new byte[2_000_000]);
      SemperException refusal = null;
      for (int n = 1; refusal == null && n < 10_000; n++) {
        try {
          store.commit(big(n), Duration.ofSeconds(3));
          written.add("w" + n);
        } catch (SemperException e) {
          refusal = e;
        }
      }

      assertThat(refusal)
          .isInstanceOfSatisfying(
              SemperException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.STORE_UNAVAILABLE))
          .hasMessageContaining("the disk that holds " + file() + " is full (")
          .hasMessageContaining("bytes free)");
      assertThat(store.workloads()).hasSize(written.size());
      Future<List<Event>> patient = pool.submit(() -> store.commit(big(20_000)));
      assertThatThrownBy(() -> store.commit(big(20_001), Duration.ofMillis(300)))
          .hasMessageContaining("is full");
      assertThat(patient.isDone()).isFalse();
      Files.delete(filler);

      assertThat(patient.get(30, TimeUnit.SECONDS)).hasSize(1);
      written.add("w20000");
      Awaitility.await().until(() -> store.trouble().isEmpty());
      assertThat(store.events().read(EventFilter.ALL, 20_000))
          .extracting(Event::workload)
          .isEqualTo(written);
    } finally {
      unmount(directory);
    }
  }

  private static Batch big(int n) {
    return event("w" + n).put(new Row.Workload("default", "w" + n, "x".repeat(20_000)));
  }

  @Test
  void saysThatTheFileSystemIsReadOnly() throws Exception {
    assumeTrue(mount(directory, "size=4m"), "needs the right to mount a tmpfs");
    try {
      open().close();
      run("mount", "-o", "remount,ro", directory.toString());
      assertThatThrownBy(this::open)
          .isInstanceOfSatisfying(
              SemperException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.STORE_UNAVAILABLE))
          .hasMessageContaining(directory + " cannot be written")
          .hasMessageContaining("Read-only file system");
    } finally {
      unmount(directory);
    }
  }

  @Test
  void saysThatTheFileIsReadOnly() throws Exception {
    open().close();
    assumeTrue(run("chattr", "+i", file().toString()), "needs the right to make files immutable");
    try {
      assertThatThrownBy(this::open)
          .isInstanceOfSatisfying(
              SemperException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.STORE_UNAVAILABLE))
          .hasMessageContaining("read-only");
    } finally {
      run("chattr", "-i", file().toString());
    }
  }

  private static boolean mount(Path directory, String options) throws Exception {
    return run("mount", "-t", "tmpfs", "-o", options, "semper-test", directory.toString());
  }

  private static void unmount(Path directory) throws Exception {
    assertThat(run("umount", directory.toString())).isTrue();
  }

  private static boolean run(String... command) throws IOException, InterruptedException {
    try {
      return new ProcessBuilder(command).inheritIO().start().waitFor() == 0;
    } catch (IOException e) {
      return false; // no such program on this system
    }
  }
}
