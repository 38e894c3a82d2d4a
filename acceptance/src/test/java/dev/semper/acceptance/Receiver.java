package dev.semper.acceptance;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.semper.api.Wire;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// A real receiver of webhooks on a port of its own, which can be down, up, and down again.
final class Receiver implements AutoCloseable {
  /// What came in one request.
  record Got(String delivery, String attempt, boolean signed, JsonNode body) {
    List<String> rules() {
      return body.path("alerts").valueStream().map(a -> a.path("rule").asString()).toList();
    }

    String status() {
      return body.path("status").asString();
    }
  }

  private final int port;
  private final String secret;
  private final List<Got> got = new CopyOnWriteArrayList<>();
  private volatile int answer = 200;
  private @Nullable HttpServer server;

  private Receiver(int port, String secret) {
    this.port = port;
    this.secret = secret;
  }

  /// Down.
  static Receiver withSecret(String secret) {
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return new Receiver(probe.getLocalPort(), secret);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String url() {
    return "http://127.0.0.1:" + port + "/hook";
  }

  List<Got> got() {
    return List.copyOf(got);
  }

  /// What it answers from now on.
  void answer(int status) {
    answer = status;
  }

  Receiver up() {
    try {
      HttpServer made =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 50);
      made.createContext("/hook", this::take);
      made.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
      made.start();
      server = made;
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void take(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      String timestamp = header(exchange, "Semper-Timestamp");
      int status = answer;
      if (status == 200) {
        got.add(
            new Got(
                header(exchange, "Semper-Delivery"),
                header(exchange, "Semper-Attempt"),
                signature(timestamp, body).equals(header(exchange, "Semper-Signature")),
                Wire.JSON.readTree(body)));
      }
      exchange.sendResponseHeaders(status, -1);
    }
  }

  private static String header(HttpExchange exchange, String name) {
    String value = exchange.getRequestHeaders().getFirst(name);
    return value == null ? "" : value;
  }

  private String signature(String timestamp, byte[] body) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret.getBytes(UTF_8), "HmacSHA256"));
      mac.update((timestamp + ".").getBytes(UTF_8));
      return "sha256=" + HexFormat.of().formatHex(mac.doFinal(body));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  void down() {
    if (server != null) {
      server.stop(0);
      server = null;
    }
  }

  @Override
  public void close() {
    down();
  }
}
