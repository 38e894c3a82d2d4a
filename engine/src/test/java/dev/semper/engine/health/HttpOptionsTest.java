package dev.semper.engine.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.semper.engine.spec.HttpExpectation;
import dev.semper.engine.spec.ProbeSpec;
import dev.semper.engine.spec.TlsSpec;
import dev.semper.engine.workload.Instance.Health;
import dev.semper.engine.workload.Prober.Verdict;
import dev.semper.engine.workload.Prober.Watch;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What an http probe sends, and whose certificate it takes.
class HttpOptionsTest {
  @TempDir Path dir;
  private final BlockingQueue<Verdict> verdicts = new LinkedBlockingQueue<>();
  private final AtomicReference<String> asked = new AtomicReference<>("");
  private final Probes probes =
      new Probes(
          (_, _, _) -> {
            throw new IllegalStateException("no commands here");
          },
          Map::of,
          (_, _) -> {},
          InstantSource.system(),
          new Random(1));
  private @Nullable HttpServer server;

  @AfterEach
  void close() {
    probes.close();
    if (server != null) {
      server.stop(0);
    }
  }

  @Test
  void sendsMethodBodyAndItsLength() throws Exception {
    int port = serve(HttpServer.create(anyPort(), 0));

    assertThat(check(port, http("http", "POST", "{\"deep\":\"ü\"}", TlsSpec.ANY))).isEqualTo("ok");
    assertThat(asked.get()).isEqualTo("POST 13 {\"deep\":\"ü\"}");
    assertThat(check(port, http("http", "PUT", null, TlsSpec.ANY))).isEqualTo("ok");
    assertThat(asked.get()).isEqualTo("PUT 0 ");
    assertThat(check(port, http("http", "HEAD", null, TlsSpec.ANY))).isEqualTo("ok");
    assertThat(asked.get()).isEqualTo("HEAD null ");
  }

  @Test
  void verifiesTheCertificateOnlyWhenTold() throws Exception {
    HttpsServer https = HttpsServer.create(anyPort(), 0);
    https.setHttpsConfigurator(new HttpsConfigurator(webInternal()));
    int port = serve(https);
    String ca = dir.resolve("cert.pem").toString();

    assertThat(check(port, https(TlsSpec.ANY))).isEqualTo("ok");
    assertThat(check(port, https(new TlsSpec(true, null, null)))).contains("certification path");
    assertThat(check(port, https(new TlsSpec(true, ca, null)))).contains("127.0.0.1");
    assertThat(check(port, https(new TlsSpec(true, ca, "other.internal")))).contains("other");
    assertThat(check(port, https(new TlsSpec(true, ca, "web.internal")))).isEqualTo("ok");
  }

  @Test
  void aFileOfCertificatesThatCannotBeReadSaysNothingOfTheInstance() throws Exception {
    HttpsServer https = HttpsServer.create(anyPort(), 0);
    https.setHttpsConfigurator(new HttpsConfigurator(webInternal()));
    int port = serve(https);
    watch(port, https(new TlsSpec(true, "/no/such/file", null)));

    await().until(() -> probes.metrics().errors() >= 2);

    assertThat(verdicts).isEmpty();
    assertThat(probes.recent("i1").getFirst().message()).contains("ca_file /no/such/file");
  }

  /// The word of the first check.
  private String check(int port, ProbeSpec.Method method) throws InterruptedException {
    watch(port, method);
    Verdict verdict = verdicts.poll(20, TimeUnit.SECONDS);
    probes.unwatch("i1");
    assertThat(verdict).as("a verdict in time").isNotNull();
    return verdict == null ? "" : verdict.message();
  }

  private void watch(int port, ProbeSpec.Method method) {
    ProbeSpec spec =
        new ProbeSpec(
            "p",
            ProbeSpec.Type.READINESS,
            method,
            Duration.ZERO,
            Duration.ofMillis(200),
            Duration.ofSeconds(20),
            1,
            1);
    probes.watch(
        new Watch(
            "t", "web", "i1", "process", "web-0", port, List.of(spec), Health.NEW, verdicts::add));
  }

  private static ProbeSpec.Http https(TlsSpec tls) {
    return http("https", "GET", null, tls);
  }

  private static ProbeSpec.Http http(
      String scheme, String method, @Nullable String body, TlsSpec tls) {
    return new ProbeSpec.Http(
        scheme, "127.0.0.1", 0, method, "/", Map.of(), body, HttpExpectation.NONE, tls);
  }

  private static InetSocketAddress anyPort() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  private int serve(HttpServer created) {
    server = created;
    created.createContext("/", this::answer);
    created.start();
    return created.getAddress().getPort();
  }

  private void answer(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    asked.set(
        exchange.getRequestMethod()
            + " "
            + exchange.getRequestHeaders().getFirst("Content-Length")
            + " "
            + new String(body, StandardCharsets.UTF_8));
    exchange.sendResponseHeaders(204, -1);
    exchange.close();
  }

  /// Signed by itself, for a name that is not the address it is asked at.
  private SSLContext webInternal() throws Exception {
    String key = dir.resolve("key.pem").toString();
    String certificate = dir.resolve("cert.pem").toString();
    Path store = dir.resolve("keys.p12");
    openssl(
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=web.internal"
            + " -addext subjectAltName=DNS:web.internal -keyout "
            + key
            + " -out "
            + certificate);
    openssl(
        "pkcs12 -export -passout pass:secret -inkey %s -in %s -out %s"
            .formatted(key, certificate, store));
    KeyStore keys = KeyStore.getInstance(store.toFile(), "secret".toCharArray());
    KeyManagerFactory managers = KeyManagerFactory.getInstance("PKIX");
    managers.init(keys, "secret".toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    return context;
  }

  private static void openssl(String arguments) throws Exception {
    Process process =
        new ProcessBuilder(("openssl " + arguments).split(" ")).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }
}
