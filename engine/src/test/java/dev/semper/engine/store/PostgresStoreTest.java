package dev.semper.engine.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PostgresStoreTest extends StoreContract {
  private static PostgresServer server;
  private StoreConfig config;

  @BeforeAll
  static void startServer() throws IOException, InterruptedException {
    server = PostgresServer.start();
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @BeforeEach
  void makeDatabase() throws SQLException {
    config = server.newDatabase();
  }

  @AfterEach
  void dropDatabase() throws SQLException {
    server.drop(config);
  }

  @Override
  StoreConfig config() {
    return config;
  }

  @Test
  void losesNothingItHasToldWhenKilled(@TempDir Path directory) throws Exception {
    survivesKills(5, directory);
  }

  @Test
  void letsTheNewerOfTwoLiveServersWrite() throws Exception {
    try (Store older = open()) {
      older.commit(event("old"));
      try (Store newer = open()) {
        assertCode(ErrorCode.FENCED, () -> older.commit(event("late")));
        assertThat(newer.commit(event("new")).getFirst().seq()).isEqualTo(2);
        assertCode(ErrorCode.FENCED, () -> older.commit(event("later")));
        assertThat(newer.events().read(EventFilter.ALL, 10))
            .extracting(Event::workload)
            .containsExactly("old", "new");
      }
    }
  }

  @Test
  void livesThroughTenSecondsWithoutItsDatabase() throws Exception {
    Set<String> done = Collections.synchronizedSet(new HashSet<>());
    AtomicBoolean enough = new AtomicBoolean();
    try (Store store = open();
        ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> callers = new ArrayList<>();
      for (int c = 0; c < 8; c++) {
        int caller = c;
        callers.add(
            pool.submit(() -> {
              for (int n = 0; !enough.get(); n++) {
                store.commit(event(new Batch(), caller + "-" + n, "x").audit(audit(n)));
                done.add(caller + "-" + n);
              }
              return null;
            }));
      }
      Awaitility.await().until(() -> done.size() > 200);
      sql("CHECKPOINT"); // else the recovery replays all the databases of the tests before
      server.kill();
      long killed = System.nanoTime();
      Awaitility.await().until(() -> store.trouble().isPresent());
      assertThat(store.trouble()).get().asString().contains("postgresql://127.0.0.1:");
      assertThatThrownBy(() -> store.commit(event("impatient"), Duration.ofSeconds(1)))
          .isInstanceOfSatisfying(
              SemperException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.STORE_UNAVAILABLE))
          .hasMessageContaining("cannot be reached");
      assertCode(ErrorCode.STORE_UNAVAILABLE, store::workloads);
      int before = done.size();
      Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> System.nanoTime() - killed > TimeUnit.SECONDS.toNanos(10));
      assertThat(done).hasSize(before);
      server.resume();
      Awaitility.await().until(() -> done.size() > before + 200);
      enough.set(true);
      for (Future<?> caller : callers) {
        caller.get();
      }
      assertThat(store.trouble()).isEmpty();

      List<Event> events = store.events().read(EventFilter.ALL, Integer.MAX_VALUE);
      assertThat(events).extracting(Event::workload).containsExactlyInAnyOrderElementsOf(done);
      assertThat(events)
          .extracting(Event::seq)
          .isEqualTo(LongStream.rangeClosed(1, done.size()).boxed().toList());
      assertThat(store.audit().verify().broken()).isEmpty();
    }
    try (Store store = open()) {
      assertThat(store.events().read(EventFilter.ALL, Integer.MAX_VALUE))
          .extracting(Event::workload)
          .containsExactlyInAnyOrderElementsOf(done);
    }
  }

  @Test
  void saysThatTheServerCannotBeReachedWithoutGivingThePasswordAway() {
    assertThatThrownBy(() ->
            Store.open(
                new StoreConfig(
                    "jdbc:postgresql://127.0.0.1:1/semper?password=geheim", "u", "geheim", 90)))
        .isInstanceOfSatisfying(
            SemperException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORE_UNAVAILABLE))
        .hasMessageContaining("postgresql://127.0.0.1:1/semper cannot be reached")
        .hasMessageNotContaining("geheim");
  }

  @Test
  void saysThatTheDatabaseDoesNotExist() {
    String url = config.url().replaceAll("/[^/]*$", "/nowhere");
    assertThatThrownBy(() -> Store.open(new StoreConfig(url, "postgres", null, 90)))
        .hasMessageContaining("has no such database: create it");
  }
}
