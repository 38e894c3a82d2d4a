package dev.semper.probe.sql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.spi.ProbeOutcome;
import dev.semper.spi.ProbeTarget;
import dev.semper.spi.SettingProblem;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Against a real PostgreSQL.
class SqlProbeTest {
  private static EmbeddedPostgres postgres;

  private final SqlProbe probe = new SqlProbe();

  @BeforeAll
  static void start() throws IOException {
    postgres =
        EmbeddedPostgres.builder()
            .setServerConfig("listen_addresses", "127.0.0.1")
            .setServerConfig("fsync", "off")
            .start();
  }

  @AfterAll
  static void stop() throws IOException {
    postgres.close();
  }

  @Test
  void passesWhenTheDatabaseAnswers() throws Exception {
    assertThat(check(Map.of())).isEqualTo(ProbeOutcome.PASSED);
  }

  @Test
  void comparesTheFirstValue() throws Exception {
    assertThat(check(Map.of("query", "SELECT 'a'", "expected", "a")))
        .isEqualTo(ProbeOutcome.PASSED);
    assertThat(message(check(Map.of("query", "SELECT 'b'", "expected", "a"))))
        .isEqualTo("SELECT 'b' gives b, expected a");
    assertThat(message(check(Map.of("query", "SELECT 1 WHERE false", "expected", "1"))))
        .isEqualTo("SELECT 1 WHERE false gives nothing, expected 1");
    assertThat(check(Map.of("query", "SELECT 5", "min", 5L, "max", 5.0)))
        .isEqualTo(ProbeOutcome.PASSED);
    assertThat(message(check(Map.of("query", "SELECT 4", "min", 5L)))).contains("at least 5");
    assertThat(message(check(Map.of("query", "SELECT 'x'", "max", 5L)))).contains("at most 5");
  }

  @Test
  void asksForTheStateOfThePool() throws Exception {
    String taken =
        "SELECT count(*) * 100 / current_setting('max_connections')::int FROM pg_stat_activity";

    assertThat(check(Map.of("query", taken, "max", 90L))).isEqualTo(ProbeOutcome.PASSED);
    assertThat(message(check(Map.of("query", taken, "max", 0L)))).contains("at most 0");
  }

  @Test
  void saysWhyItFailed(@TempDir Path dir) throws Exception {
    assertThat(message(check(Map.of("query", "SELECT nothing")))).contains("does not exist");
    assertThat(message(check(Map.of("user", "nobody")))).contains("nobody");
    Map<String, Object> elsewhere = new HashMap<>(Map.of("url", "jdbc:postgresql://127.0.0.1:1/x"));
    assertThat(message(check(elsewhere))).contains("refused");
    assertThat(check(Map.of("url", "jdbc:nosuch:x"))).isInstanceOf(ProbeOutcome.Errored.class);
    assertThat(check(Map.of("password_file", dir.resolve("none").toString())))
        .isInstanceOf(ProbeOutcome.Errored.class);
    Path password = Files.writeString(dir.resolve("password"), "secret\n");
    assertThat(check(Map.of("password_file", password.toString()))).isEqualTo(ProbeOutcome.PASSED);
  }

  @Test
  void leavesNoQueryBehind() throws Exception {
    Map<String, Object> slow = Map.of("query", "SELECT pg_sleep(600)");

    assertThat(message(check(slow, Duration.ofMillis(300)))).contains("statement timeout");

    try (Connection connection = postgres.getPostgresDatabase().getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND"
                    + " state = 'active'")) {
      assertThat(rows.next()).isTrue();
      assertThat(rows.getInt(1)).isZero();
    }
  }

  @Test
  void anInterruptEndsACheckThatHangs() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    AtomicReference<Object> result = new AtomicReference<>();
    try (ServerSocket mute = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual()
          .start(() -> {
            try (Socket socket = mute.accept()) {
              socket.getInputStream().read();
              asked.countDown();
              socket.getInputStream().readAllBytes();
            } catch (IOException _) {
              // The probe hung up, as it should.
            }
          });
      String url = "jdbc:postgresql://127.0.0.1:" + mute.getLocalPort() + "/x";
      Thread checking =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  result.set(check(Map.of("url", url)));
                } catch (InterruptedException e) {
                  result.set(e);
                }
              });
      assertThat(asked.await(20, TimeUnit.SECONDS)).isTrue();

      checking.interrupt();

      assertThat(checking.join(Duration.ofSeconds(10))).isTrue();
      assertThat(result.get()).isInstanceOf(InterruptedException.class);
    }
  }

  @Test
  void namesEveryFaultOfItsSettings() {
    assertThat(
            probe.validate(
                Map.of(
                    "url", "postgresql://x",
                    "user", 1L,
                    "query", " ",
                    "password_file", "p",
                    "min", "1")))
        .extracting(SettingProblem::path)
        .containsExactlyInAnyOrder("url", "user", "query", "password_file", "min");
    assertThat(probe.validate(Map.of("url", "jdbc:postgresql://h/d?user=a&password=b")))
        .extracting(SettingProblem::message)
        .containsExactly("must not hold a password: put it into a password_file");
    assertThat(probe.validate(Map.of("url", "jdbc:postgresql://h/d?user=a", "max", 1L))).isEmpty();
  }

  private ProbeOutcome check(Map<String, Object> settings) throws InterruptedException {
    return check(settings, Duration.ofSeconds(20));
  }

  private ProbeOutcome check(Map<String, Object> settings, Duration timeout)
      throws InterruptedException {
    Map<String, Object> all =
        new HashMap<>(
            Map.of(
                "url",
                postgres.getJdbcUrl("postgres", "postgres").replaceAll("\\?.*", ""),
                "user",
                "postgres"));
    all.putAll(settings);
    assertThat(probe.validate(all)).isEmpty();
    return probe.check(new ProbeTarget("t", "db", "db-0", 0, all, timeout));
  }

  private static String message(ProbeOutcome outcome) {
    return outcome instanceof ProbeOutcome.Failed(String message) ? message : outcome.toString();
  }
}
