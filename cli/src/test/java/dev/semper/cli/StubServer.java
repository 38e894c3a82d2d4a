package dev.semper.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Answers calls of the API with what a test has laid down, and remembers them.
final class StubServer implements AutoCloseable {
  record Request(String method, String path, String body, @Nullable String authorization) {}

  private record Answer(int status, String body) {}

  private final HttpServer http;
  private final Map<String, Answer> answers = new ConcurrentHashMap<>();
  private final List<Request> requests = Collections.synchronizedList(new ArrayList<>());

  private StubServer(HttpServer http) {
    this.http = http;
  }

  static StubServer started() {
    try {
      HttpServer http =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      StubServer stub = new StubServer(http);
      http.createContext("/", stub::handle);
      http.start();
      return stub;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String url() {
    return "http://127.0.0.1:" + http.getAddress().getPort();
  }

  /// @param call e.g. `GET /api/v1/workloads`, without the query
  StubServer answer(String call, int status, String body) {
    answers.put(call, new Answer(status, body));
    return this;
  }

  List<Request> requests() {
    return List.copyOf(requests);
  }

  private void handle(HttpExchange exchange) throws IOException {
    String method = exchange.getRequestMethod();
    String path = exchange.getRequestURI().getPath();
    String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    requests.add(
        new Request(
            method,
            exchange.getRequestURI().toString(),
            body,
            exchange.getRequestHeaders().getFirst("Authorization")));
    Answer answer =
        answers.getOrDefault(
            method + " " + path, new Answer(500, "no answer laid down for " + method + " " + path));
    byte[] bytes = answer.body().getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(answer.status(), bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  @Override
  public void close() {
    http.stop(0);
  }
}
