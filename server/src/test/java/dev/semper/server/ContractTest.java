package dev.semper.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.api.SemperClient;
import dev.semper.api.Wire;
import dev.semper.engine.access.Role;
import dev.semper.engine.error.Problem;
import dev.semper.engine.health.HealthStatus;
import dev.semper.engine.health.Measure;
import dev.semper.engine.health.ProbeResult;
import dev.semper.engine.health.Trend;
import dev.semper.engine.operation.Operation;
import dev.semper.engine.operation.OperationKind;
import dev.semper.engine.operation.Plan;
import dev.semper.engine.spec.AlertRule;
import dev.semper.engine.spec.SpecReader;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.State;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Calls every operation of openapi.yaml on a running server and holds the answers against it.
class ContractTest {
  /// As the contract, but in answers no field is allowed that it does not name.
  private final Contract strict = strict();

  private final Set<String> called = new TreeSet<>();

  private static Contract strict() {
    JsonNode root = Contract.load().root().deepCopy();
    for (JsonNode schema : root.required("components").required("schemas")) {
      boolean open = schema.has("additionalProperties") || !schema.has("properties");
      if (!open && schema instanceof ObjectNode object) {
        object.put("additionalProperties", false);
      }
    }
    return new Contract(root);
  }

  @Test
  @Timeout(value = 120, unit = TimeUnit.SECONDS)
  void answersEveryOperationAsTheContractSays(@TempDir Path home) throws Exception {
    try (TestServer server = TestServer.start(home)) {
      everything(server);
    }

    assertThat(called)
        .containsExactlyInAnyOrderElementsOf(
            strict.endpoints().stream().map(Contract.Endpoint::id).toList());
  }

  private void everything(TestServer server) throws Exception {
    call(server, "GET", "/healthz", null, 200);
    call(server, "GET", "/readyz", null, 200);
    call(server, "GET", "/metrics", null, 200);
    call(server, "GET", "/health", null, 200);
    call(server, "GET", "/health/ready", null, 200);
    call(server, "GET", "/health/live", null, 200);
    call(server, "GET", "/health/detailed?tenant=*", null, 200);
    call(server, "GET", "/api/v1/server", null, 200);
    call(server, "POST", "/api/v1/server/reload", null, 200);

    workloads(server);
    documents(server);
    events(server);
    access(server);
    alerts(server);
    config(server);
    secrets(server);

    call(server, "POST", "/api/v1/server/shutdown", "{\"with_workloads\":\"no\"}", 400);
    called.remove("shutdown");
    server.server().semper().operations(); // still there
    call(server, "GET", "/api/v1/nothing", null, 404, "");
    call(server, "PATCH", "/api/v1/workloads", null, 405, "");
    shutdownIsAnswered();
  }

  /// On a server of its own, because it ends it.
  private void shutdownIsAnswered() throws Exception {
    Path home = java.nio.file.Files.createTempDirectory("semper-shutdown");
    try (TestServer server = TestServer.start(home)) {
      call(server, "POST", "/api/v1/server/shutdown", "{}", 202);
      server.server().awaitEnd();
    }
  }

  private void workloads(TestServer server) throws Exception {
    String web = "/api/v1/workloads/web";
    String document =
        "{\"kind\":\"process\",\"command\":[\"sh\",\"-c\",\"echo up; exec sleep 600\"],\"start_seconds\":\"100ms\","
            + "\"env\":{\"DB_PASSWORD\":\"hidden\"}}";
    done(server, call(server, "PUT", web + "?generation=0", document, 202));
    call(server, "PUT", web, document, 200);
    assertThat(call(server, "GET", web, null, 200)).doesNotContain("hidden");
    call(server, "PUT", web + "?generation=7", document, 409);
    call(server, "GET", "/api/v1/workloads", null, 200);
    call(server, "GET", web + "/usage", null, 200);
    call(server, "GET", "/api/v1/health?tenant=*", null, 200);
    call(server, "GET", web + "/health", null, 200);
    call(server, "GET", web + "/health/history", null, 200);
    call(server, "GET", web + "/health/history?resolution=1m", null, 200);
    call(server, "GET", web + "/health/history?resolution=90s", null, 400);
    call(server, "GET", web + "/health/history?from=2026-13-01T00:00:00Z", null, 400);
    call(server, "GET", web + "/health/history?from=2000-01-01T00:00:00Z&resolution=1m", null, 400);
    call(server, "GET", web + "/allowed", null, 200);
    call(server, "GET", web + "/logs?lines=5", null, 200);
    call(server, "POST", web + "/stop", "{\"dry_run\":true}", 200);
    done(server, call(server, "POST", web + "/restart", "{\"timeout\":\"1m\"}", 202));
    done(server, call(server, "POST", web + "/maintenance", null, 202));
    done(server, call(server, "POST", web + "/resume", null, 202));
    call(server, "POST", web + "/enable", null, 409);
    done(server, call(server, "POST", web + "/stop", null, 202));
    done(server, call(server, "POST", web + "/disable", null, 202));
    done(server, call(server, "POST", web + "/enable", null, 202));
    done(server, call(server, "POST", web + "/start", null, 202));
    done(server, call(server, "PUT", web, document.replace("600", "700"), 202));
    done(server, call(server, "POST", web + "/rollback", null, 202));
    done(server, call(server, "POST", web + "/recover", null, 202));
    extensions(server);
    call(server, "GET", web + "/history", null, 200);
    call(server, "GET", web + "/releases", null, 200);
    String hook = web + "/hooks/on_failure";
    done(server, call(server, "PUT", hook, "{\"command\":[\"/bin/echo\",\"hi\"]}", 202));
    call(server, "PUT", hook, "{\"command\":[\"/bin/echo\",\"hi\"]}", 200);
    call(server, "PUT", hook + "?generation=1", "{\"command\":[\"/bin/true\"]}", 409);
    assertThat(call(server, "PUT", hook, "{\"command\":[\"/no/such\"]}", 400))
        .contains("/no/such does not exist");
    assertThat(call(server, "PUT", web + "/hooks/on_failur", "{\"command\":[\"/bin/true\"]}", 400))
        .contains("did you mean `on_failure`?");
    call(server, "DELETE", web + "/hooks/on_stop", null, 200);
    call(server, "GET", web + "/recoveries", null, 200);
    call(server, "GET", "/api/v1/recoveries?limit=10", null, 200);
    call(server, "POST", web + "/state", "{\"state\":\"error\",\"reason\":\"test\"}", 200);
    hookRan(server, web);
    call(server, "GET", "/api/v1/operations?workload=web", null, 200);
    done(server, call(server, "DELETE", web + "?force=true", null, 202));
    call(server, "GET", web, null, 404);
  }

  private void extensions(TestServer server) throws Exception {
    String seed = "/api/extensions/lifecycle";
    call(server, "GET", seed + "/health", null, 200);
    call(server, "GET", seed + "/health/web", null, 200);
    call(server, "GET", seed + "/health/nobody", null, 404);
    String config = seed + "/health/web/config";
    call(server, "POST", config, "{\"check_interval_seconds\":30}", 200);
    call(server, "POST", config, "{\"check_interval_seconds\":\"often\"}", 422);
    call(server, "POST", seed + "/recovery", "{\"extension_name\":\"web\"}", 200);
    call(server, "POST", seed + "/recovery", "{}", 422);
    call(server, "GET", seed + "/recovery/web", null, 200);
    call(server, "GET", seed + "/overview", null, 200);
    call(server, "GET", seed + "/overview/web", null, 200);
    call(server, "GET", seed + "/events?limit=1000", null, 200);
    call(server, "POST", seed + "/stop", null, 200);
    call(server, "GET", "/health", null, 200);
    call(server, "POST", seed + "/start", null, 200);
  }

  /// The forced state is no event of the workload's life; a process that dies is.
  private void hookRan(TestServer server, String web) throws Exception {
    JsonNode before = Wire.JSON.readTree(call(server, "GET", web, null, 200));
    for (JsonNode instance : before.required("instances")) {
      String pid = instance.path("handle").asString();
      assertThat(new ProcessBuilder("kill", "-KILL", pid).start().waitFor()).isZero();
    }
    org.awaitility.Awaitility.await("the hook has run")
        .pollInterval(Duration.ofMillis(50))
        .atMost(Duration.ofSeconds(20))
        .until(() -> call(server, "GET", web + "/hooks", null, 200).contains("\"exit_code\":0"));
    done(server, call(server, "DELETE", web + "/hooks/on_failure", null, 202));
  }

  private void config(TestServer server) throws Exception {
    String web = "/api/v1/config/web";
    String global = web + "/layers/global";
    call(server, "GET", web, null, 404);
    call(
        server,
        "PUT",
        global,
        "{\"values\":{\"a\":1,\"password\":\"hidden\"},\"expected\":0}",
        200);
    call(server, "PUT", global, "{\"values\":{\"a\":2},\"expected\":0}", 409);
    call(server, "PUT", global, "{\"document\":\"a = 1\\na = 2\",\"format\":\"toml\"}", 400);
    call(server, "PUT", global, "{}", 400);
    call(server, "PUT", web + "/layers/elsewhere", "{\"values\":{}}", 400);
    call(
        server,
        "PATCH",
        global,
        "{\"set\":{\"b.c\":true},\"description\":\"more\",\"tags\":[\"x\"]}",
        200);
    call(server, "PATCH", global, "{}", 400);
    call(
        server,
        "PUT",
        web + "/layers/overlay.beta",
        "{\"document\":\"a: 7\",\"format\":\"yaml\",\"overlay\":{\"precedence\":5,\"environment\":\"staging\",\"labels\":{\"tier\":\"web\"},\"features\":[\"new\"]}}",
        200);
    call(server, "GET", "/api/v1/config?tenant=*", null, 200);
    assertThat(call(server, "GET", web, null, 200)).doesNotContain("hidden");
    assertThat(call(server, "GET", web + "?reveal=true", null, 200)).contains("hidden");
    assertThat(
            call(
                server,
                "GET",
                web + "?environment=staging&labels=tier=web&features=new",
                null,
                200))
        .contains("\"a\":7");
    call(server, "GET", web + "?after=1&wait=10ms&revision=1", null, 200);
    call(server, "GET", web + "?labels=tier", null, 400);
    call(server, "GET", web + "?environment=nowhere", null, 400);
    call(server, "GET", web + "/explain?environment=staging&key=a", null, 200);
    call(server, "GET", web + "/layers/global", null, 200);
    call(server, "GET", web + "/layers/production", null, 404);
    call(server, "GET", web + "/revisions?layer=global&limit=5", null, 200);
    call(server, "GET", web + "/revisions/1", null, 200);
    call(server, "GET", web + "/revisions/99", null, 404);
    call(server, "PUT", web + "/revisions/1/pin", null, 200);
    call(server, "DELETE", web + "/revisions/1/pin", null, 200);
    call(server, "GET", web + "/diff?from=1&to=2", null, 200);
    call(server, "GET", web + "/diff?from=1&to=3&environment=production", null, 200);
    call(server, "GET", web + "/export?format=toml&layer=global", null, 200);
    call(server, "GET", web + "/export?format=dotenv", null, 200);
    call(server, "POST", web + "/rollback", "{\"revision\":1,\"validate_only\":true}", 200);
    call(server, "POST", web + "/rollback", "{\"revision\":1,\"all\":true}", 200);
    configIsStreamed(server);
    call(server, "DELETE", web + "/layers/overlay.beta", null, 404);
    call(server, "DELETE", global, null, 200);
    call(server, "DELETE", web, null, 204);
  }

  private void configIsStreamed(TestServer server) throws Exception {
    HttpResponse<InputStream> stream =
        java.net.http.HttpClient.newHttpClient()
            .send(
                server.request("/api/v1/config/web/stream").GET().build(),
                BodyHandlers.ofInputStream());
    called.add("streamConfig");
    try (InputStream body = stream.body()) {
      assertThat(stream.statusCode()).isEqualTo(200);
      StringBuilder text = new StringBuilder();
      while (!text.toString().contains("\n\n") || !text.toString().contains("event: config")) {
        int b = body.read();
        assertThat(b).isNotNegative();
        text.append((char) b);
      }
    }
  }

  private void secrets(TestServer server) throws Exception {
    String db = "/api/v1/secrets/db";
    call(server, "GET", db, null, 404);
    call(server, "PUT", db, "{}", 400);
    String full =
        """
        {"value":"hidden","description":"d","tags":["t"],"expected":0,"notify_before":"2h","expires_at":"2099-01-01T00:00:00Z",
         "access":{"environments":["production"],"tenants":["team"],"workloads":["web"],"require_approval":false},
         "rotation":{"enabled":true,"interval":"30d","overlap":"1d","generator":{"length":20,"alphabet":"abc"},"timeout":"5s"}}\
        """;
    assertThat(call(server, "PUT", db, full, 201)).doesNotContain("hidden");
    call(server, "PUT", db, "{\"value\":\"other\",\"expected\":0}", 409);
    call(server, "PUT", db, "{\"value_base64\":\"AP8=\",\"expected\":1}", 200);
    call(server, "PUT", db, "{\"value_base64\":\"*\"}", 400);
    call(server, "PUT", db, "{\"generate\":true,\"expires_at\":\"never\"}", 200);
    call(server, "PUT", db, "{\"expires_at\":\"soon\"}", 400);
    call(server, "PUT", db, "{\"rotation\":{\"interval\":\"often\"}}", 400);
    assertThat(call(server, "GET", "/api/v1/secrets?tenant=*", null, 200)).doesNotContain("hidden");
    call(server, "GET", db, null, 200);
    call(server, "GET", db + "/versions", null, 200);
    call(server, "GET", db + "/uses", null, 200);
    assertThat(call(server, "POST", db + "/reveal", "{\"version\":1,\"reason\":\"x\"}", 200))
        .contains("hidden");
    assertThat(call(server, "POST", db + "/reveal", "{\"version\":2}", 200)).contains("AP8=");
    call(server, "POST", db + "/reveal", "{\"version\":9}", 404);
    call(server, "POST", db + "/rotate", "{}", 200);
    call(server, "POST", db + "/rotate", "{\"abandon\":true}", 409);
    call(server, "POST", db + "/versions/1/retire", "{\"force\":true}", 200);
    call(server, "POST", db + "/versions/1/retire", "{}", 409);
    call(server, "PUT", db, "{\"access\":{\"require_approval\":true}}", 200);
    call(server, "POST", db + "/reveal", "{}", 403);
    String asked = call(server, "POST", db + "/approvals", "{\"reason\":\"ticket\"}", 201);
    String id = Wire.JSON.readTree(asked).path("id").asString();
    call(server, "POST", "/api/v1/secret-approvals/" + id + "/approve", null, 403);
    String bob =
        call(server, "POST", "/api/v1/tokens", "{\"name\":\"bob\",\"role\":\"admin\"}", 201);
    try (SemperClient other = server.client(Wire.JSON.readTree(bob).path("secret").asString())) {
      assertThat(other.decideSecretApproval(id, true).state()).isEqualTo("approved");
    }
    call(server, "POST", db + "/reveal", "{}", 200);
    String again = call(server, "POST", db + "/approvals", "{\"reason\":\"ticket\"}", 201);
    String second = Wire.JSON.readTree(again).path("id").asString();
    call(server, "POST", "/api/v1/secret-approvals/" + second + "/deny", null, 200);
    call(server, "GET", "/api/v1/secret-approvals?secret=db", null, 200);
    call(server, "POST", "/api/v1/secret-keys/rekeys", "{\"master\":true}", 202);
    Awaitility.await()
        .atMost(30, TimeUnit.SECONDS)
        .until(() ->
            call(server, "GET", "/api/v1/secret-keys/rekeys", null, 200).contains("succeeded"));
    call(server, "POST", "/api/v1/secret-keys/rekeys", "{\"data\":false}", 400);
    call(server, "DELETE", db + "?force=true", null, 204);
    String audit = call(server, "GET", "/api/v1/audit?limit=1000", null, 200);
    assertThat(audit)
        .contains("secret.reveal", "secret.put", "secret.approve", "secret.rekey", "ticket")
        .doesNotContain("hidden", "AP8=");
  }

  private void alerts(TestServer server) throws Exception {
    String sick = "{\"kind\":\"process\",\"command\":[\"sleep\",\"600\"]}";
    done(server, call(server, "PUT", "/api/v1/workloads/sick?generation=0", sick, 202));
    call(
        server,
        "POST",
        "/api/v1/workloads/sick/state",
        "{\"state\":\"error\",\"reason\":\"test\"}",
        200);
    Awaitility.await()
        .atMost(30, TimeUnit.SECONDS)
        .until(() ->
            server.server().semper().alerts().firing().getOrDefault(AlertRule.Severity.CRITICAL, 0L)
                > 0);
    String listed = call(server, "GET", "/api/v1/alerts?severity=critical", null, 200);
    String id = Wire.JSON.readTree(listed).at("/items/0/id").asString();
    call(server, "GET", "/api/v1/alerts/" + id, null, 200);
    call(server, "GET", "/api/v1/alerts/none", null, 404);
    call(server, "POST", "/api/v1/alerts/" + id + "/ack", "{\"comment\":\"mine\"}", 200);
    call(server, "GET", "/api/v1/alerts/deliveries?status=dead", null, 200);
    call(server, "POST", "/api/v1/alerts/test", "{\"channel\":\"fax\"}", 404);
    String settings =
        "[alerts]\n[[alerts.channels]]\nname = \"page\"\ntype = \"command\"\ncommand = [\"/bin/false\"]\n";
    server.server().semper().alerts().reload(SpecReader.readAlerts(settings, null));
    String test = call(server, "POST", "/api/v1/alerts/test", "{\"channel\":\"page\"}", 200);
    String delivery = Wire.JSON.readTree(test).path("id").asString();
    call(server, "POST", "/api/v1/alerts/deliveries/" + delivery + "/resend", null, 202);
    call(server, "POST", "/api/v1/silences", "{\"duration\":\"0s\"}", 400);
    String silence =
        call(
            server,
            "POST",
            "/api/v1/silences",
            "{\"workloads\":[\"si*\"],\"duration\":\"2h\",\"comment\":\"x\"}",
            201);
    call(server, "GET", "/api/v1/silences", null, 200);
    String silenceId = Wire.JSON.readTree(silence).path("id").asString();
    call(server, "DELETE", "/api/v1/silences/" + silenceId, null, 204);
    done(server, call(server, "DELETE", "/api/v1/workloads/sick?force=true", null, 202));
  }

  private void documents(TestServer server) throws Exception {
    String document =
        """
        {"format":"toml","document":"[workloads.a]\\nkind='process'\\ncommand=['sleep','600']\\n"}\
        """;
    call(server, "POST", "/api/v1/plan", document, 200);
    String applied = call(server, "POST", "/api/v1/apply", document, 202);
    done(server, applied);
    String id = Wire.JSON.readTree(applied).at("/operation/id").asString();
    call(server, "GET", "/api/v1/operations/" + id + "/members", null, 200);
    call(server, "POST", "/api/v1/operations/" + id + "/cancel", null, 409);
    call(server, "POST", "/api/v1/apply", document, 200);
    String batch = "{\"items\":[{\"workload\":\"a\",\"action\":\"delete\"}]}";
    done(server, call(server, "POST", "/api/v1/batch", batch, 202));
  }

  private void events(TestServer server) throws Exception {
    call(server, "GET", "/api/v1/events?limit=5", null, 200);
    call(server, "GET", "/api/v1/events?tenant=*&after=0&limit=1000", null, 200);
    HttpResponse<InputStream> stream =
        java.net.http.HttpClient.newHttpClient()
            .send(
                server.request("/api/v1/events/stream?after=0&tenant=*").GET().build(),
                BodyHandlers.ofInputStream());
    called.add("streamEvents");
    assertThat(stream.statusCode()).isEqualTo(200);
    assertThat(stream.headers().firstValue("Content-Type")).contains("text/event-stream");
    try (InputStream body = stream.body()) {
      String first = new String(body.readNBytes(400), StandardCharsets.UTF_8);
      assertThat(first).contains("id: 1\n").contains("data: {\"seq\":1,");
    }
  }

  private void access(TestServer server) throws Exception {
    call(server, "PUT", "/api/v1/tenants/team", "{\"quota\":{\"memory\":\"1Gi\",\"cpu\":2}}", 201);
    call(server, "PUT", "/api/v1/tenants/team", "{}", 200);
    call(server, "GET", "/api/v1/tenants", null, 200);
    call(server, "GET", "/api/v1/tenants/team", null, 200);
    String created =
        call(
            server,
            "POST",
            "/api/v1/tokens",
            "{\"name\":\"bob\",\"role\":\"viewer\",\"tenant\":\"team\"}",
            201);
    String id = Wire.JSON.readTree(created).at("/token/id").asString();
    call(server, "GET", "/api/v1/tokens", null, 200);
    call(server, "DELETE", "/api/v1/tokens/" + id, null, 204);
    call(server, "DELETE", "/api/v1/tenants/team", null, 204);
    call(server, "DELETE", "/api/v1/tenants/default", null, 409);
    call(server, "GET", "/api/v1/audit?limit=1000", null, 200);
    call(server, "GET", "/api/v1/audit/verify", null, 200);
  }

  /// Waits for the operation in an answer and wants it to have succeeded.
  private void done(TestServer server, String answer) throws Exception {
    JsonNode json = Wire.JSON.readTree(answer);
    JsonNode operation = json.has("operation") ? json.get("operation") : json;
    String id = operation.required("id").asString();
    String ended = call(server, "GET", "/api/v1/operations/" + id + "?wait=30s", null, 200);
    assertThat(Wire.JSON.readTree(ended).path("status").asString())
        .as(ended)
        .isEqualTo("succeeded");
  }

  private String call(
      TestServer server, String method, String path, @Nullable String body, int status)
      throws Exception {
    List<String> segments = Arrays.asList(path.replaceAll("\\?.*", "").substring(1).split("/"));
    if (!(strict.match(method, segments) instanceof Contract.Match.Found found)) {
      throw new AssertionError(method + " " + path + " is not in the contract");
    }
    called.add(found.endpoint().id());
    return call(server, method, path, body, status, found.endpoint().id());
  }

  private String call(
      TestServer server, String method, String path, @Nullable String body, int status, String id)
      throws Exception {
    HttpRequest.Builder request =
        server
            .request(path)
            .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
    if (body != null) {
      request.header("Content-Type", "application/json");
    }
    HttpResponse<String> response = server.send(request.build());
    assertThat(response.statusCode())
        .as("%s %s: %s", method, path, response.body())
        .isEqualTo(status);
    checkAnswer(id, response, method + " " + path);
    return response.body();
  }

  private void checkAnswer(String id, HttpResponse<String> response, String what) {
    JsonNode responses = responses(id);
    JsonNode declared = responses.get(String.valueOf(response.statusCode()));
    if (declared == null) {
      assertThat(response.statusCode())
          .as("%s answers what is not declared", what)
          .isGreaterThan(399);
      declared = responses.required("default");
    }
    JsonNode content = strict.resolve(declared).get("content");
    if (content == null) {
      assertThat(response.body()).as(what).isEmpty();
      return;
    }
    String type = response.headers().firstValue("Content-Type").orElse("").replaceAll(";.*", "");
    assertThat(content.has(type)).as("%s answers %s", what, type).isTrue();
    if (type.endsWith("json")) {
      JsonNode schema = content.get(type).required("schema");
      List<Problem> problems = strict.check(schema, Wire.JSON.readTree(response.body()), "");
      assertThat(problems).as("%s: %s", what, response.body()).isEmpty();
    }
  }

  private JsonNode responses(String id) {
    for (JsonNode path : strict.root().required("paths")) {
      for (JsonNode operation : path) {
        if (operation.isObject() && operation.path("operationId").asString("").equals(id)) {
          return operation.required("responses");
        }
      }
    }
    return strict.root().at("/paths/~1metrics/get/responses");
  }

  @Test
  void hasARouteForEachOperationWithTheSameRole(@TempDir Path home) throws Exception {
    Map<String, @Nullable Role> contract = new LinkedHashMap<>();
    strict.endpoints().forEach(e -> contract.put(e.id(), e.role()));
    Map<String, @Nullable Role> routes = new LinkedHashMap<>();
    try (TestServer server = TestServer.start(home)) {
      server.server().routes().all().forEach((id, route) -> routes.put(id, route.role()));
    }

    assertThat(routes).containsExactlyInAnyOrderEntriesOf(contract);
  }

  @Test
  void auditsExactlyWhatMutates(@TempDir Path home) throws Exception {
    try (TestServer server = TestServer.start(home)) {
      Map<String, Routes.Route> routes = server.server().routes().all();
      for (Contract.Endpoint endpoint : strict.endpoints()) {
        Routes.Route route = routes.get(endpoint.id());
        assertThat(route).isNotNull();
        assertThat(route != null && route.action() != null)
            .as(endpoint.id())
            .isEqualTo(endpoint.mutates());
      }
    }
  }

  @Test
  void namesTheSameChoicesAsTheEngine() {
    assertThat(choices("/components/schemas/State")).isEqualTo(ids(State.values(), State::id));
    assertThat(choices("/components/schemas/OperationStatus"))
        .isEqualTo(ids(Operation.Status.values(), Operation.Status::id));
    assertThat(choices("/components/schemas/OperationInfo/properties/kind"))
        .isEqualTo(ids(OperationKind.values(), OperationKind::id));
    assertThat(choices("/components/schemas/InstanceInfo/properties/phase"))
        .isEqualTo(ids(Instance.Phase.values(), Instance.Phase::id));
    assertThat(choices("/components/schemas/StepInfo/properties/status"))
        .isEqualTo(ids(Operation.StepStatus.values(), Operation.StepStatus::id));
    assertThat(choices("/components/schemas/PlanItem/properties/action"))
        .isEqualTo(ids(Plan.Action.values(), Plan.Action::id));
    assertThat(choices("/components/schemas/HealthStatus"))
        .isEqualTo(ids(HealthStatus.values(), HealthStatus::id));
    assertThat(choices("/components/schemas/AnomalyInfo/properties/measure"))
        .isEqualTo(ids(Measure.values(), Measure::id));
    assertThat(choices("/components/schemas/TrendInfo/properties/direction"))
        .isEqualTo(ids(Trend.Direction.values(), Trend.Direction::id));
    assertThat(choices("/components/schemas/ProbeInfo/properties/outcome"))
        .isEqualTo(ids(ProbeResult.Kind.values(), k -> k.name().toLowerCase(Locale.ROOT)));
    assertThat(choices("/components/schemas/Role"))
        .isEqualTo(ids(Role.values(), r -> r.name().toLowerCase(Locale.ROOT)));
  }

  private Set<String> choices(String pointer) {
    Set<String> names = new TreeSet<>();
    strict.root().at(pointer).required("enum").forEach(n -> names.add(n.asString()));
    return names;
  }

  private static <E> Set<String> ids(E[] values, Function<E, String> id) {
    Set<String> ids = new TreeSet<>();
    for (E value : values) {
      ids.add(id.apply(value));
    }
    return ids;
  }
}
