package dev.semper.acceptance;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.api.EventQuery;
import dev.semper.api.SecretInfo;
import dev.semper.api.SecretRevealRequest;
import dev.semper.api.SecretRotateRequest;
import dev.semper.api.SecretVersionInfo;
import dev.semper.api.SecretWriteRequest;
import dev.semper.api.Wire;
import dev.semper.engine.store.PostgresServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Secrets of a real server with real processes: marked values are planted, used, changed and lost,
/// and then looked for in every place they must not be in, in every writing.
@Timeout(300)
class SecretsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /// A value, and all the writings it could hide in.
  private record Canary(String value, Set<String> writings) {
    static Canary hatch() {
      byte[] random = new byte[12];
      new SecureRandom().nextBytes(random);
      // Characters that each encoding writes differently, around a core that most do not.
      String core = "zq" + HexFormat.of().formatHex(random);
      String value = core + "\"/+é&=";
      Set<String> writings = new LinkedHashSet<>();
      writings.add(core);
      writings.add(new StringBuilder(core).reverse().toString());
      byte[] bytes = core.getBytes(UTF_8);
      writings.add(HexFormat.of().formatHex(bytes));
      writings.add(HexFormat.of().withUpperCase().formatHex(bytes));
      writings.add(URLEncoder.encode(value, UTF_8));
      writings.add(Wire.JSON.writeValueAsString(value));
      for (int shift = 0; shift < 3; shift++) { // Base64 of any text that has it within
        byte[] shifted = ("x".repeat(shift) + core).getBytes(UTF_8);
        String text = Base64.getEncoder().withoutPadding().encodeToString(shifted);
        String within = text.substring(shift == 0 ? 0 : 4, text.length() - 2);
        writings.add(within);
        writings.add(within.replace('+', '-').replace('/', '_'));
      }
      return new Canary(value, writings);
    }

    void assertNotIn(String where, String text) {
      for (String writing : writings) {
        assertThat(text.contains(writing)).as("%s has %s", where, writing).isFalse();
      }
    }
  }

  private static final List<String> LOOKS =
      List.of(
          "/api/v1/secrets?tenant=*",
          "/api/v1/secrets/db",
          "/api/v1/secrets/db/versions",
          "/api/v1/secrets/db/uses",
          "/api/v1/secret-approvals",
          "/api/v1/secret-keys/rekeys",
          "/api/v1/config",
          "/api/v1/config/web",
          "/api/v1/config/web?reveal=true",
          "/api/v1/config/web?workload=web&reveal=true",
          "/api/v1/config/web/explain",
          "/api/v1/config/web/revisions",
          "/api/v1/config/web/layers/global?reveal=true",
          "/api/v1/config/web/diff?from=0&to=1",
          "/api/v1/config/web/export?format=toml&reveal=true",
          "/api/v1/config/web/export?format=yaml&layer=global&reveal=true",
          "/api/v1/config/web/export?format=json",
          "/api/v1/config/web/export?format=dotenv&reveal=true",
          "/api/v1/events?tenant=*&after=0&limit=1000",
          "/api/v1/audit?tenant=*&limit=1000",
          "/api/v1/workloads?tenant=*",
          "/api/v1/workloads/web",
          "/api/v1/workloads/web/releases",
          "/api/v1/workloads/web/logs",
          "/api/v1/operations?tenant=*",
          "/api/v1/health",
          "/api/v1/alerts",
          "/health",
          "/metrics");

  private static final String WEB =
      """
      [workloads.web]
      kind = "process"
      command = ["sh", "-c", "echo started; exec sleep 600"]
      start_seconds = "50ms"
      [workloads.web.config]
      env = true
      files = [{ path = "app.json", format = "json" }]
      [workloads.other]
      kind = "process"
      command = ["sleep", "600"]
      start_seconds = "50ms"
      """;

  private static SecretWriteRequest value(String value) {
    return new SecretWriteRequest(value, null, null, null, null, null, null, null, null, null);
  }

  private static HttpResponse<InputStream> send(
      Lab lab, String method, String path, @Nullable String body) {
    try {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create(lab.server().url() + path))
              .timeout(Duration.ofSeconds(30))
              .header("Authorization", "Bearer " + lab.server().token());
      if (body != null) {
        request.header("Content-Type", "application/json");
      }
      return HTTP.send(
          request
              .method(
                  method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
              .build(),
          BodyHandlers.ofInputStream());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private static String answer(Lab lab, String method, String path, @Nullable String body)
      throws IOException {
    HttpResponse<InputStream> response = send(lab, method, path, body);
    try (InputStream in = response.body()) {
      return response.headers() + new String(in.readAllBytes(), UTF_8);
    }
  }

  /// What a stream says until it has told all there is now.
  private static String stream(Lab lab, String path, String until) throws IOException {
    try (InputStream in = send(lab, "GET", path, null).body()) {
      StringBuilder text = new StringBuilder();
      byte[] some = new byte[4096];
      while (text.indexOf(until) < 0) {
        int n = in.read(some);
        if (n < 0) {
          break;
        }
        text.append(new String(some, 0, n, UTF_8));
      }
      return text.toString();
    }
  }

  private static List<String> states(Lab lab) {
    return lab.client().secretVersions("db").items().stream()
        .map(SecretVersionInfo::state)
        .toList();
  }

  @Test
  void aPlantedSecretIsFoundNowhereElse() throws Exception {
    Canary first = Canary.hatch();
    Canary second = Canary.hatch();
    Canary third = Canary.hatch();
    Canary mistyped = Canary.hatch();
    Map<String, String> found = new LinkedHashMap<>();
    try (Lab lab = Lab.open()) {
      Path home = lab.server().home();
      Path file = home.resolveSibling(home.getFileName() + ".value");
      Files.writeString(file, first.value());
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
      try {
        Cli.Result set =
            Cli.semper(
                home, "secret", "set", "db", "--from-file", file.toString(), "--overlap", "0s");
        assertThat(set.code()).as(set.output()).isZero();
        found.put("the command line", set.output());
      } finally {
        Files.delete(file);
      }
      answer(
          lab,
          "PUT",
          "/api/v1/config/web/layers/global",
          "{\"values\":{\"url\":\"db://{{secret:db}}@x\",\"password\":\"{{secret:db}}\"}}");
      lab.run(WEB);
      assertThat(environ(lab.pid("web"))).as("it was given").contains(first.value());
      Cli.Result shown = Cli.semper(home, "secret", "get", "db", "--reason", "to see it");
      assertThat(shown.output()).contains(first.value());
      found.put("another command", Cli.semper(home, "secret", "show", "db").output());

      long pid = lab.pid("web");
      lab.client().rotateSecret("db", new SecretRotateRequest(second.value(), null, null));
      lab.awaitSuccessor("web", pid);
      lab.server().kill9();
      lab.server().start();
      try {
        Awaitility.await("the old version is given up")
            .atMost(Duration.ofSeconds(45))
            .until(() -> states(lab).equals(List.of("current", "retired")));
      } catch (ConditionTimeoutException e) {
        throw new AssertionError(
            lab.client().secret("db")
                + "\n"
                + lab.client().secretVersions("db")
                + "\n"
                + lab.client().secretUses("db")
                + "\n"
                + lab.workload("web")
                + "\n"
                + lab.client().events(EventQuery.ALL, 1000).items()
                + "\n"
                + lab.server().log(),
            e);
      }
      assertThat(environ(lab.pid("web"))).contains(second.value());
      Cli.Result rekey = Cli.semper(home, "secret", "rekey", "--master");
      assertThat(rekey.code()).as(rekey.output()).isZero();
      lab.client().putSecret("unused", value(third.value()));
      assertThat(lab.client().revealSecret("db", new SecretRevealRequest(null, "again")).value())
          .isEqualTo(second.value());

      errors(lab, mistyped, found);
      for (String path : LOOKS) {
        found.put(path, answer(lab, "GET", path, null));
      }
      long last = lab.lastEvent();
      found.put(
          "the stream of events",
          stream(lab, "/api/v1/events/stream?after=0&tenant=*", "id: " + last + "\n"));
      found.put(
          "the stream of the configuration", stream(lab, "/api/v1/config/web/stream", "data: "));
      files(home, found);
      processes(lab, found);

      for (Canary canary : List.of(first, second, third, mistyped)) {
        found.forEach(canary::assertNotIn);
      }
      assertThat(found.get("/api/v1/audit?tenant=*&limit=1000"))
          .contains("secret.reveal", "to see it", "secret.deliver", "secret.rotate");
      assertThat(found).containsKeys("file semper.db", "/proc/*/cmdline");
    }
  }

  /// Everything that is refused, with a value in it.
  private static void errors(Lab lab, Canary canary, Map<String, String> found) throws IOException {
    String json = Wire.JSON.writeValueAsString(canary.value());
    List<String> bodies =
        List.of(
            "{\"value\":" + json + ",\"nonsense\":1}",
            "{\"value\":" + json + ",\"expected\":99}",
            "{\"value\":" + json + ",\"value_base64\":" + json + "}",
            "{\"value\":{\"x\":" + json + "}}",
            "{\"value\":[" + json + "]}",
            "{\"value_base64\":" + json + "}",
            "{\"value\":" + json,
            "{\"value\":" + canary.writings().iterator().next() + "}",
            "{\"value\":" + json + "}}",
            "{\"value\":" + json + ",\"value\":" + json + "}",
            "{\"value\":" + json + ",\"generate\":true}",
            "{\"value\":" + json + ",\"expires_at\":\"x\"}",
            json,
            canary.value());
    int n = 0;
    for (String path : List.of("/api/v1/secrets/db", "/api/v1/secrets/none")) {
      for (String body : bodies) {
        HttpResponse<InputStream> response = send(lab, "PUT", path, body);
        try (InputStream in = response.body()) {
          assertThat(response.statusCode()).as(body).isBetween(400, 499);
          found.put("error " + ++n, new String(in.readAllBytes(), UTF_8));
        }
      }
    }
    found.put(
        "error of a rotation",
        answer(
            lab, "POST", "/api/v1/secrets/db/rotate", "{\"value\":" + json + ",\"abandon\":true}"));
  }

  /// Everything below the home but what is given to the workload itself.
  private static void files(Path home, Map<String, String> found) throws IOException {
    try (Stream<Path> all = Files.walk(home)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        String name = home.relativize(file).toString();
        if (!name.startsWith("config/")) {
          found.put("file " + name, new String(Files.readAllBytes(file), ISO_8859_1));
          found.put("text of file " + name, new String(Files.readAllBytes(file), UTF_8));
        }
      }
    }
  }

  private static void processes(Lab lab, Map<String, String> found) throws IOException {
    Set<Long> given = new LinkedHashSet<>(lab.pids("web"));
    StringBuilder commands = new StringBuilder();
    StringBuilder environments = new StringBuilder();
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      for (Path process : all.filter(p -> p.getFileName().toString().matches("[0-9]+")).toList()) {
        commands.append(read(process.resolve("cmdline"))).append('\n');
        if (!given.contains(Long.parseLong(process.getFileName().toString()))) {
          environments.append(read(process.resolve("environ"))).append('\n');
        }
      }
    }
    found.put("/proc/*/cmdline", commands.toString());
    found.put("the environment of others", environments.toString());
  }

  private static String environ(long pid) {
    return read(Path.of("/proc/" + pid + "/environ"));
  }

  /// Empty if the process has gone or is somebody else's.
  private static String read(Path file) {
    try {
      return new String(Files.readAllBytes(file), UTF_8);
    } catch (IOException _) {
      return "";
    }
  }

  @Test
  void withoutItsMasterKeyTheServerSaysSoAndChangesNothing() throws Exception {
    try (ServerProcess server = ServerProcess.create().start()) {
      server.client().putSecret("db", value("first"));
      server.kill9();
      Path key = server.home().resolve("master.key");
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(key)))
          .isEqualTo("rw-------");
      Path copy = Files.move(key, server.home().resolve("copy"));

      server.launch();
      Awaitility.await().atMost(PATIENCE).until(() -> !server.running());
      assertThat(server.log())
          .contains("wrapped by master key", "is not there", "previous_master_key_file");

      Files.move(copy, key);
      server.start();
      assertThat(server.client().revealSecret("db", new SecretRevealRequest(null, null)).value())
          .isEqualTo("first");
    }
  }

  @Test
  void aServerOnPostgresqlDiesWhileItChangesKeysAndGoesOn() throws Exception {
    try (PostgresServer postgres = PostgresServer.start();
        ServerProcess server = ServerProcess.create()) {
      server.settings(
          "[database]\nurl = \"%s\"\nuser = \"postgres\"\n".formatted(postgres.url("postgres")));
      server.options("-Dsemper.halt-at=^secret/rekey/put_in_place/kept$");
      server.start();
      List<String> names = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        names.add("s" + i);
        server.client().putSecret("s" + i, value("value " + i));
      }
      var _ = Cli.semper(server.home(), "secret", "rekey", "--master", "--no-wait");
      Awaitility.await().atMost(PATIENCE).until(() -> !server.running());
      server.options();
      server.start();

      Awaitility.await("the change of keys ends")
          .atMost(PATIENCE)
          .until(() -> server.client().rekeys().items().getFirst().state().equals("succeeded"));
      for (SecretInfo secret : server.client().secrets().items()) {
        names.remove(secret.name());
        assertThat(
                server
                    .client()
                    .revealSecret(secret.name(), new SecretRevealRequest(null, null))
                    .value())
            .isEqualTo("value " + secret.name().substring(1));
      }
      assertThat(names).isEmpty();
    }
  }
}
