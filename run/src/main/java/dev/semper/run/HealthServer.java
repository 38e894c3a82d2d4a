package dev.semper.run;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// `/health`, `/health/ready`, `/health/live`, `/health/detailed` and `/metrics`, for orchestrators
/// and Prometheus. Tells what the last look has found, so asking costs nothing and never waits.
final class HealthServer implements AutoCloseable {
  private final HttpServer server;
  private final Supplier<Standing> standing;

  private HealthServer(HttpServer server, Supplier<Standing> standing) {
    this.server = server;
    this.standing = standing;
  }

  /// @param port 0 picks a free one
  /// @throws IOException naming the address, if it cannot be had
  static HealthServer start(String address, int port, Supplier<Standing> standing)
      throws IOException {
    // Seconds: who dawdles with a request must not keep a thread.
    System.setProperty("sun.net.httpserver.maxReqTime", "5");
    System.setProperty("sun.net.httpserver.maxRspTime", "10");
    System.setProperty("sun.net.httpserver.maxReqHeaderSize", "16384");
    HttpServer server;
    try {
      server = HttpServer.create(new InetSocketAddress(address, port), 64);
    } catch (IOException | IllegalArgumentException e) {
      throw new IOException("cannot listen on " + address + ":" + port + ": " + e.getMessage(), e);
    }
    ExecutorService threads =
        new ThreadPoolExecutor(
            4,
            4,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(256),
            task -> {
              Thread thread = new Thread(task, "http");
              thread.setDaemon(true);
              return thread;
            });
    ((ThreadPoolExecutor) threads).allowCoreThreadTimeOut(true);
    server.setExecutor(threads);
    HealthServer made = new HealthServer(server, standing);
    server.createContext("/", made::handle);
    server.start();
    return made;
  }

  int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      boolean known =
          switch (path) {
            case "/health", "/health/ready", "/health/live", "/health/detailed", "/metrics" -> true;
            default -> false;
          };
      String method = exchange.getRequestMethod();
      if (!known) {
        error(exchange, 404, "Not Found");
      } else if (!method.equals("GET") && !method.equals("HEAD")) {
        exchange.getResponseHeaders().set("Allow", "GET, HEAD");
        error(exchange, 405, "Method Not Allowed");
      } else {
        answer(exchange, path, standing.get());
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static void answer(HttpExchange exchange, String path, Standing now) throws IOException {
    Map<String, @Nullable Object> body = new LinkedHashMap<>();
    switch (path) {
      case "/health" -> {
        body.put("status", now.status().told());
        body.put("timestamp", Log.now());
        body.put("checks", now.checks());
        json(exchange, now.status() == Health.Status.UNHEALTHY ? 503 : 200, body);
      }
      case "/health/ready" -> {
        body.put("status", now.ready() ? "ready" : "not_ready");
        json(exchange, now.ready() ? 200 : 503, body);
      }
      case "/health/live" -> {
        body.put("status", "alive");
        json(exchange, 200, body);
      }
      case "/health/detailed" ->
          json(exchange, now.status() == Health.Status.UNHEALTHY ? 503 : 200, now.detailed());
      default -> send(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", now.prometheus());
    }
  }

  private static void error(HttpExchange exchange, int status, String words) throws IOException {
    Map<String, @Nullable Object> body = new LinkedHashMap<>();
    body.put("error", words);
    body.put("status_code", status);
    body.put("timestamp", Log.now());
    json(exchange, status, body);
  }

  private static void json(HttpExchange exchange, int status, Map<String, @Nullable Object> body)
      throws IOException {
    send(exchange, status, "application/json", Json.of(body) + "\n");
  }

  private static void send(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.getResponseHeaders().set("Cache-Control", "no-store");
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", "" + bytes.length);
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }
}
