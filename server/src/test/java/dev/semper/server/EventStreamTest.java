package dev.semper.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.api.EventGap;
import dev.semper.api.EventInfo;
import dev.semper.api.EventListener;
import dev.semper.api.EventQuery;
import dev.semper.api.SemperClient;
import dev.semper.engine.store.Batch;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventStreamTest {
  @TempDir Path home;

  private static void happen(TestServer server, int times, String data)
      throws InterruptedException {
    for (int i = 0; i < times; i++) {
      Batch batch = new Batch();
      for (int j = 0; j < 100; j++) {
        batch.event(
            Instant.now(), "default", "x", null, "test.happened", Map.of("d", data), null, "test");
      }
      server.server().semper().store().commit(batch);
    }
  }

  @Test
  void letsASlowReaderSlowNobodyAndLosesNothing() throws Exception {
    try (TestServer server = TestServer.start(home);
        Socket slow = new Socket()) {
      slow.setReceiveBufferSize(4096);
      slow.connect(
          new java.net.InetSocketAddress(InetAddress.getLoopbackAddress(), server.server().port()));
      slow.setSoTimeout(30_000);
      String request =
          "GET /api/v1/events/stream?after=0&type=test.* HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n"
              .formatted(server.token());
      slow.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      slow.getOutputStream().flush();

      long began = System.nanoTime();
      happen(server, 50, "x".repeat(2000));
      Duration took = Duration.ofNanos(System.nanoTime() - began);

      assertThat(took).isLessThan(Duration.ofSeconds(15));
      assertThat(server.call("GET", "/api/v1/workloads", null).statusCode()).isEqualTo(200);
      List<Long> seen = new ArrayList<>();
      BufferedReader lines =
          new BufferedReader(new InputStreamReader(slow.getInputStream(), StandardCharsets.UTF_8));
      while (seen.size() < 5000) {
        String line = lines.readLine();
        assertThat(line).isNotNull();
        if (line != null && line.startsWith("id: ")) {
          seen.add(Long.valueOf(line.substring(4)));
        }
      }
      assertThat(seen).isSorted().doesNotHaveDuplicates();
      assertThat(seen.getLast() - seen.getFirst()).isEqualTo(4999);
    }
  }

  @Test
  void goesOnAfterARestartOfTheServerWithoutLossOrRepetition() throws Exception {
    List<Long> seen = new ArrayList<>();
    int port;
    try (TestServer server = TestServer.start(home)) {
      port = server.server().port();
      happen(server, 1, "a");
      try (SemperClient client = server.client()) {
        client.follow(
            new EventQuery("x", null, null, null, 0L),
            event -> {
              seen.add(event.seq());
              return seen.size() < 50;
            });
      }
    }
    assertThat(port).isPositive();
    try (TestServer server = TestServer.start(home);
        SemperClient client = server.client()) {
      happen(server, 1, "b");
      client.follow(
          new EventQuery("x", null, null, null, seen.getLast()),
          event -> {
            seen.add(event.seq());
            return seen.size() < 200;
          });
    }

    assertThat(seen).hasSize(200).isSorted().doesNotHaveDuplicates();
  }

  @Test
  void saysWhichEventsAreNoLongerKept() throws Exception {
    try (TestServer server = TestServer.start(home)) {
      happen(server, 1, "a");
    }
    try (Connection database =
            DriverManager.getConnection("jdbc:sqlite:" + home.resolve("semper.db"));
        Statement statement = database.createStatement()) {
      assertThat(statement.executeUpdate("delete from event where seq <= 40")).isEqualTo(40);
    }
    List<EventGap> gaps = new ArrayList<>();
    List<EventInfo> seen = new ArrayList<>();

    try (TestServer server = TestServer.start(home);
        SemperClient client = server.client()) {
      client
          .withTenant("*")
          .follow(
              EventQuery.ALL.after(10),
              new EventListener() {
                @Override
                public boolean event(EventInfo event) {
                  seen.add(event);
                  return false;
                }

                @Override
                public boolean gap(EventGap gap) {
                  gaps.add(gap);
                  return true;
                }
              });
    }

    assertThat(gaps).containsExactly(new EventGap(10, 41));
    assertThat(seen).singleElement().satisfies(e -> assertThat(e.seq()).isEqualTo(41));
  }
}
