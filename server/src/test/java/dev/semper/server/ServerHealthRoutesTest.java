package dev.semper.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.semper.api.Wire;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// `/health` and what is below it.
@Timeout(120)
class ServerHealthRoutesTest {
  private static HttpResponse<String> anonymous(TestServer server, String path) throws Exception {
    return server.send(HttpRequest.newBuilder(server.server().url().resolve(path)).build());
  }

  private static void hasExactly(JsonNode object, String... fields) {
    assertThat(new TreeSet<>(object.propertyNames())).isEqualTo(new TreeSet<>(List.of(fields)));
  }

  @Test
  void tellsStrangersOfPartsOnly(@TempDir Path home) throws Exception {
    try (TestServer server = TestServer.start(home)) {
      server.call("PUT", "/api/v1/workloads/secret?start=false", SLEEPER);

      HttpResponse<String> answer = anonymous(server, "/health");

      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      JsonNode health = Wire.JSON.readTree(answer.body());
      hasExactly(health, "status", "timestamp", "checks");
      assertThat(health.path("status").asString()).isIn("healthy", "degraded");
      assertThat(Instant.parse(health.path("timestamp").asString()))
          .isAfter(Instant.now().minusSeconds(60));
      hasExactly(health.required("checks"), "database", "disk", "recovery");
      assertThat(health.at("/checks/database").asString()).isEqualTo("healthy");
      assertThat(answer.body()).doesNotContain("secret");
      assertThat(anonymous(server, "/health/ready").body()).isEqualTo("{\"status\":\"ready\"}");
      assertThat(anonymous(server, "/health/live").body()).isEqualTo("{\"status\":\"alive\"}");
      assertThat(anonymous(server, "/health/detailed").statusCode()).isEqualTo(401);
      assertThat(anonymous(server, "/health/other").statusCode()).isEqualTo(404);
      assertThat(server.call("POST", "/health", "{}").statusCode()).isEqualTo(405);
    }
  }

  private static final String SLEEPER = "{\"kind\":\"process\",\"command\":[\"sleep\",\"600\"]}";

  @Test
  void tellsThoseWithATokenMore(@TempDir Path home) throws Exception {
    try (TestServer server = TestServer.start(home)) {
      server.call("PUT", "/api/v1/workloads/idle?start=false", SLEEPER);
      server.call("POST", "/api/extensions/lifecycle/stop", null);

      HttpResponse<String> answer = server.call("GET", "/health/detailed", null);

      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      JsonNode health = Wire.JSON.readTree(answer.body());
      hasExactly(
          health,
          "status",
          "timestamp",
          "checks",
          "reasons",
          "version",
          "uptime_seconds",
          "workloads");
      assertThat(health.path("status").asString()).isEqualTo("degraded");
      assertThat(health.required("reasons").toString()).contains("\"recovery\"", "paused");
      assertThat(health.path("uptime_seconds").asDouble()).isPositive();
      hasExactly(
          health.required("workloads"), "healthy", "degraded", "unhealthy", "critical", "unknown");
      assertThat(health.at("/workloads/unknown").asInt()).isEqualTo(1);
      assertThat(health.at("/workloads/healthy").asInt(-1)).isZero();
    }
  }

  @Test
  void isUnhealthyWhileTheDatabaseCannotBeWritten(@TempDir Path home) throws Exception {
    try (TestServer server = TestServer.start(home)) {
      String url = "jdbc:sqlite:" + home.resolve("semper.db");
      try (Connection other = DriverManager.getConnection(url);
          Statement statement = other.createStatement()) {
        statement.execute("BEGIN IMMEDIATE");

        assertThat(server.call("PUT", "/api/v1/tenants/team", "{}").statusCode()).isEqualTo(503);
        await("it is noticed")
            .atMost(Duration.ofSeconds(40))
            .until(() -> anonymous(server, "/health").statusCode() == 503);
        JsonNode health = Wire.JSON.readTree(anonymous(server, "/health").body());
        assertThat(health.path("status").asString()).isEqualTo("unhealthy");
        assertThat(health.at("/checks/database").asString()).isEqualTo("unhealthy");
        HttpResponse<String> ready = anonymous(server, "/health/ready");
        assertThat(ready.statusCode()).isEqualTo(503);
        assertThat(ready.body()).isEqualTo("{\"status\":\"not_ready\"}");
        assertThat(anonymous(server, "/health/live").statusCode()).isEqualTo(200);
        statement.execute("ROLLBACK");
      }
      await("it is well again")
          .atMost(Duration.ofSeconds(40))
          .until(() -> anonymous(server, "/health").statusCode() == 200);
    }
  }
}
