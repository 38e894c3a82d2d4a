package dev.semper.probe.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.spi.ProbeOutcome;
import dev.semper.spi.ProbeTarget;
import dev.semper.spi.SettingProblem;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Against the health service of grpc-java.
class GrpcProbeTest {
  private final GrpcProbe probe = new GrpcProbe();
  private final HealthStatusManager health = new HealthStatusManager();
  private final List<AutoCloseable> open = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    probe.close();
    for (AutoCloseable each : open) {
      each.close();
    }
  }

  @Test
  void followsTheStatusOfTheServer() throws Exception {
    int port = server(InsecureServerCredentials.create());
    assertThat(check(port, Map.of())).isEqualTo(ProbeOutcome.PASSED);

    health.setStatus("", ServingStatus.NOT_SERVING);

    assertThat(message(check(port, Map.of()))).isEqualTo("127.0.0.1:" + port + " is NOT_SERVING");
  }

  @Test
  void asksForOneService() throws Exception {
    int port = server(InsecureServerCredentials.create());
    String name = "a.service.with.a.long.name." + "x".repeat(200);
    health.setStatus(name, ServingStatus.SERVING);

    assertThat(check(port, Map.of("service", name))).isEqualTo(ProbeOutcome.PASSED);
    assertThat(message(check(port, Map.of("service", "b"))))
        .startsWith("Service b of 127.0.0.1:" + port + " answered with gRPC status 5");
  }

  @Test
  void speaksTlsAndVerifiesOnlyWhenTold(@TempDir Path dir) throws Exception {
    Path key = dir.resolve("key.pem");
    Path certificate = dir.resolve("cert.pem");
    Process openssl =
        new ProcessBuilder(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=web.internal",
                "-addext",
                "subjectAltName=DNS:web.internal",
                "-keyout",
                key.toString(),
                "-out",
                certificate.toString())
            .redirectErrorStream(true)
            .start();
    assertThat(openssl.waitFor()).isZero();
    int port = server(TlsServerCredentials.create(certificate.toFile(), key.toFile()));

    assertThat(check(port, Map.of("tls", Map.of()))).isEqualTo(ProbeOutcome.PASSED);
    assertThat(check(port, Map.of("tls", Map.of("verify", true))))
        .isInstanceOf(ProbeOutcome.Failed.class);
    Map<String, Object> trusting = Map.of("verify", true, "ca_file", certificate.toString());
    assertThat(message(check(port, Map.of("tls", trusting)))).containsIgnoringCase("127.0.0.1");
    assertThat(
            check(
                port,
                Map.of(
                    "tls",
                    Map.of(
                        "verify",
                        true,
                        "ca_file",
                        certificate.toString(),
                        "server_name",
                        "web.internal"))))
        .isEqualTo(ProbeOutcome.PASSED);
    assertThat(check(port, Map.of("tls", Map.of("verify", true, "ca_file", "/no/such/file"))))
        .isInstanceOf(ProbeOutcome.Errored.class);
  }

  @Test
  void saysWhatIsWrongWithATargetThatIsNoGrpc() throws Exception {
    int closed;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      closed = socket.getLocalPort();
    }
    assertThat(message(check(closed, Map.of()))).contains("connection refused");

    int rude = raw(Socket::close);
    assertThat(check(rude, Map.of())).isInstanceOf(ProbeOutcome.Failed.class);

    int http1 =
        raw(socket -> {
          socket
              .getOutputStream()
              .write("HTTP/1.1 400 Bad\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
          socket.shutdownOutput();
          socket.getInputStream().readAllBytes();
        });
    assertThat(check(http1, Map.of())).isInstanceOf(ProbeOutcome.Failed.class);
  }

  @Test
  void anInterruptEndsACheckThatHangs() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch gone = new CountDownLatch(1);
    int port =
        raw(socket -> {
          socket.getInputStream().read();
          asked.countDown();
          socket.getInputStream().readAllBytes();
          gone.countDown();
        });
    AtomicReference<Object> result = new AtomicReference<>();
    Thread checking =
        Thread.ofVirtual()
            .start(() -> {
              try {
                result.set(check(port, Map.of()));
              } catch (InterruptedException e) {
                result.set(e);
              }
            });
    assertThat(asked.await(20, TimeUnit.SECONDS)).isTrue();

    checking.interrupt();

    checking.join(Duration.ofSeconds(20));
    assertThat(result.get()).isInstanceOf(InterruptedException.class);
    assertThat(gone.await(20, TimeUnit.SECONDS)).as("its connection is closed").isTrue();
  }

  @Test
  void namesEveryFaultOfItsSettings() {
    assertThat(
            probe.validate(
                Map.of(
                    "host",
                    " ",
                    "port",
                    70000L,
                    "service",
                    1L,
                    "tls",
                    Map.of("verify", "yes", "ca_file", "ca", "x", 1L))))
        .extracting(SettingProblem::path)
        .containsExactlyInAnyOrder("host", "port", "service", "tls.verify", "tls.ca_file", "tls.x");
    assertThat(probe.validate(Map.of("service", "a", "port", 1L, "tls", Map.of()))).isEmpty();
    assertThat(probe.settingNames()).containsExactly("host", "port", "service", "tls");
  }

  private ProbeOutcome check(int port, Map<String, Object> settings) throws InterruptedException {
    return probe.check(
        new ProbeTarget("t", "web", "web-0", port, settings, Duration.ofSeconds(20)));
  }

  private static String message(ProbeOutcome outcome) {
    return outcome instanceof ProbeOutcome.Failed(String message) ? message : outcome.toString();
  }

  private int server(ServerCredentials credentials) throws IOException {
    Server server =
        NettyServerBuilder.forAddress(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), credentials)
            .addService(health.getHealthService())
            .build()
            .start();
    open.add(server::shutdownNow);
    return server.getPort();
  }

  private interface Talk {
    void with(Socket socket) throws IOException;
  }

  private int raw(Talk talk) throws IOException {
    ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
    open.add(server);
    Thread.ofVirtual()
        .start(() -> {
          try (Socket socket = server.accept()) {
            talk.with(socket);
          } catch (IOException _) {
            // The probe hung up, as it may.
          }
        });
    return server.getLocalPort();
  }
}
