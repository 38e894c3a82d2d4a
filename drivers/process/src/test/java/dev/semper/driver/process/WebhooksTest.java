package dev.semper.driver.process;

import static dev.semper.testkit.EngineHarness.TENANT;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.semper.engine.hook.HookRun;
import dev.semper.testkit.EngineHarness;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.assertj.core.data.Offset;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/// Webhooks with a real receiver.
@Timeout(60)
class WebhooksTest {
  @TempDir Path dir;

  @RegisterExtension
  final EngineHarness engine = new EngineHarness(b -> b.driver(new ProcessDriver()));

  private record Received(
      String method, String path, String timestamp, String signature, String team, String body) {}

  private final List<Received> received = new CopyOnWriteArrayList<>();
  private Optional<HttpServer> receiver = Optional.empty();
  private int port;

  @BeforeEach
  void findAPort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
  }

  @AfterEach
  void stop() {
    receiver.ifPresent(r -> r.stop(0));
  }

  private void receive() throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.createContext("/", this::handle);
    server.start();
    receiver = Optional.of(server);
  }

  private void handle(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    received.add(
        new Received(
            exchange.getRequestMethod(),
            path,
            String.valueOf(exchange.getRequestHeaders().getFirst("Semper-Timestamp")),
            String.valueOf(exchange.getRequestHeaders().getFirst("Semper-Signature")),
            String.valueOf(exchange.getRequestHeaders().getFirst("X-Team")),
            new String(exchange.getRequestBody().readAllBytes(), UTF_8)));
    boolean busy = path.equals("/busy") && received.size() == 1;
    if (path.equals("/elsewhere")) {
      exchange.getResponseHeaders().set("Location", "/ok");
      exchange.sendResponseHeaders(302, -1);
    } else {
      byte[] answer = (busy ? "busy" : "thanks").getBytes(UTF_8);
      exchange.sendResponseHeaders(busy ? 503 : path.equals("/gone") ? 410 : 200, answer.length);
      exchange.getResponseBody().write(answer);
    }
    exchange.close();
  }

  private void failing(String webhook, String... more) throws InterruptedException {
    engine.up(
        """
        [workloads.web]
        kind = "scripted"
        start_seconds = "0s"
        restart = { policy = "always", delay = "0s" }
        [workloads.web.hooks.on_failure]
        webhook = { url = "http://127.0.0.1:%d%s" }
        %s
        """
            .formatted(port, webhook, String.join("\n", more)));
    engine.driver().exit("web-0", 7);
  }

  private HookRun ended() {
    return Awaitility.await("the hook has ended")
        .pollInterval(Duration.ofMillis(10))
        .atMost(Duration.ofSeconds(40))
        .until(
            () -> engine.semper().hooks().recent(TENANT, "web", 1),
            runs -> !runs.isEmpty() && runs.getFirst().status().ended())
        .getFirst();
  }

  @Test
  void reachesAReceiverThatWasDownAtFirst() throws Exception {
    Path key = Files.writeString(dir.resolve("key"), "s3cret\n");
    engine.up(
        """
        [workloads.web]
        kind = "scripted"
        start_seconds = "0s"
        restart = { policy = "always", delay = "0s" }
        [workloads.web.hooks.on_failure.webhook]
        url = "http://127.0.0.1:%d/ok"
        method = "PUT"
        headers = { X-Team = "core" }
        secret_file = "%s"
        """
            .formatted(port, key));
    engine.driver().exit("web-0", 7);
    Awaitility.await("it is tried")
        .until(() ->
            engine.semper().hooks().recent(TENANT, "web", 1).stream()
                .anyMatch(r -> r.status() == HookRun.Status.RUNNING));
    assertThat(engine.events("web", "hook.completed")).isEmpty();

    receive();

    HookRun run = ended();
    assertThat(run.status()).isEqualTo(HookRun.Status.SUCCEEDED);
    assertThat(run.httpStatus()).isEqualTo(200);
    assertThat(run.stdout()).isEqualTo("thanks");
    Received got = received.getFirst();
    assertThat(got.method()).isEqualTo("PUT");
    assertThat(got.team()).isEqualTo("core");
    assertThat(got.body())
        .contains("\"event\":\"on_failure\"", "\"delivery\":\"" + run.id() + "\"", "\"web-0\"");
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec("s3cret".getBytes(UTF_8), "HmacSHA256"));
    mac.update((got.timestamp() + ".").getBytes(UTF_8));
    assertThat(got.signature())
        .isEqualTo("sha256=" + HexFormat.of().formatHex(mac.doFinal(got.body().getBytes(UTF_8))));
    assertThat(Long.parseLong(got.timestamp()))
        .isCloseTo(Instant.now().getEpochSecond(), Offset.offset(60L));
  }

  @Test
  void keepsTheOrderOfAWorkloadWhileTheReceiverIsDown() throws Exception {
    String hook = "{ webhook = { url = \"http://127.0.0.1:%d/ok\" } }".formatted(port);
    engine.up(
        """
        [workloads.web]
        kind = "scripted"
        start_seconds = "0s"
        restart = { policy = "always", delay = "0s", max_attempts = 0 }
        hooks = { on_failure = %s, on_healthy = %s }
        """
            .formatted(hook, hook));
    for (int i = 0; i < 3; i++) {
      String before = engine.driver().running("web").getFirst();
      engine.driver().exit("web-0", 7);
      engine.await(
          "web", w -> w.ready() == 1 && !w.instances().getFirst().incarnation().equals(before));
    }
    Awaitility.await("it is tried again and all others wait")
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(() ->
            assertThat(engine.semper().hooks().recent(TENANT, "web", 100).reversed())
                .extracting(HookRun::status)
                .hasSize(7)
                .startsWith(HookRun.Status.RUNNING)
                .filteredOn(s -> s == HookRun.Status.WAITING)
                .hasSize(6));

    receive();

    Awaitility.await("all have come")
        .atMost(Duration.ofSeconds(40))
        .until(() -> received.size() >= 7);
    List<HookRun> runs = engine.semper().hooks().recent(TENANT, "web", 100).reversed();
    assertThat(received)
        .hasSize(7)
        .allSatisfy(r ->
            assertThat(r.body())
                .contains("\"delivery\":\"" + runs.get(received.indexOf(r)).id() + "\""));
  }

  @Test
  void sendsAgainAfterACrashOfTheServer() throws Exception {
    failing("/ok");
    Awaitility.await("it is tried")
        .until(() ->
            engine.semper().hooks().recent(TENANT, "web", 1).stream()
                .anyMatch(r -> r.status() == HookRun.Status.RUNNING));

    engine.crash();
    receive();
    engine.start();

    assertThat(ended().status()).isEqualTo(HookRun.Status.SUCCEEDED);
    assertThat(received).hasSize(1);
  }

  @Test
  void triesAgainWhatMayPass() throws Exception {
    receive();
    failing("/busy");

    HookRun run = ended();
    assertThat(run.status()).isEqualTo(HookRun.Status.SUCCEEDED);
    assertThat(received).hasSize(2);
    assertThat(received.getFirst().signature()).isEqualTo("null");
  }

  @Test
  void followsNoRedirectAndInsistsOnNothingThatIsGone() throws Exception {
    receive();
    failing("/elsewhere");

    HookRun run = ended();
    assertThat(run.status()).isEqualTo(HookRun.Status.FAILED);
    assertThat(run.message())
        .isEqualTo("the receiver answered 302, a redirect, which is not followed");
    assertThat(received).extracting(Received::path).containsExactly("/elsewhere");
    assertThat(engine.events("web", "hook.failed").getFirst().data())
        .containsEntry("http_status", 302);
  }

  @Test
  void givesUpOnAReceiverThatDripsWhenItsTimeIsOver() throws Exception {
    try (ServerSocket dripping = new ServerSocket(port, 5, InetAddress.getLoopbackAddress())) {
      Thread.startVirtualThread(() -> drip(dripping));
      engine.up(
          """
          [workloads.web]
          kind = "scripted"
          version = "1"
          start_seconds = "0s"
          """);
      var batch =
          engine
              .apply(
                  """
                  [workloads.web]
                  kind = "scripted"
                  version = "2"
                  start_seconds = "0s"
                  hooks.before_update = { webhook = "http://127.0.0.1:%d/", timeout = "800ms" }
                  """
                      .formatted(port))
              .orElseThrow();

      assertThat(engine.semper().operations().members(batch.id()).getFirst().error())
          .contains("no answer within 800 ms");
      assertThat(engine.driver().versions("web")).containsExactly("1");
    }
  }

  private static void drip(ServerSocket socket) {
    try (var connection = socket.accept()) {
      connection
          .getOutputStream()
          .write("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n".getBytes(UTF_8));
      while (connection.getInputStream().read() >= 0) {
        connection.getOutputStream().write('.');
        connection.getOutputStream().flush();
        Awaitility.await().pollDelay(Duration.ofMillis(100)).until(() -> true);
      }
    } catch (IOException e) {
      // The other side has given up, or the test is over.
    }
  }
}
