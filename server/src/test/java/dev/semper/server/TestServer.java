package dev.semper.server;

import dev.semper.api.SemperClient;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// A real server on a home of its own, with SQLite and the process driver.
final class TestServer implements AutoCloseable {
  private final SemperServer server;
  private final String token;
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private TestServer(SemperServer server, String token) {
    this.server = server;
    this.token = token;
  }

  static TestServer start(Path home) throws IOException, InterruptedException {
    System.setProperty("vertx.disableDnsResolver", "true");
    SemperServer server = SemperServer.start(Settings.of(home).withApi("127.0.0.1", 0));
    return new TestServer(server, Files.readString(home.resolve("run/token")).strip());
  }

  SemperServer server() {
    return server;
  }

  String token() {
    return token;
  }

  SemperClient client() {
    return client(token);
  }

  SemperClient client(String otherToken) {
    return new SemperClient(server.url(), otherToken, null);
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(server.url() + path))
        .timeout(Duration.ofSeconds(40))
        .header("Authorization", "Bearer " + token);
  }

  HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
    return http.send(request, BodyHandlers.ofString());
  }

  /// @param body JSON; null for none
  HttpResponse<String> call(String method, String path, @Nullable String body)
      throws IOException, InterruptedException {
    HttpRequest.Builder request = request(path);
    if (body == null) {
      return send(request.method(method, BodyPublishers.noBody()).build());
    }
    return send(
        request
            .header("Content-Type", "application/json")
            .method(method, BodyPublishers.ofString(body))
            .build());
  }

  /// Deletes the workloads, so that no process is left, and ends the server.
  @Override
  public void close() {
    try (SemperClient client = client()) {
      for (String tenant : client.tenants().items().stream().map(t -> t.name()).toList()) {
        SemperClient mine = client.withTenant(tenant);
        for (var workload : mine.workloads().items()) {
          var options =
              new dev.semper.api.ActionRequest(
                  "critical", null, true, true, null, true, null, null, null);
          client.await(mine.delete(workload.name(), options).id(), Duration.ofSeconds(20));
        }
      }
    } finally {
      server.close();
      http.shutdownNow();
    }
  }
}
