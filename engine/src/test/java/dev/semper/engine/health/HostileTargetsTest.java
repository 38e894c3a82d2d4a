package dev.semper.engine.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.semper.engine.spec.HttpExpectation;
import dev.semper.engine.spec.ProbeSpec;
import dev.semper.engine.spec.TlsSpec;
import dev.semper.engine.workload.Instance.Health;
import dev.semper.engine.workload.Prober.Watch;
import dev.semper.spi.ProbeMethod;
import dev.semper.spi.ProbeOutcome;
import dev.semper.spi.ProbeTarget;
import dev.semper.spi.SettingProblem;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Targets that hang, drip, reset, redirect for ever and answer without end, all probed at once for
/// some seconds: good ones are not disturbed, no probe overlaps itself, nothing leaks.
class HostileTargetsTest {
  private static final Duration PERIOD = Duration.ofMillis(100);
  private static final Duration TIMEOUT = Duration.ofMillis(400);
  private static final byte[] HEAD =
      "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  private final Queue<AutoCloseable> open = new ConcurrentLinkedQueue<>();
  private final CountDownLatch end = new CountDownLatch(1);
  private final AtomicInteger overlaps = new AtomicInteger();
  private final AtomicLong sent = new AtomicLong();
  private final Sleeper sleeper = new Sleeper();
  private final Probes probes =
      new Probes(
          (_, _, _) -> {
            throw new IllegalStateException("no commands here");
          },
          () -> Map.of("sleeper", sleeper),
          (_, _) -> {},
          InstantSource.system(),
          new Random(1));

  /// A method that never answers by itself.
  private final class Sleeper implements ProbeMethod {
    private final Map<String, Integer> running = new ConcurrentHashMap<>();
    private final AtomicInteger calls = new AtomicInteger();

    @Override
    public String name() {
      return "sleeper";
    }

    @Override
    public List<String> settingNames() {
      return List.of();
    }

    @Override
    public List<SettingProblem> validate(Map<String, Object> settings) {
      return List.of();
    }

    @Override
    public ProbeOutcome check(ProbeTarget target) throws InterruptedException {
      calls.incrementAndGet();
      if (running.merge(target.instance(), 1, Integer::sum) > 1) {
        overlaps.incrementAndGet();
      }
      try {
        end.await();
        return ProbeOutcome.PASSED;
      } finally {
        running.merge(target.instance(), -1, Integer::sum);
      }
    }
  }

  @AfterEach
  void close() throws Exception {
    end.countDown();
    probes.close();
    for (AutoCloseable each : open) {
      each.close();
    }
  }

  @Test
  void nothingIsDisturbedAndNothingLeaks() throws Exception {
    HttpExpectation any = HttpExpectation.NONE;
    HttpExpectation body = new HttpExpectation(List.of(), "never there", "nor (this)+$", Map.of());
    HttpExpectation json = new HttpExpectation(List.of(), null, null, Map.of("/status", "UP"));
    int hanging = target(socket -> end.await());
    int dripping = target(this::drip);
    int resetting =
        target(socket -> {
          socket.setSoLinger(true, 0);
          socket.close();
        });
    int huge = target(this::flood);
    int redirecting =
        target(socket -> answer(socket, "302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"));
    int good =
        target(socket -> answer(socket, "200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"UP\"}"));
    int n = 0;
    for (int port : List.of(hanging, dripping, resetting, huge, redirecting)) {
      for (HttpExpectation expected : List.of(any, body, json)) {
        watch("bad" + n++, port, http("127.0.0.1", expected));
      }
    }
    for (int i = 0; i < 10; i++) {
      watch("asleep" + i, 0, new ProbeSpec.Provided("sleeper", Map.of()));
    }
    watch("nowhere", 1, http("no-such-host.invalid", any));
    watch("good-json", good, http("127.0.0.1", json));
    watch("good", good, http("127.0.0.1", any));
    await().atMost(Duration.ofSeconds(20)).until(() -> sleeper.calls.get() >= 30);
    int files = files();
    long threads = threads();

    int calls = sleeper.calls.get();
    await().atMost(Duration.ofSeconds(20)).until(() -> sleeper.calls.get() >= calls + 100);

    assertThat(overlaps).as("no probe overlaps itself").hasValue(0);
    assertThat(files()).as("open files").isLessThan(files + 40);
    assertThat(threads()).as("threads").isLessThan(threads + 10);
    assertThat(probes.recent("good").getFirst().passed()).isTrue();
    assertThat(probes.recent("good-json").getFirst().passed()).isTrue();
    assertThat(message("bad0")).isEqualTo("No answer within 400 ms");
    assertThat(message("bad1")).isEqualTo("No answer within 400 ms");
    assertThat(message("bad3")).isEqualTo("No answer within 400 ms");
    assertThat(message("bad6")).containsIgnoringCase("reset");
    assertThat(message("bad9")).as("only its beginning is read").isEqualTo("ok");
    assertThat(message("bad10")).contains("without \"never there\"");
    assertThat(message("bad11")).contains("more than 64 KiB");
    assertThat(message("bad12")).as("a redirect is an answer").isEqualTo("ok");
    assertThat(message("nowhere")).contains("no host is called no-such-host.invalid");
    assertThat(message("asleep0")).isEqualTo("No answer within 400 ms");
    probes.close();
    await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> sleeper.running.values().stream().allMatch(r -> r == 0));
  }

  private String message(String incarnation) {
    return probes.recent(incarnation).getFirst().message();
  }

  private static int files() {
    String[] files = new File("/proc/self/fd").list();
    return files == null ? 0 : files.length;
  }

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("semper-"))
        .count();
  }

  private void watch(String incarnation, int port, ProbeSpec.Method method) {
    ProbeSpec spec =
        new ProbeSpec("p", ProbeSpec.Type.READINESS, method, Duration.ZERO, PERIOD, TIMEOUT, 2, 1);
    probes.watch(
        new Watch(
            "t",
            "w",
            incarnation,
            "process",
            incarnation,
            port,
            List.of(spec),
            Health.NEW,
            _ -> {}));
  }

  private static ProbeSpec.Http http(String host, HttpExpectation expected) {
    return new ProbeSpec.Http("http", host, 0, "GET", "/", Map.of(), null, expected, TlsSpec.ANY);
  }

  private void drip(Socket socket) throws Exception {
    OutputStream out = socket.getOutputStream();
    out.write("HTTP/1.1 200 OK\r\nX: ".getBytes(StandardCharsets.US_ASCII));
    while (!end.await(20, java.util.concurrent.TimeUnit.MILLISECONDS)) {
      out.write('x');
    }
  }

  private void flood(Socket socket) throws Exception {
    socket.getInputStream().read();
    OutputStream out = socket.getOutputStream();
    out.write(HEAD);
    byte[] part = new byte[1 << 16];
    for (long left = 1L << 30; left > 0; left -= part.length) {
      out.write(part);
      sent.addAndGet(part.length);
    }
  }

  private static void answer(Socket socket, String rest) throws IOException {
    byte[] request = new byte[4096];
    int length = 0;
    while (!new String(request, 0, length, StandardCharsets.US_ASCII).contains("\r\n\r\n")) {
      int n = socket.getInputStream().read(request, length, request.length - length);
      if (n < 0) {
        return;
      }
      length += n;
    }
    socket.getOutputStream().write(("HTTP/1.1 " + rest).getBytes(StandardCharsets.US_ASCII));
  }

  private interface Talk {
    void with(Socket socket) throws Exception;
  }

  private int target(Talk talk) throws IOException {
    ServerSocket server = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
    open.add(server);
    Thread.ofVirtual()
        .start(() -> {
          while (!server.isClosed()) {
            try {
              Socket socket = server.accept();
              Thread.ofVirtual().start(() -> talk(socket, talk));
            } catch (IOException _) {
              return;
            }
          }
        });
    return server.getLocalPort();
  }

  /// Ends the connection when the prober has hung up, so that only its own leaks are counted.
  private static void talk(Socket socket, Talk talk) {
    try (socket) {
      Thread talking = Thread.currentThread();
      Thread.ofVirtual()
          .start(() -> {
            try {
              while (socket.getInputStream().read() >= 0) {}
            } catch (IOException _) {
              // It is gone, which was waited for.
            }
            talking.interrupt();
          });
      talk.with(socket);
    } catch (Exception _) {
      // The prober hung up, as it may.
    }
  }
}
