package dev.semper.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Server-sent events across `kill -9`, and with readers that do not read.
@Timeout(120)
final class EventStreamTest {
  private static final String RESTLESS =
      """
      [workloads.restless]
      kind = "process"
      command = ["sleep", "0.05"]
      start_seconds = "0s"
      restart = { policy = "always", delay = "0s", max_attempts = 0 }
      """;

  /// Reads ids until the connection breaks.
  private static final class Reader implements AutoCloseable {
    private final Socket socket = new Socket();
    private final List<Long> ids;
    private final Thread thread;

    Reader(URI server, String token, List<Long> ids) throws IOException {
      this.ids = ids;
      socket.connect(new InetSocketAddress(server.getHost(), server.getPort()), 5000);
      String last = ids.isEmpty() ? "0" : String.valueOf(ids.getLast());
      socket
          .getOutputStream()
          .write(
              ("GET /api/v1/events/stream?tenant=* HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
                      + token
                      + "\r\nLast-Event-ID: "
                      + last
                      + "\r\n\r\n")
                  .getBytes(StandardCharsets.UTF_8));
      thread = Thread.ofVirtual().start(this::run);
    }

    private void run() {
      try (BufferedReader in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
        Long id = null;
        for (String line = in.readLine(); line != null; line = in.readLine()) {
          if (line.startsWith("id: ")) {
            id = Long.valueOf(line.substring(4));
          } else if (line.isEmpty() && id != null) {
            ids.add(id); // an event counts once it is whole
            id = null;
          }
        }
      } catch (IOException e) {
        // broken, as it was meant to be
      }
    }

    void awaitEnd() throws InterruptedException {
      thread.join();
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  @Test
  void resumingAfterTheServerWasKilledLosesAndRepeatsNothing() throws Exception {
    try (Lab lab = Lab.open()) {
      List<Long> ids = new CopyOnWriteArrayList<>();
      lab.client().apply(dev.semper.api.ApplyRequest.of(RESTLESS, "toml"));
      for (int i = 0; i < 3; i++) {
        try (Reader reader = new Reader(lab.server().url(), lab.server().token(), ids)) {
          int seen = ids.size();
          Awaitility.await("events come").atMost(Lab.PATIENCE).until(() -> ids.size() > seen + 30);
          lab.server().kill9();
          reader.awaitEnd();
        }
        lab.server().start();
      }
      long last = lab.lastEvent();
      try (Reader _ = new Reader(lab.server().url(), lab.server().token(), ids)) {
        Awaitility.await().atMost(Lab.PATIENCE).until(() -> ids.getLast() >= last);
      }
      List<Long> seen = new ArrayList<>(ids);
      assertThat(seen).isEqualTo(LongStream.rangeClosed(1, seen.size()).boxed().toList());
      System.out.println(seen.size() + " events over 3 kills, none lost or repeated");
    }
  }

  @Test
  void readersWhoDoNotReadSlowNobodyDown() throws Exception {
    try (Lab lab = Lab.open()) {
      List<Socket> stuck = new ArrayList<>();
      try {
        for (int i = 0; i < 20; i++) {
          Socket socket = new Socket();
          socket.setReceiveBufferSize(1024);
          socket.connect(
              new InetSocketAddress(lab.server().url().getHost(), lab.server().url().getPort()),
              5000);
          socket
              .getOutputStream()
              .write(
                  ("GET /api/v1/events/stream?after=0 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
                          + lab.server().token()
                          + "\r\n\r\n")
                      .getBytes(StandardCharsets.UTF_8));
          stuck.add(socket);
        }
        lab.client().apply(dev.semper.api.ApplyRequest.of(RESTLESS, "toml"));
        long from = lab.lastEvent();
        Awaitility.await("the engine goes on")
            .atMost(Lab.PATIENCE)
            .until(() -> lab.lastEvent() > from + 400);
        long begun = System.nanoTime();
        lab.client().workloads();
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(1));
        assertThat(lab.client().readiness().ready()).isTrue();
        lab.delete("restless");
      } finally {
        for (Socket socket : stuck) {
          socket.close();
        }
      }
    }
  }
}
