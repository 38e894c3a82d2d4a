package dev.semper.engine.secret;

import static dev.semper.testkit.EngineHarness.ACTOR;
import static dev.semper.testkit.EngineHarness.TENANT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.engine.config.ConfigFormat;
import dev.semper.engine.config.Layer;
import dev.semper.engine.config.Write;
import dev.semper.engine.operation.Doc;
import dev.semper.engine.operation.Operation;
import dev.semper.engine.store.AuditLog;
import dev.semper.engine.store.Event;
import dev.semper.testkit.EngineHarness;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/// How secrets come to the workloads whose configuration refers to them.
class SecretDeliveryTest {
  private static final String FILES = "files = [{ path = \"%s\", format = \"dotenv\" }]";

  @RegisterExtension final EngineHarness engine = new EngineHarness();
  @TempDir Path directory;

  private static String web(String... config) {
    return Doc.workload("web", "1", "instances = 2", "update = { ready_timeout = \"2s\" }")
        + "[workloads.web.config]\n"
        + String.join("\n", config)
        + "\n";
  }

  private void write(String toml) throws InterruptedException {
    var _ =
        engine
            .semper()
            .config()
            .write(
                Write.of(
                    TENANT,
                    "web",
                    Layer.GLOBAL,
                    new Write.Change.Replace(ConfigFormat.TOML.read(toml)),
                    ACTOR));
  }

  private Secrets secrets() {
    return engine.semper().secrets();
  }

  private void set(String name, String value) throws InterruptedException {
    var _ = secrets().put(SecretWrite.of(TENANT, name, value, ACTOR));
  }

  private static void eventually(String what, ThrowingCallable check) {
    Awaitility.await(what)
        .pollInterval(Duration.ofMillis(20))
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(check::call);
  }

  private String lastUrl() {
    return String.valueOf(engine.driver().launches("web").getLast().env().get("URL"));
  }

  private List<String> uses() {
    return secrets().uses(TENANT, "db").stream()
        .map(u -> u.instance() + " " + u.version() + (u.adoptedAt() == null ? " not yet" : ""))
        .sorted()
        .toList();
  }

  private List<String> states() {
    return secrets().history(TENANT, "db").stream()
        .map(v -> v.number() + " " + v.state().id())
        .toList();
  }

  @Test
  void aWorkloadIsGivenTheValueAndAfterARotationTheNewOneUntilNobodyHasTheOld() throws Exception {
    set("db", "first");
    write("url = \"postgres://app:{{secret:db}}@db\"");
    engine.up(web("env = true"));

    assertThat(lastUrl()).isEqualTo("postgres://app:first@db");
    eventually(
        "both are well with it", () -> assertThat(uses()).containsExactly("web-0 1", "web-1 1"));

    secrets().rotate(TENANT, "db", Clear.of("second"), ACTOR);

    eventually(
        "both have the new one", () -> assertThat(uses()).containsExactly("web-0 2", "web-1 2"));
    assertThat(lastUrl()).isEqualTo("postgres://app:second@db");
    eventually(
        "the old one is given up",
        () -> assertThat(states()).containsExactly("2 current", "1 retired"));
    List<AuditLog.Entry> given =
        engine.semper().audit().newest(TENANT, null, "secret.deliver", 100);
    assertThat(given).hasSize(4);
    assertThat(given.getFirst().entry().actor()).isEqualTo("workload:default/web");
    assertThat(engine.semper().config().history(TENANT, "web", null, 10))
        .extracting(r -> r.secret() + " " + r.description())
        .containsExactly("db@2 secret db is at version 2", " ");
  }

  @Test
  void filesAreRenderedAnewAndTheProgramIsTold() throws Exception {
    Path file = directory.resolve("web.env");
    set("db", "first");
    write("password = \"{{secret:db}}\"");
    engine.up(web(FILES.formatted(file), "change = { mode = \"signal\", settle = \"1ms\" }"));
    assertThat(file).hasContent("PASSWORD=\"first\"");
    List<String> before = engine.driver().running("web");

    secrets().rotate(TENANT, "db", Clear.of("second"), ACTOR);

    eventually(
        "the old one is given up",
        () -> assertThat(states()).containsExactly("2 current", "1 retired"));
    assertThat(file).hasContent("PASSWORD=\"second\"");
    assertThat(engine.driver().running("web")).isEqualTo(before);
  }

  @Test
  void aServerThatDiesAfterARotationBringsItFurther() throws Exception {
    set("db", "first");
    write("url = \"{{secret:db}}\"");
    engine.up(web("env = true"));
    eventually(
        "both are well with it", () -> assertThat(uses()).containsExactly("web-0 1", "web-1 1"));

    engine.points().hold("config/write/checked");
    secrets().rotate(TENANT, "db", Clear.of("second"), ACTOR);
    eventually("the renewal has begun", () -> assertThat(engine.points().held()).isEqualTo(1));
    engine.restart();

    eventually(
        "both have the new one", () -> assertThat(uses()).containsExactly("web-0 2", "web-1 2"));
  }

  @Test
  void withoutAnOverlapTheOldOneGoesAtOnceThoughTheServerDies() throws Exception {
    RotationPolicy policy =
        new RotationPolicy(
            false,
            Duration.ofHours(24),
            Duration.ZERO,
            Generator.DEFAULT,
            List.of(),
            Duration.ofSeconds(10));
    secrets()
        .put(
            new SecretWrite(
                TENANT,
                "db",
                Clear.of("first"),
                false,
                null,
                null,
                null,
                policy,
                null,
                null,
                null,
                ACTOR));
    write("url = \"{{secret:db}}\"");
    engine.up(web("env = true"));
    eventually(
        "both are well with it", () -> assertThat(uses()).containsExactly("web-0 1", "web-1 1"));
    secrets().rotate(TENANT, "db", Clear.of("second"), ACTOR);
    eventually("one has the new one", () -> assertThat(uses().toString()).contains("2"));

    engine.restart();

    eventually(
        "the old one is given up",
        () -> assertThat(states()).containsExactly("2 current", "1 retired"));
    assertThat(uses()).containsExactly("web-0 2", "web-1 2");
    assertThat(secrets().get(TENANT, "db").status().error()).isEmpty();
  }

  @Test
  void aWorkloadThatThePolicyDoesNotNameDoesNotStart() throws Exception {
    set("db", "first");
    secrets()
        .put(
            new SecretWrite(
                TENANT,
                "db",
                null,
                false,
                null,
                null,
                new AccessPolicy(Set.of("development"), Set.of(), Set.of("worker"), false),
                null,
                null,
                null,
                null,
                ACTOR));
    write("url = \"{{secret:db}}\"");

    Operation ended = engine.apply(web("env = true")).orElseThrow();

    assertThat(ended.status()).isNotEqualTo(Operation.Status.SUCCEEDED);
    assertThat(engine.events().toString()).contains("not for workload web");
    assertThat(uses()).isEmpty();
  }

  @Test
  void noEventOperationOrStateTellsAValue() throws Exception {
    Path file = directory.resolve("web.env");
    set("db", "canary-012345");
    write("url = \"{{secret:db}}\"");
    engine.up(web("env = true", FILES.formatted(file)));
    secrets().rotate(TENANT, "db", Clear.of("canary-987654"), ACTOR);
    eventually(
        "both have the new one", () -> assertThat(uses()).containsExactly("web-0 2", "web-1 2"));

    assertThat(engine.journal()).doesNotContain("canary");
    assertThat(engine.events().stream().map(Event::toString)).noneMatch(e -> e.contains("canary"));
    assertThat(Files.readString(file)).contains("canary-987654");
  }
}
