package dev.semper.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.semper.api.TokenRequest;
import dev.semper.api.Wire;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.awaitility.core.ThrowingRunnable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// The seed's paths, field by field, on a real server with a real process.
@Timeout(120)
class ExtensionRoutesTest {
  private static final String SEED = "/api/extensions/lifecycle";

  @TempDir Path home;
  @TempDir Path dir;
  private Path flag;
  private Path broken;
  private TestServer server;

  @BeforeEach
  void start() throws Exception {
    flag = dir.resolve("flag");
    broken = dir.resolve("broken");
    server = TestServer.start(home);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  /// Is well while there is the flag, which it makes when it starts unless it is broken.
  private String document(boolean automatic) {
    return Wire.JSON.writeValueAsString(
        Map.of(
            "kind", "process",
            "command",
                List.of(
                    "sh", "-c", "test -e %s || touch %s; exec sleep 600".formatted(broken, flag)),
            "start_seconds", "50ms",
            "health", Map.of("interval", "1s", "window", "10m"),
            "probes",
                List.of(
                    Map.of(
                        "name",
                        "flag",
                        "type",
                        "readiness",
                        "period",
                        "200ms",
                        "command",
                        List.of("test", "-f", flag.toString()))),
            "recovery",
                Map.of(
                    "enabled",
                    automatic,
                    "failure_threshold",
                    1,
                    "strategy",
                    "quick",
                    "ladder",
                    List.of(Map.of("action", "restart", "settle", "4s")))));
  }

  private void run(String name, boolean automatic) throws Exception {
    applied(server.call("PUT", "/api/v1/workloads/" + name, document(automatic)));
  }

  /// Without starting it.
  private void install(String name) throws Exception {
    applied(server.call("PUT", "/api/v1/workloads/" + name + "?start=false", document(false)));
  }

  private void applied(HttpResponse<String> answer) throws Exception {
    String id = json(answer, 202).at("/operation/id").asString();
    JsonNode ended = get("/api/v1/operations/" + id + "?wait=30s");
    assertThat(ended.path("status").asString()).as(ended.toString()).isEqualTo("succeeded");
  }

  private static JsonNode json(HttpResponse<String> response, int status) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    return Wire.JSON.readTree(response.body());
  }

  private JsonNode get(String path) throws Exception {
    return json(server.call("GET", path, null), 200);
  }

  private JsonNode post(String path, @Nullable String body, int status) throws Exception {
    return json(server.call("POST", SEED + path, body), status);
  }

  private static void eventually(String what, ThrowingRunnable assertion) {
    await(what)
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(50))
        .untilAsserted(assertion);
  }

  private static void hasExactly(JsonNode object, String... fields) {
    assertThat(object.isObject()).as(object.toString()).isTrue();
    assertThat(new TreeSet<>(object.propertyNames())).isEqualTo(new TreeSet<>(List.of(fields)));
  }

  private static List<String> texts(JsonNode list, String field) {
    List<String> texts = new ArrayList<>();
    list.forEach(item -> texts.add(item.required(field).asString()));
    return texts;
  }

  private static void isHealth(JsonNode health, String name) {
    hasExactly(
        health,
        "extension_name",
        "status",
        "last_check",
        "cpu_usage",
        "memory_usage",
        "disk_usage",
        "error_rate",
        "response_time",
        "uptime",
        "restart_count",
        "last_error",
        "health_score",
        "metrics");
    assertThat(health.path("extension_name").asString()).isEqualTo(name);
  }

  @Test
  void tellsHealthFieldByField() throws Exception {
    run("web", false);

    eventually(
        "all is measured",
        () -> {
          JsonNode health = get(SEED + "/health/web");
          isHealth(health, "web");
          assertThat(health.path("status").asString()).isEqualTo("healthy");
          assertThat(Instant.parse(health.path("last_check").asString()))
              .isAfter(Instant.now().minusSeconds(60));
          assertThat(health.path("cpu_usage").isNumber()).isTrue();
          assertThat(health.path("cpu_usage").asDouble()).isBetween(0.0, 100.0);
          assertThat(health.path("memory_usage").asDouble()).isBetween(0.01, 512.0);
          assertThat(health.path("disk_usage").asDouble()).isBetween(0.0, 100.0);
          assertThat(health.path("error_rate").asDouble(-1)).isBetween(0.0, 100.0);
          assertThat(health.path("response_time").asDouble()).isBetween(0.01, 1000.0);
          assertThat(health.path("uptime").asDouble()).isBetween(0.01, 60.0);
          assertThat(health.path("restart_count").asInt(-1)).isZero();
          // Its first check may have come before it had made the flag.
          assertThat(health.path("last_error").isNull() || health.path("last_error").isString())
              .isTrue();
          assertThat(health.path("health_score").asInt()).isBetween(90, 100);
          assertThat(health.at("/metrics/response_time_p95").isNumber()).isTrue();
        });
    JsonNode all = get(SEED + "/health");
    hasExactly(all, "web");
    isHealth(all.required("web"), "web");
    JsonNode missing = json(server.call("GET", SEED + "/health/wob", null), 404);
    assertThat(missing.path("code").asString()).isEqualTo("NOT_FOUND");
  }

  @Test
  void tellsNullForWhatWasNotMeasured() throws Exception {
    install("idle");

    JsonNode health = get(SEED + "/health/idle");

    isHealth(health, "idle");
    assertThat(health.path("status").asString()).isEqualTo("unknown");
    assertThat(health.path("health_score").asInt(-1)).isZero();
    for (String field :
        List.of("cpu_usage", "memory_usage", "error_rate", "uptime", "last_error")) {
      assertThat(health.required(field).isNull()).as(field).isTrue();
    }
  }

  @Test
  void changesHealthSettingsWithoutTouchingTheProcess() throws Exception {
    run("web", false);
    String pid = get("/api/v1/workloads/web").at("/instances/0/handle").asString();
    String settings =
        """
        {"extension_name": "web", "check_interval_seconds": 2, "timeout_seconds": 7, "failure_threshold": 5,
         "success_threshold": 2, "enabled_checks": ["cpu_usage", "error_rate"], "custom_checks": ["flag"],
         "thresholds": {"cpu_warning": 60, "cpu_critical": 80.5, "memory_limit_mb": 400,
           "response_time_warning": 1500, "response_time_critical": 2500}}
        """;

    JsonNode answer = post("/health/web/config", settings, 200);

    hasExactly(answer, "message");
    assertThat(answer.path("message").asString())
        .isEqualTo("The health settings of web are in force");
    assertThat(post("/health/web/config", settings, 200).path("message").asString())
        .contains("so already");
    JsonNode web = get("/api/v1/workloads/web");
    JsonNode health = web.at("/document/health");
    assertThat(health.path("interval").asString()).isEqualTo("2s");
    assertThat(health.path("window").asString()).as("kept").isEqualTo("10m");
    assertThat(health.path("failure_threshold").asInt()).isEqualTo(5);
    assertThat(health.path("success_threshold").asInt()).isEqualTo(2);
    assertThat(health.path("cpu_warning").asDouble()).isEqualTo(60);
    assertThat(health.path("cpu_critical").asDouble()).isEqualTo(80.5);
    assertThat(health.path("memory_limit_mb").asDouble()).isEqualTo(400);
    assertThat(health.path("response_time_warning").asString()).isEqualTo("1s500ms");
    assertThat(health.path("response_time_critical").asString()).isEqualTo("2s500ms");
    assertThat(health.path("enabled_checks").toString()).contains("cpu_usage", "error_rate");
    assertThat(health.path("enabled_checks").toString()).doesNotContain("memory_usage");
    assertThat(web.at("/document/probes/0/timeout").asString()).isEqualTo("7s");
    assertThat(web.at("/instances/0/handle").asString()).as("the process").isEqualTo(pid);

    post("/health/web/config", "{}", 200);

    JsonNode reset = get("/api/v1/workloads/web").required("document");
    assertThat(reset.at("/health/interval").asString("1m")).isEqualTo("1m");
    assertThat(reset.at("/probes/0/timeout").asString()).as("kept").isEqualTo("7s");
  }

  /// A client of the seed sends all fields with their defaults.
  @Test
  void takesTheDefaultsOfTheSeed() throws Exception {
    install("web");

    post(
        "/health/web/config",
        """
        {"extension_name": "web", "check_interval_seconds": 60, "timeout_seconds": 30, "failure_threshold": 3,
         "success_threshold": 1, "enabled_checks": ["cpu_usage", "memory_usage", "response_time", "error_rate"],
         "thresholds": {}, "custom_checks": []}
        """,
        200);

    JsonNode web = get("/api/v1/workloads/web");
    assertThat(web.at("/document/probes/0/timeout").asString()).isEqualTo("30s");
    assertThat(web.path("state").asString()).as("it was not started").isEqualTo("installed");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{ | body",
        "[] | object",
        "{\"check_interval_seconds\": 0} | check_interval_seconds",
        "{\"check_interval_seconds\": \"often\"} | check_interval_seconds",
        "{\"timeout_seconds\": -1} | timeout_seconds",
        "{\"failure_threshold\": 1.5} | failure_threshold",
        "{\"enabled_checks\": [\"luck\"]} | enabled_checks[0]",
        "{\"thresholds\": {\"cpu_wraning\": 5}} | thresholds.cpu_wraning",
        "{\"thresholds\": {\"cpu_warning\": 90, \"cpu_critical\": 80}} | cpu_warning",
        "{\"thresholds\": {\"cpu_warning\": 900}} | cpu_warning",
        "{\"custom_checks\": [\"nothing\"]} | custom_checks",
        "{\"extension_name\": \"other\"} | extension_name",
        "{\"interval\": 5} | interval",
      })
  void answersABadBodyWith422(String body, String field) throws Exception {
    install("web");

    HttpResponse<String> answer = server.call("POST", SEED + "/health/web/config", body);

    assertThat(json(answer, 422).path("status").asInt()).isEqualTo(422);
    assertThat(answer.body()).contains(field);
  }

  @Test
  void recoversAndTellsWhatWasTried() throws Exception {
    run("web", false);
    eventually(
        "well",
        () -> assertThat(get(SEED + "/health/web").path("status").asString()).isEqualTo("healthy"));
    assertThat(get(SEED + "/recovery/web").isEmpty()).isTrue();
    String request = "{\"extension_name\": \"web\", \"strategy\": \"quick\"}";
    JsonNode well = post("/recovery", request, 200);
    hasExactly(well, "message");
    assertThat(well.path("message").asString()).isEqualTo("web is well");
    post("/recovery", "{\"extension_name\": \"web\"}", 200);
    assertThat(get(SEED + "/recovery/web").isEmpty()).as("nothing was tried").isTrue();

    Files.writeString(broken, "");
    Files.delete(flag);
    String forced = request.replace("}", ", \"force_recovery\": true}");
    JsonNode failed = post("/recovery", forced, 400);
    assertThat(failed.path("detail").asString()).contains("not well within");
    assertThat(failed.path("code").asString()).isEqualTo("RECOVERY_EXHAUSTED");
    Files.delete(broken);
    post("/recovery", forced, 200);

    JsonNode history = get(SEED + "/recovery/web");
    assertThat(history.size()).isEqualTo(2);
    hasExactly(history.get(0), "action", "timestamp", "success");
    hasExactly(history.get(1), "action", "timestamp", "success", "error");
    assertThat(texts(history, "action")).containsExactly("restart", "restart");
    assertThat(history.get(0).path("success").asBoolean()).as("newest first").isTrue();
    assertThat(history.get(1).path("success").asBoolean(true)).isFalse();
    assertThat(history.get(1).path("error").asString()).contains("not well within");
    assertThat(Instant.parse(history.get(0).path("timestamp").asString()))
        .isAfter(Instant.parse(history.get(1).path("timestamp").asString()));
    assertThat(get(SEED + "/recovery/web?limit=1").size()).isEqualTo(1);

    overview();
    events();
    wrongRecoveries();
  }

  private void overview() throws Exception {
    JsonNode overview = get(SEED + "/overview/web");
    isOverview(overview);
    assertThat(overview.path("recent_recovery").size()).isEqualTo(2);
    install("idle");
    eventually(
        "web is healthy again",
        () -> {
          JsonNode all = get(SEED + "/overview");
          hasExactly(all, "timestamp", "extensions", "statistics");
          hasExactly(all.required("extensions"), "idle", "web");
          isOverview(all.at("/extensions/web"));
          JsonNode statistics = all.required("statistics");
          hasExactly(
              statistics,
              "total_extensions",
              "healthy_extensions",
              "unhealthy_extensions",
              "health_percentage");
          assertThat(statistics.path("total_extensions").asInt()).isEqualTo(2);
          assertThat(statistics.path("unhealthy_extensions").asInt(-1)).isZero();
          // A failed attempt weighs on the error rate of the window: healthy or degraded.
          int healthy = statistics.path("healthy_extensions").asInt();
          assertThat(statistics.path("health_percentage").asDouble(-1)).isEqualTo(healthy * 50.0);
        });
  }

  private static void isOverview(JsonNode overview) {
    hasExactly(
        overview,
        "extension_name",
        "timestamp",
        "health",
        "recent_backups",
        "current_migration",
        "recent_recovery");
    isHealth(overview.required("health"), "web");
    assertThat(overview.path("extension_name").asString()).isEqualTo("web");
    assertThat(Instant.parse(overview.path("timestamp").asString()))
        .isAfter(Instant.now().minusSeconds(60));
    assertThat(overview.path("recent_backups").isArray()).isTrue();
    assertThat(overview.path("recent_backups").isEmpty()).isTrue();
    assertThat(overview.required("current_migration").isNull()).isTrue();
  }

  private void events() throws Exception {
    JsonNode events = get(SEED + "/events?extension_name=web");
    assertThat(texts(events, "event_type"))
        .contains(
            "started",
            "health_check_passed",
            "health_check_failed",
            "recovery_initiated",
            "recovery_completed")
        .doesNotContain("backup_created");
    long before = Long.MAX_VALUE;
    for (JsonNode event : events) {
      hasExactly(
          event,
          "event_id",
          "extension_name",
          "event_type",
          "timestamp",
          "details",
          "user_id",
          "tenant_id",
          "success",
          "error_message");
      long id = Long.parseLong(event.path("event_id").asString());
      assertThat(id).as("newest first").isLessThan(before);
      before = id;
      assertThat(event.path("extension_name").asString()).isEqualTo("web");
      assertThat(event.path("tenant_id").asString()).isEqualTo("default");
      assertThat(event.path("success").asBoolean()).isEqualTo(event.path("error_message").isNull());
      Instant.parse(event.path("timestamp").asString());
    }
    JsonNode completed = get(SEED + "/events?event_type=recovery_completed&extension_name=web");
    assertThat(texts(completed, "success")).containsExactly("true", "false", "true", "true");
    assertThat(completed.get(1).path("error_message").asString()).contains("not well within");
    assertThat(completed.get(1).at("/details/event").asString()).isEqualTo("recovery.exhausted");
    assertThat(get(SEED + "/events?event_type=migration_failed").isEmpty()).isTrue();
    assertThat(get(SEED + "/events?limit=3").size()).isEqualTo(3);
    json(server.call("GET", SEED + "/events?event_type=burst", null), 422);
  }

  private void wrongRecoveries() throws Exception {
    post("/recovery", "{\"extension_name\": \"nobody\"}", 404);
    post("/recovery", "{\"extension_name\": \"web\", \"strategy\": \"bold\"}", 400);
    post("/recovery", "{\"strategy\": \"auto\"}", 422);
    post("/recovery", "{\"extension_name\": \"web\", \"force_recovery\": 3}", 422);
    post("/recovery", null, 422);
    json(server.call("GET", SEED + "/recovery/nobody", null), 404);
    json(server.call("GET", SEED + "/overview/nobody", null), 404);
  }

  @Test
  void beginsNoRecoveryByItselfWhileStopped() throws Exception {
    run("web", true);
    JsonNode stopped = post("/stop", null, 200);
    hasExactly(stopped, "message");
    assertThat(stopped.path("message").asString()).startsWith("No recovery begins by itself");
    Files.delete(flag);

    eventually(
        "it waits",
        () -> {
          JsonNode waiting = get("/api/v1/workloads/web/recoveries").at("/items/0");
          assertThat(waiting.path("status").asString()).isEqualTo("waiting");
          assertThat(waiting.path("story").asString()).contains("paused");
        });
    assertThat(get(SEED + "/recovery/web").isEmpty()).isTrue();
    assertThat(get("/health").at("/checks/recovery").asString()).isEqualTo("degraded");
    post("/stop", null, 200);

    hasExactly(post("/start", null, 200), "message");

    eventually(
        "it is recovered",
        () -> assertThat(texts(get(SEED + "/recovery/web"), "success")).containsExactly("true"));
    assertThat(get("/health").at("/checks/recovery").asString()).isEqualTo("healthy");
    JsonNode told = get("/api/v1/events?type=recovery.*&after=0").required("items");
    assertThat(texts(told, "type"))
        .containsOnlyOnce("recovery.paused", "recovery.resumed")
        .containsSubsequence("recovery.paused", "recovery.resumed", "recovery.started");
  }

  @Test
  void asksForTheSameTokensRolesAndTenantsAsTheRestOfTheApi() throws Exception {
    install("web");
    json(server.call("PUT", "/api/v1/tenants/team", "{}"), 201);
    String viewer = token("viewer", "default");
    String operator = token("operator", "default");
    String stranger = token("admin", "team");
    String recovery = "{\"extension_name\": \"web\"}";

    assertThat(as("nonsense", "GET", "/health", null).statusCode()).isEqualTo(401);
    assertThat(as(viewer, "GET", "/overview", null).statusCode()).isEqualTo(200);
    assertThat(as(viewer, "POST", "/health/web/config", "{}").statusCode()).isEqualTo(403);
    assertThat(as(viewer, "POST", "/recovery", recovery).statusCode()).isEqualTo(403);
    assertThat(as(operator, "POST", "/stop", null).statusCode()).isEqualTo(403);
    assertThat(as(stranger, "POST", "/stop", null).statusCode()).as("not of all").isEqualTo(403);
    assertThat(as(operator, "POST", "/health/web/config", "{}").statusCode()).isEqualTo(200);
    assertThat(json(as(stranger, "GET", "/health", null), 200).isEmpty()).isTrue();
    assertThat(json(as(stranger, "GET", "/events?tenant=*", null), 200).isEmpty()).isTrue();
    for (String path : List.of("/health/web", "/overview/web", "/recovery/web")) {
      assertThat(as(stranger, "GET", path, null).statusCode()).as(path).isEqualTo(404);
      assertThat(as(stranger, "GET", path + "?tenant=default", null).statusCode()).isEqualTo(403);
    }
    assertThat(as(stranger, "POST", "/recovery", recovery).statusCode()).isEqualTo(404);
    assertThat(as(stranger, "POST", "/health/web/config", "{}").statusCode()).isEqualTo(404);

    JsonNode audit = get("/api/v1/audit?limit=1000").required("items");
    assertThat(texts(audit, "action"))
        .contains("extensions.configure_health", "extensions.recover", "extensions.stop");
    for (JsonNode record : audit) {
      if (record.path("action").asString().equals("extensions.stop")) {
        assertThat(record.path("outcome").asString()).isEqualTo("refused");
      }
    }
  }

  private String token(String role, String tenant) {
    try (var client = server.client()) {
      return client.createToken(new TokenRequest(role + "-of-" + tenant, role, tenant)).secret();
    }
  }

  private HttpResponse<String> as(String token, String method, String path, @Nullable String body)
      throws Exception {
    return server.send(
        server
            .request(SEED + path)
            .setHeader("Authorization", "Bearer " + token)
            .header("Content-Type", "application/json")
            .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
            .build());
  }

  @Test
  void refusesOtherMethodsAndWhatIsNotBuiltYet() throws Exception {
    HttpResponse<String> put = server.call("PUT", SEED + "/health", "{}");
    assertThat(put.statusCode()).isEqualTo(405);
    assertThat(put.headers().firstValue("Allow")).contains("GET");
    assertThat(server.call("DELETE", SEED + "/recovery", null).statusCode()).isEqualTo(405);
    assertThat(server.call("GET", SEED + "/backup", null).statusCode()).isEqualTo(404);
    assertThat(server.call("POST", SEED + "/migration", "{}").statusCode()).isEqualTo(404);
    assertThat(server.call("GET", SEED, null).statusCode()).isEqualTo(404);
  }
}
