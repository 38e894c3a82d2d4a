package dev.semper.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.api.ProblemDetails;
import dev.semper.api.Wire;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Whatever is wrong with a request, the answer is a 4xx that says what, and nothing has changed.
class MalformedRequestsTest {
  private static final String WEB = "/api/v1/workloads/web";

  /// @param field what the problem must name; empty if the problem is not in a field
  record Case(
      String method,
      String path,
      @Nullable String body,
      Map<String, String> headers,
      int status,
      String field) {
    @Override
    public String toString() {
      String shown = body == null ? "" : body.length() > 60 ? body.length() + " bytes" : body;
      return "%s %s %s %s → %d".formatted(method, path, shown, headers, status);
    }
  }

  @TempDir static Path home;
  private static TestServer server;

  @BeforeAll
  static void start() throws Exception {
    server = TestServer.start(home);
    HttpResponse<String> put =
        server.call(
            "PUT", WEB + "?start=false", "{\"kind\":\"process\",\"command\":[\"sleep\",\"600\"]}");
    assertThat(put.statusCode()).as(put.body()).isEqualTo(202);
    String id = Wire.JSON.readTree(put.body()).at("/operation/id").asString();
    server.call("GET", "/api/v1/operations/" + id + "?wait=20s", null);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  static List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    badJson(cases);
    badFields(cases);
    badSpecs(cases);
    badNames(cases);
    badQueries(cases);
    wrongMethods(cases);
    wrongPaths(cases);
    badTokens(cases);
    badHeads(cases);
    return cases;
  }

  private static void badJson(List<Case> cases) {
    String deep = "[".repeat(2000) + "]".repeat(2000);
    for (String path : List.of("/api/v1/apply", "/api/v1/batch", WEB + "/start")) {
      for (String body :
          List.of(
              "{",
              "nonsense",
              "{\"a\":1,\"a\":2}",
              "{} {}",
              "'x'",
              "\u0000",
              "{\"a\":01}",
              "{,}",
              deep)) {
        cases.add(json("POST", path, body, "body"));
      }
      for (String body : List.of("[]", "null", "1", "\"x\"", "true")) {
        cases.add(json("POST", path, body, ""));
      }
    }
  }

  private static void badFields(List<Case> cases) {
    for (String action : List.of("start", "stop", "restart", "recover", "rollback")) {
      String path = WEB + "/" + action;
      cases.add(json("POST", path, "{\"dryrun\":true}", "dryrun"));
      cases.add(json("POST", path, "{\"dry_run\":\"yes\"}", "dry_run"));
      cases.add(json("POST", path, "{\"force\":1}", "force"));
      cases.add(json("POST", path, "{\"priority\":\"urgent\"}", "priority"));
      cases.add(json("POST", path, "{\"priority\":5}", "priority"));
      cases.add(json("POST", path, "{\"timeout\":\"soon\"}", "timeout"));
      cases.add(json("POST", path, "{\"timeout\":30}", "timeout"));
      cases.add(json("POST", path, "{\"timeout\":\"-1s\"}", "timeout"));
      cases.add(json("POST", path, "{\"timeout\":\"0s\"}", "timeout"));
      cases.add(json("POST", path, "{\"attempts\":0}", "attempts"));
      cases.add(json("POST", path, "{\"attempts\":11}", "attempts"));
      cases.add(json("POST", path, "{\"attempts\":1.5}", "attempts"));
      cases.add(json("POST", path, "{\"queue\":null}", "queue"));
    }
    String state = WEB + "/state";
    cases.add(json("POST", state, "{}", "state"));
    cases.add(json("POST", state, "{\"state\":\"happy\",\"reason\":\"x\"}", "state"));
    cases.add(json("POST", state, "{\"state\":\"stopped\"}", "reason"));
    cases.add(json("POST", state, "{\"state\":\"stopped\",\"reason\":\"\"}", "reason"));
    cases.add(json("POST", "/api/v1/batch", "{}", "items"));
    cases.add(json("POST", "/api/v1/batch", "{\"items\":[]}", "items"));
    cases.add(json("POST", "/api/v1/batch", "{\"items\":[1]}", "items[0]"));
    String item = "{\"items\":[{\"workload\":\"web\",\"action\":\"%s\"%s}]%s}";
    cases.add(json("POST", "/api/v1/batch", item.formatted("fly", "", ""), "items[0].action"));
    cases.add(json("POST", "/api/v1/batch", item.formatted("stop", ",\"x\":1", ""), "items[0].x"));
    cases.add(
        json(
            "POST",
            "/api/v1/batch",
            item.formatted("stop", "", ",\"parallelism\":0"),
            "parallelism"));
    cases.add(
        json(
            "POST",
            "/api/v1/batch",
            item.formatted("stop", ",\"options\":{\"dry_run\":true}", ""),
            "items[0].options.dry_run"));
    for (String path : List.of("/api/v1/apply", "/api/v1/plan")) {
      cases.add(json("POST", path, "{}", "document"));
      cases.add(json("POST", path, "{\"document\":1}", "document"));
      cases.add(json("POST", path, "{\"document\":\"\",\"format\":\"xml\"}", "format"));
      cases.add(
          json("POST", path, "{\"document\":\"x = 1\",\"base_dir\":\"relative\"}", "base_dir"));
      cases.add(json("POST", path, "{\"document\":\"\",\"prune\":\"all\"}", "prune"));
    }
    cases.add(json("POST", "/api/v1/tokens", "{\"role\":\"viewer\"}", "name"));
    cases.add(json("POST", "/api/v1/tokens", "{\"name\":\"a b\",\"role\":\"viewer\"}", "name"));
    cases.add(json("POST", "/api/v1/tokens", "{\"name\":\"a\",\"role\":\"root\"}", "role"));
    cases.add(
        json(
            "POST",
            "/api/v1/tokens",
            "{\"name\":\"a\",\"role\":\"admin\",\"tenant\":\"A\"}",
            "tenant"));
    cases.add(json("PUT", "/api/v1/tenants/t", "{\"quota\":{\"cpu\":-1}}", "quota.cpu"));
    cases.add(
        json("PUT", "/api/v1/tenants/t", "{\"quota\":{\"memory\":\"lots\"}}", "quota.memory"));
    cases.add(
        json("PUT", "/api/v1/tenants/t", "{\"quota\":{\"instances\":1.5}}", "quota.instances"));
    cases.add(json("PUT", "/api/v1/tenants/t", "{\"quotas\":{}}", "quotas"));
    cases.add(json("PUT", "/api/v1/tenants/t", "{\"quota\":{\"disk\":1}}", "quota.disk"));
    cases.add(json("POST", "/api/v1/server/shutdown", "{\"now\":true}", "now"));
    cases.add(json("POST", "/api/v1/server/reload", "{}", "body"));
  }

  private static void badSpecs(List<Case> cases) {
    String spec = "{\"kind\":\"process\",\"command\":[\"sleep\",\"600\"],%s}";
    cases.add(json("PUT", WEB, "{}", "kind"));
    cases.add(json("PUT", WEB, "{\"kind\":\"spaceship\"}", "kind"));
    cases.add(json("PUT", WEB, "{\"kind\":\"process\"}", "command"));
    cases.add(json("PUT", WEB, spec.formatted("\"instances\":-1"), "instances"));
    cases.add(json("PUT", WEB, spec.formatted("\"instances\":\"many\""), "instances"));
    cases.add(json("PUT", WEB, spec.formatted("\"instancs\":1"), "instancs"));
    cases.add(
        json("PUT", WEB, spec.formatted("\"restart\":{\"policy\":\"maybe\"}"), "restart.policy"));
    cases.add(json("PUT", WEB, spec.formatted("\"stop\":{\"timeout\":\"soon\"}"), "stop.timeout"));
    cases.add(json("PUT", WEB, spec.formatted("\"env\":{\"A\":[1]}"), "env.A"));
    cases.add(json("PUT", WEB, spec.formatted("\"env\":{\"TOKEN\":\"***\"}"), "env.TOKEN"));
    cases.add(
        json(
            "PUT", WEB, spec.formatted("\"resources\":{\"memory\":\"lots\"}"), "resources.memory"));
    cases.add(json("PUT", WEB, spec.formatted("\"port\":70000"), "port"));
    cases.add(json("PUT", WEB, spec.formatted("\"depends_on\":[\"web\"]"), "depends_on"));
    cases.add(json("PUT", WEB, spec.formatted("\"probes\":[{\"name\":\"x\"}]"), "probes[0]"));
    for (String document :
        List.of(
            "[workloads.a]",
            "[workloads",
            "x = 1",
            "",
            "[workloads.a]\\nkind = 'process'\\ncommand = 7")) {
      cases.add(json("POST", "/api/v1/apply", "{\"document\":\"" + document + "\"}", ""));
    }
  }

  private static void badNames(List<Case> cases) {
    for (String name :
        List.of(
            "Web",
            "a_b",
            "-a",
            "a%20b",
            "..",
            "%2e%2e",
            "a%2Fb",
            "%00",
            "a".repeat(64),
            "%C3%A4")) {
      int status = 400;
      cases.add(new Case("GET", "/api/v1/workloads/" + name, null, Map.of(), status, "name"));
      cases.add(
          new Case("POST", "/api/v1/workloads/" + name + "/stop", null, Map.of(), status, "name"));
      cases.add(new Case("PUT", "/api/v1/tenants/" + name, "{}", json(), status, "name"));
    }
    cases.add(new Case("GET", "/api/v1/operations/a.b", null, Map.of(), 400, "id"));
    cases.add(new Case("DELETE", "/api/v1/tokens/a%20b", null, Map.of(), 400, "id"));
  }

  private static void badQueries(List<Case> cases) {
    for (String query :
        List.of(
            "limit=0",
            "limit=-1",
            "limit=many",
            "limit=1001",
            "limit=",
            "limit=99999999999999999999")) {
      for (String path : List.of("/api/v1/operations", "/api/v1/events", "/api/v1/audit")) {
        cases.add(new Case("GET", path + "?" + query, null, Map.of(), 400, "limit"));
      }
    }
    cases.add(new Case("GET", "/api/v1/events?after=-1", null, Map.of(), 400, "after"));
    cases.add(new Case("GET", "/api/v1/events/stream?after=then", null, Map.of(), 400, "after"));
    cases.add(new Case("GET", "/api/v1/events?afer=1", null, Map.of(), 400, "afer"));
    cases.add(new Case("GET", "/api/v1/events?after=1&after=2", null, Map.of(), 400, "after"));
    cases.add(new Case("GET", "/api/v1/operations?status=done", null, Map.of(), 400, "status"));
    cases.add(new Case("GET", WEB + "/logs?lines=-5", null, Map.of(), 400, "lines"));
    cases.add(new Case("GET", WEB + "/logs?follow=maybe", null, Map.of(), 400, "follow"));
    cases.add(new Case("GET", WEB + "/logs?instance=one", null, Map.of(), 400, "instance"));
    cases.add(new Case("DELETE", WEB + "?force=yes", null, Map.of(), 400, "force"));
    cases.add(new Case("DELETE", WEB + "?timeout=x", null, Map.of(), 400, "timeout"));
    cases.add(new Case("DELETE", WEB + "?cascade=1", null, Map.of(), 400, "cascade"));
    cases.add(new Case("DELETE", WEB, "{}", json(), 400, "body"));
    cases.add(new Case("GET", WEB + "?tenant=nobody", null, Map.of(), 404, ""));
    cases.add(new Case("GET", WEB + "?tenant=*", null, Map.of(), 400, "tenant"));
  }

  private static void wrongMethods(List<Case> cases) {
    cases.add(new Case("DELETE", "/api/v1/workloads", null, Map.of(), 405, "method"));
    cases.add(new Case("POST", WEB, "{}", json(), 405, "method"));
    cases.add(new Case("GET", WEB + "/start", null, Map.of(), 405, "method"));
    cases.add(new Case("PATCH", WEB, "{}", json(), 405, "method"));
    cases.add(new Case("OPTIONS", WEB, null, Map.of(), 405, "method"));
    cases.add(new Case("PUT", "/api/v1/events", "{}", json(), 405, "method"));
    cases.add(new Case("DELETE", "/api/v1/server", null, Map.of(), 405, "method"));
    cases.add(new Case("POST", "/healthz", null, Map.of(), 405, "method"));
    cases.add(new Case("GET", "/api/v1/apply", null, Map.of(), 405, "method"));
    cases.add(new Case("BREW", WEB, null, Map.of(), 405, "method"));
  }

  private static void wrongPaths(List<Case> cases) {
    for (String path :
        List.of(
            "/",
            "/api",
            "/api/v2/workloads",
            "/api/v1/workload",
            WEB + "/fly",
            "/api/v1/workloads/web/start/now",
            "/etc/passwd",
            "/api/v1/../../etc/passwd",
            "/api/v1/workloads/..%2f..%2fetc/passwd",
            "//api/v1/workloads",
            "/API/V1/WORKLOADS")) {
      cases.add(new Case("GET", path, null, Map.of(), 404, ""));
    }
    cases.add(new Case("GET", "/api/v1/workloads/nobody", null, Map.of(), 404, ""));
    cases.add(new Case("POST", "/api/v1/workloads/nobody/start", null, Map.of(), 404, ""));
    cases.add(new Case("GET", "/api/v1/operations/op-1", null, Map.of(), 404, ""));
    cases.add(new Case("POST", "/api/v1/operations/op-1/cancel", null, Map.of(), 404, ""));
    cases.add(new Case("GET", "/api/v1/tenants/nobody", null, Map.of(), 404, ""));
    cases.add(new Case("DELETE", "/api/v1/tenants/nobody", null, Map.of(), 404, ""));
    cases.add(new Case("DELETE", "/api/v1/tokens/0000", null, Map.of(), 404, ""));
  }

  private static void badTokens(List<Case> cases) {
    for (String header :
        List.of(
            "Bearer",
            "Bearer ",
            "Bearer x",
            "Basic YTpi",
            "smp_1_2",
            "Bearer smp__",
            "Bearer smp_000000000000_x")) {
      cases.add(new Case("GET", WEB, null, Map.of("Authorization", header), 401, ""));
      cases.add(new Case("POST", WEB + "/stop", null, Map.of("Authorization", header), 401, ""));
    }
  }

  private static void badHeads(List<Case> cases) {
    cases.add(
        new Case(
            "POST",
            WEB + "/stop",
            "{}",
            Map.of("Content-Type", "text/plain"),
            415,
            "Content-Type"));
    cases.add(
        new Case(
            "POST",
            WEB + "/stop",
            "a=b",
            Map.of("Content-Type", "application/x-www-form-urlencoded"),
            415,
            "Content-Type"));
    cases.add(
        new Case("POST", WEB + "/stop", null, Map.of("Origin", "http://evil.example"), 403, ""));
    cases.add(new Case("GET", WEB, null, Map.of("Origin", "null"), 403, ""));
    cases.add(
        new Case(
            "PUT",
            WEB,
            "{\"kind\":\"process\",\"command\":[\"x\"]}",
            Map.of("Content-Type", "application/json", "If-Match", "yesterday"),
            400,
            "If-Match"));
    cases.add(
        new Case(
            "PUT",
            WEB,
            "{\"kind\":\"process\",\"command\":[\"x\"]}",
            Map.of("Content-Type", "application/json", "If-Match", "\"99\""),
            409,
            ""));
    cases.add(
        new Case(
            "POST",
            WEB + "/stop",
            null,
            Map.of("Idempotency-Key", "k".repeat(201)),
            400,
            "Idempotency-Key"));
    cases.add(
        new Case(
            "GET",
            "/api/v1/events/stream",
            null,
            Map.of("Last-Event-ID", "x"),
            400,
            "Last-Event-ID"));
    cases.add(
        new Case(
            "POST",
            "/api/v1/apply",
            "{\"document\":\"" + "x".repeat(9 << 20) + "\"}",
            json(),
            413,
            "body"));
  }

  private static Map<String, String> json() {
    return Map.of("Content-Type", "application/json");
  }

  private static Case json(String method, String path, String body, String field) {
    return new Case(method, path, body, json(), 400, field);
  }

  @Test
  void areManyAndAllDifferent() {
    assertThat(cases()).hasSizeGreaterThan(200).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void areRefusedByName(Case malformed) throws Exception {
    String before = state();

    HttpResponse<String> response = send(malformed);

    assertThat(response.statusCode()).as(response.body()).isEqualTo(malformed.status());
    assertThat(response.headers().firstValue("Content-Type")).contains("application/problem+json");
    ProblemDetails problem = Wire.JSON.readValue(response.body(), ProblemDetails.class);
    assertThat(problem.detail()).isNotBlank().doesNotContain("Exception").doesNotContain("\tat ");
    assertThat(problem.code()).isNotBlank();
    if (!malformed.field().isEmpty()) {
      assertThat(problem.problems()).as(response.body()).isNotNull();
      assertThat(problem.problems())
          .as(response.body())
          .anySatisfy(p -> assertThat(p.path()).startsWith(malformed.field()));
    }
    if (malformed.status() == 405) {
      assertThat(response.headers().firstValue("Allow")).isPresent();
    }
    assertThat(state()).isEqualTo(before);
  }

  private static HttpResponse<String> send(Case malformed) throws Exception {
    HttpRequest.Builder request =
        server
            .request(malformed.path())
            .method(
                malformed.method(),
                malformed.body() == null
                    ? BodyPublishers.noBody()
                    : BodyPublishers.ofString(malformed.body()));
    malformed.headers().forEach(request::setHeader);
    return server.send(request.build());
  }

  /// What must not change: workloads, tenants, tokens, operations and events.
  private static String state() throws Exception {
    return server.call("GET", WEB, null).body()
        + server.call("GET", "/api/v1/workloads", null).body()
        + server.call("GET", "/api/v1/operations?limit=1", null).body()
        + server.call("GET", "/api/v1/events?tenant=*&limit=1", null).body()
        + server.call("GET", "/api/v1/tenants", null).body()
        + server.call("GET", "/api/v1/tokens", null).body();
  }

  @ParameterizedTest
  @MethodSource("rawRequests")
  void areRefusedEvenIfTheyAreNotHttp(String raw, String expected) throws Exception {
    String answer = raw(raw);

    assertThat(answer).matches("(?s)HTTP/1\\.[01] " + expected + ".*");
    assertThat(server.call("GET", "/healthz", null).statusCode()).isEqualTo(200);
  }

  static List<Object[]> rawRequests() {
    return List.of(
        new Object[] {"GET /api/v1/workloads HTTP/1.1\r\nHost: evil.example\r\n\r\n", "403"},
        new Object[] {"GET /api/v1/workloads HTTP/1.1\r\n\r\n", "40"},
        new Object[] {"GET /api/v1/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"},
        new Object[] {"GET /" + "a".repeat(9000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", "414"},
        new Object[] {
          "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + "a".repeat(20000) + "\r\n\r\n", "431"
        },
        new Object[] {"NONSENSE\r\n\r\n", "400"});
  }

  private static String raw(String request) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.server().port())) {
      socket.setSoTimeout(10_000);
      OutputStream out = socket.getOutputStream();
      out.write(request.getBytes(StandardCharsets.ISO_8859_1));
      out.flush();
      InputStream in = socket.getInputStream();
      byte[] buffer = new byte[64];
      int read = in.read(buffer);
      return read < 0 ? "" : new String(buffer, 0, read, StandardCharsets.ISO_8859_1);
    }
  }
}
