package dev.semper.engine.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.semper.engine.spec.ProbeSpec;
import dev.semper.engine.workload.Instance.Health;
import dev.semper.engine.workload.Prober.Verdict;
import dev.semper.engine.workload.Prober.Watch;
import dev.semper.spi.ExecRequest;
import dev.semper.spi.ExecResult;
import dev.semper.spi.Exit;
import dev.semper.spi.LaunchException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Probes against real servers and processes.
class ProbesTest {
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
  private static final Duration PERIOD = Duration.ofMillis(100);

  private final AtomicReference<CommandRunner> commands =
      new AtomicReference<>(ProbesTest::realCommand);
  private final Probes probes =
      new Probes(
          (kind, incarnation, request) -> commands.get().exec(kind, incarnation, request),
          Map::of,
          (_, _) -> {},
          InstantSource.system(),
          new Random(1));
  private final BlockingQueue<Verdict> verdicts = new LinkedBlockingQueue<>();
  private final ConcurrentLinkedQueue<AutoCloseable> open = new ConcurrentLinkedQueue<>();

  @AfterEach
  void close() throws Exception {
    probes.close();
    for (AutoCloseable each : open) {
      each.close();
    }
  }

  @Test
  void seesAServerTurnBadAndGoodAgain() throws Exception {
    AtomicInteger status = new AtomicInteger(200);
    int port = http(exchange -> answer(exchange, status.get(), "ok"));
    watch("i1", port, readiness(http(port)));
    assertThat(verdict().passed()).isTrue();

    status.set(503);
    assertThat(verdict())
        .isEqualTo(
            new Verdict(
                "i1",
                "p",
                ProbeSpec.Type.READINESS,
                false,
                "HTTP 503 from http://127.0.0.1:" + port + "/healthz, expected 200-399",
                2));

    status.set(200);
    assertThat(verdict().passed()).isTrue();
    assertThat(probes.recent("i1"))
        .singleElement()
        .satisfies(result -> {
          assertThat(result.passed()).isTrue();
          assertThat(result.failures()).isZero();
          assertThat(result.at()).isBetween(Instant.now().minusSeconds(60), Instant.now());
        });
    assertThat(probes.metrics().checks()).isGreaterThanOrEqualTo(4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"http", "https"})
  void sendsWhatAProbeOughtToSend(String scheme, @TempDir Path dir) throws Exception {
    AtomicReference<Map<String, List<String>>> headers = new AtomicReference<>(Map.of());
    AtomicReference<String> asked = new AtomicReference<>("");
    int port =
        server(
            scheme,
            dir,
            exchange -> {
              headers.set(exchange.getRequestHeaders());
              asked.set(exchange.getRequestURI().toString());
              answer(exchange, 200, "all is well");
            });
    watch(
        "i1",
        port,
        readiness(
            new ProbeSpec.Http(
                scheme,
                "127.0.0.1",
                0,
                "/a%20b?x=1",
                Map.of("X-Probe", "yes", "host", "example.org"),
                List.of(),
                "is well")));

    assertThat(verdict().message()).isEqualTo("ok");
    assertThat(asked.get()).isEqualTo("/a%20b?x=1");
    assertThat(headers.get())
        .containsEntry("User-agent", List.of("semper-probe/1"))
        .containsEntry("Connection", List.of("close"))
        .containsEntry("X-probe", List.of("yes"))
        .containsEntry("Host", List.of("example.org"));
  }

  @ParameterizedTest
  @CsvSource({
    "200, '', true",
    "399, '', true",
    "302, '', true",
    "400, '', false",
    "404, '404', true",
    "200, '404', false"
  })
  void judgesTheStatus(int status, String expected, boolean passed) throws Exception {
    AtomicInteger elsewhere = new AtomicInteger();
    int port =
        http(exchange -> {
          if (!exchange.getRequestURI().getPath().equals("/healthz")) {
            elsewhere.incrementAndGet();
          }
          exchange.getResponseHeaders().add("Location", "/elsewhere");
          answer(exchange, status, "");
        });
    List<Integer> list = expected.isEmpty() ? List.of() : List.of(Integer.valueOf(expected));
    watch("i1", port, readiness(http(port, list, null)));

    assertThat(verdict().passed()).isEqualTo(passed);
    assertThat(elsewhere).hasValue(0);
  }

  @Test
  void failsWithoutTheExpectedBody() throws Exception {
    int port = http(exchange -> answer(exchange, 200, "degraded"));
    watch("i1", port, readiness(http(port, List.of(), "healthy")));

    assertThat(verdict().message()).contains("without \"healthy\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"http", "https"})
  void aServerThatHangsFails(String scheme) throws Exception {
    int port = raw(socket -> socket.getInputStream().readAllBytes());
    watch("i1", port, impatient(http(scheme, port)));

    assertThat(verdict().message()).isEqualTo("No answer within 100 ms");
  }

  @Test
  void aServerThatDripsBytesFails() throws Exception {
    int port =
        raw(socket -> {
          InputStream in = socket.getInputStream();
          socket.setSoTimeout(20);
          for (int i = 0; i < 10_000; i++) {
            String drip = i == 0 ? "HTTP/1.1 200 OK\r\nA: " : "b";
            socket.getOutputStream().write(drip.getBytes(StandardCharsets.US_ASCII));
            waitForBytes(in);
          }
        });
    watch("i1", port, impatient(http(port)));

    assertThat(verdict().message()).isEqualTo("No answer within 100 ms");
  }

  @ParameterizedTest
  @ValueSource(strings = {"SSH-2.0-OpenSSH\r\n", "", "HTTP/1.1 200 OK\r\nConte"})
  void aServerThatTalksGarbageFails(String garbage) throws Exception {
    int port =
        raw(socket -> {
          socket.getInputStream().read();
          socket.getOutputStream().write(garbage.getBytes(StandardCharsets.US_ASCII));
          socket.shutdownOutput();
          socket.getInputStream().readAllBytes();
        });
    watch("i1", port, readiness(http(port)));

    assertThat(verdict().message()).startsWith("No HTTP answer from http://127.0.0.1:" + port);
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "localhost", "LOCALHOST"})
  void connectsByTcpUntilTheListenerIsClosed(String host) throws Exception {
    ServerSocket listener = new ServerSocket(0, 50, LOOPBACK);
    open.add(listener);
    int port = listener.getLocalPort();
    watch("i1", port, readiness(new ProbeSpec.Tcp(host, 0)));
    assertThat(verdict().passed()).isTrue();

    listener.close();

    assertThat(verdict().message())
        .isEqualTo("No connection to " + host + ":" + port + ": connection refused");
  }

  @Test
  void runsACommandBesideTheInstance(@TempDir Path dir) throws Exception {
    Path flag = Files.createFile(dir.resolve("healthy"));
    watch(
        "i1",
        0,
        readiness(
            new ProbeSpec.Command(
                List.of("sh", "-c", "test -e " + flag + " || { echo flag is gone; exit 3; }"))));
    assertThat(verdict().passed()).isTrue();

    Files.delete(flag);

    assertThat(verdict().message()).isEqualTo("sh ended with code 3: flag is gone");
  }

  @Test
  void cutsTheOutputOfACommand() throws Exception {
    commands.set((_, _, _) -> new ExecResult(Exit.code(Instant.EPOCH, 1), "x".repeat(4096), false));
    watch("i1", 0, readiness(new ProbeSpec.Command(List.of("check"))));

    assertThat(verdict().message()).isEqualTo("check ended with code 1: " + "x".repeat(200));
  }

  @Test
  void aCommandThatTakesTooLongFails() throws Exception {
    watch("i1", 0, impatient(new ProbeSpec.Command(List.of("sleep", "60"))));

    assertThat(verdict().message()).contains("within 100 ms");
  }

  @Test
  void aMissingCommandFailsAndAFullHostDoesNot() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    commands.set((_, _, _) -> {
      throw new LaunchException("out of processes", calls.incrementAndGet() < 5);
    });
    watch("i1", 0, readiness(new ProbeSpec.Command(List.of("check"))));

    assertThat(verdict().message()).isEqualTo("Could not run check: out of processes");
    assertThat(probes.metrics().errors()).isEqualTo(4);
  }

  @Test
  void aThrowingCommandChangesNothing() {
    AtomicInteger calls = new AtomicInteger();
    commands.set((_, _, _) -> {
      calls.incrementAndGet();
      throw new IllegalStateException("boom");
    });
    watch("i1", 0, liveness(new ProbeSpec.Command(List.of("check"))));

    await().until(() -> calls.get() > 5);
    assertThat(verdicts).isEmpty();
    assertThat(probes.recent("i1").getFirst().kind()).isEqualTo(ProbeResult.Kind.ERROR);
  }

  @Test
  void aProbeWithoutAPortChangesNothing() {
    watch("i1", 0, liveness(new ProbeSpec.Tcp("127.0.0.1", 0)));

    await().until(() -> probes.metrics().errors() > 3);
    assertThat(verdicts).isEmpty();
    assertThat(probes.recent("i1").getFirst().message()).contains("no port");
  }

  @Test
  void aHundredHangingProbesDoNotDelayAnother() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    open.add(release::countDown);
    int hanging = raw(_ -> release.await());
    int good = http(exchange -> answer(exchange, 200, ""));
    for (int i = 0; i < 100; i++) {
      watch("h" + i, hanging, slow(http(i % 2 == 0 ? "http" : "https", hanging)));
    }
    await().until(() -> probes.metrics().checks() >= 100);

    watch("good", good, readiness(http(good)));
    assertThat(verdict().incarnation()).isEqualTo("good");
    long checks = probes.metrics().checks();
    await().until(() -> probes.metrics().checks() >= checks + 20);
    assertThat(verdicts).isEmpty();
  }

  @Test
  void tellsNothingAfterUnwatch() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch gone = new CountDownLatch(1);
    int port =
        raw(socket -> {
          socket.getInputStream().read();
          asked.countDown();
          socket.getInputStream().readAllBytes();
          gone.countDown();
        });
    watch("i1", port, slow(http(port)));
    assertThat(asked.await(10, TimeUnit.SECONDS)).isTrue();

    probes.unwatch("i1");

    assertThat(gone.await(10, TimeUnit.SECONDS)).as("its connection is closed").isTrue();
    await().until(() -> probes.metrics().watched() == 0);
    assertThat(verdicts).isEmpty();
  }

  @Test
  void closesEvenWhileChecksHang() throws Exception {
    CountDownLatch asked = new CountDownLatch(2);
    int port =
        raw(socket -> {
          socket.getInputStream().read();
          asked.countDown();
          socket.getInputStream().readAllBytes();
        });
    watch("i1", port, slow(http(port)));
    watch("i2", port, slow(http("https", port)));
    assertThat(asked.await(10, TimeUnit.SECONDS)).isTrue();

    probes.close();
    probes.watch(new Watch("t", "w", "i3", "process", "w-0", port, List.of(), Health.NEW, _ -> {}));

    assertThat(verdicts).isEmpty();
  }

  private Verdict verdict() throws InterruptedException {
    Verdict verdict = verdicts.poll(20, TimeUnit.SECONDS);
    assertThat(verdict).as("a verdict in time").isNotNull();
    return verdict;
  }

  private void watch(String incarnation, int port, ProbeSpec probe) {
    probes.watch(
        new Watch(
            "t",
            "web",
            incarnation,
            "process",
            "web-0",
            port,
            List.of(probe),
            Health.NEW,
            verdicts::add));
  }

  private static ProbeSpec readiness(ProbeSpec.Method method) {
    return probe(ProbeSpec.Type.READINESS, method, Duration.ofSeconds(20), 2);
  }

  private static ProbeSpec liveness(ProbeSpec.Method method) {
    return probe(ProbeSpec.Type.LIVENESS, method, Duration.ofSeconds(20), 1);
  }

  /// Waits 100 ms for an answer, for targets that give none.
  private static ProbeSpec impatient(ProbeSpec.Method method) {
    return probe(ProbeSpec.Type.READINESS, method, PERIOD, 2);
  }

  private static ProbeSpec slow(ProbeSpec.Method method) {
    return probe(ProbeSpec.Type.READINESS, method, Duration.ofMinutes(5), 1);
  }

  private static ProbeSpec probe(
      ProbeSpec.Type type, ProbeSpec.Method method, Duration timeout, int failures) {
    return new ProbeSpec("p", type, method, Duration.ZERO, PERIOD, timeout, failures, 1);
  }

  private static ProbeSpec.Http http(int port) {
    return http("http", port);
  }

  private static ProbeSpec.Http http(String scheme, int port) {
    return new ProbeSpec.Http(scheme, "127.0.0.1", port, "/healthz", Map.of(), List.of(), null);
  }

  private static ProbeSpec.Http http(
      int port, List<Integer> expectedStatus, @Nullable String expectedBody) {
    return new ProbeSpec.Http(
        "http", "127.0.0.1", port, "/healthz", Map.of(), expectedStatus, expectedBody);
  }

  private int http(HttpHandler handler) throws Exception {
    HttpServer server = HttpServer.create(new InetSocketAddress(LOOPBACK, 0), 0);
    return serve(server, handler);
  }

  private int serve(HttpServer server, HttpHandler handler) {
    server.createContext("/", handler);
    server.start();
    open.add(() -> server.stop(0));
    return server.getAddress().getPort();
  }

  private int server(String scheme, Path dir, HttpHandler handler) throws Exception {
    if (scheme.equals("http")) {
      return http(handler);
    }
    HttpsServer server = HttpsServer.create(new InetSocketAddress(LOOPBACK, 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(selfSigned(dir)));
    return serve(server, handler);
  }

  /// Expired and for another name: a certificate nobody should trust.
  private static SSLContext selfSigned(Path dir) throws Exception {
    Path store = dir.resolve("keys.p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keyalg",
                "EC",
                "-alias",
                "a",
                "-dname",
                "CN=elsewhere",
                "-storepass",
                "secret",
                "-startdate",
                "-10d",
                "-validity",
                "1",
                "-keystore",
                store.toString())
            .inheritIO()
            .start();
    assertThat(keytool.waitFor()).isZero();
    KeyStore keys = KeyStore.getInstance(store.toFile(), "secret".toCharArray());
    KeyManagerFactory managers = KeyManagerFactory.getInstance("PKIX");
    managers.init(keys, "secret".toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    return context;
  }

  private static void answer(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(bytes);
    }
  }

  private interface Talk {
    void with(Socket socket) throws Exception;
  }

  /// A server below HTTP: says what a test wants.
  private int raw(Talk talk) throws IOException {
    ServerSocket server = new ServerSocket(0, 500, LOOPBACK);
    open.add(server);
    Thread.ofVirtual().start(() -> accept(server, talk));
    return server.getLocalPort();
  }

  private void accept(ServerSocket server, Talk talk) {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        open.add(socket);
        Thread.ofVirtual().start(() -> talk(socket, talk));
      } catch (IOException _) {
        return;
      }
    }
  }

  private static void talk(Socket socket, Talk talk) {
    try (socket) {
      talk.with(socket);
    } catch (Exception _) {
      // The prober hung up, as it may.
    }
  }

  private static void waitForBytes(InputStream in) throws IOException {
    try {
      in.read();
    } catch (SocketTimeoutException _) {
      // Nothing came for 20 ms, which was to be waited for.
    }
  }

  private static ExecResult realCommand(String kind, String incarnation, ExecRequest request) {
    try {
      Process process = new ProcessBuilder(request.command()).redirectErrorStream(true).start();
      boolean ended = process.waitFor(request.timeout().toMillis(), TimeUnit.MILLISECONDS);
      if (!ended) {
        process.destroyForcibly().waitFor();
      }
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new ExecResult(Exit.code(Instant.now(), process.exitValue()), output, !ended);
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
