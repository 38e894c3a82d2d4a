package dev.semper.engine.config;

import static dev.semper.testkit.EngineHarness.ACTOR;
import static dev.semper.testkit.EngineHarness.TENANT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.store.Event;
import dev.semper.engine.store.EventFilter;
import dev.semper.testkit.EngineHarness;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ConfigsTest {
  private static final Layer PRODUCTION = new Layer("production");
  private static final Reader IN_PRODUCTION = Reader.of(TENANT, Environment.PRODUCTION);
  private static final Reader IN_DEVELOPMENT = Reader.of(TENANT, Environment.DEVELOPMENT);

  @RegisterExtension
  final EngineHarness engine =
      new EngineHarness(
          builder -> builder.config(new ConfigSettings(3, Set.of("PATH", "SEMPER_TEST_*"))));

  private Configs configs() {
    return engine.semper().config();
  }

  private static Write to(Layer layer, String toml) {
    return Write.of(
        TENANT, "web", layer, new Write.Change.Replace(ConfigFormat.TOML.read(toml)), ACTOR);
  }

  private Written write(Layer layer, String toml) throws InterruptedException {
    return configs().write(to(layer, toml));
  }

  private Written overlay(String name, Overlay when, String toml) throws InterruptedException {
    Write w = to(new Layer("overlay." + name), toml);
    return configs()
        .write(
            new Write(
                TENANT, "web", w.layer(), w.change(), when, null, "", List.of(), ACTOR, false));
  }

  private static List<String> problems(ErrorCode code, ThrowingCallable call) {
    List<String> told = new ArrayList<>();
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            SemperException.class,
            e -> {
              assertThat(e.code()).as(e.getMessage()).isEqualTo(code);
              e.problems().stream().map(Problem::toString).forEach(told::add);
            });
    return told;
  }

  @Test
  void anEnvironmentWinsOverGlobalAndAnOverlayOverBoth() throws Exception {
    write(Layer.GLOBAL, "a = 1\nb = 1\nc = 1\nd = 1");
    write(PRODUCTION, "b = 2\nc = 2\nd = 2");
    overlay("low", new Overlay(1, null, null, Map.of(), Set.of()), "c = 3\nd = 3");
    overlay("high", new Overlay(2, null, null, Map.of(), Set.of()), "d = 4");

    assertThat(configs().effective("web", IN_PRODUCTION).values())
        .isEqualTo(Map.of("a", 1L, "b", 2L, "c", 3L, "d", 4L));
    assertThat(configs().effective("web", IN_DEVELOPMENT).values())
        .isEqualTo(Map.of("a", 1L, "b", 1L, "c", 3L, "d", 4L));
  }

  @Test
  void anOverlayCountsWhereAllItsConditionsHold() throws Exception {
    write(Layer.GLOBAL, "x = \"global\"");
    overlay(
        "beta",
        new Overlay(0, Environment.PRODUCTION, TENANT, Map.of("tier", "web"), Set.of("new")),
        "x = \"beta\"");

    Reader all =
        new Reader(TENANT, Environment.PRODUCTION, Map.of("tier", "web"), Set.of("new", "other"));
    assertThat(configs().effective("web", all).get("x")).contains("beta");
    for (Reader some :
        List.of(
            new Reader(TENANT, Environment.STAGING, all.labels(), all.features()),
            new Reader(TENANT, Environment.PRODUCTION, Map.of("tier", "db"), all.features()),
            new Reader(TENANT, Environment.PRODUCTION, all.labels(), Set.of()))) {
      assertThat(configs().effective("web", some).get("x")).contains("global");
    }
  }

  @Test
  void explainsWhereEachValueComesFromAndWhatItHasWonOver() throws Exception {
    write(Layer.GLOBAL, "database.url = \"a\"\ndatabase.pool = 5\npassword = \"hidden\"");
    write(PRODUCTION, "database.url = \"b\"");

    List<Explained> all = configs().explain("web", IN_PRODUCTION);

    assertThat(all)
        .extracting(Explained::key)
        .containsExactly("database.pool", "database.url", "password");
    Explained url = all.get(1);
    assertThat(url.layer()).isEqualTo(PRODUCTION);
    assertThat(url.revision()).isEqualTo(2);
    assertThat(url.overrode())
        .containsExactly(new Explained.Before("database.url", "a", Layer.GLOBAL, 1));
    assertThat(all.get(2).value()).isEqualTo("***");
  }

  @Test
  void aNullTakesAKeyOfALowerLayerAway() throws Exception {
    write(Layer.GLOBAL, "a.b = 1\na.c = 2");
    configs()
        .write(
            Write.of(
                TENANT,
                "web",
                PRODUCTION,
                new Write.Change.Replace(ConfigFormat.JSON.read("{\"a\":{\"b\":null}}")),
                ACTOR));

    assertThat(configs().effective("web", IN_PRODUCTION).values())
        .isEqualTo(Map.of("a", Map.of("c", 2L)));
    assertThat(configs().explain("web", IN_PRODUCTION))
        .extracting(Explained::key)
        .containsExactly("a.c");
  }

  @Test
  void aWriteThatChangesNothingIsNoRevision() throws Exception {
    write(Layer.GLOBAL, "a = 1");

    Written again = write(Layer.GLOBAL, "a = 1");

    assertThat(again.changed()).isFalse();
    assertThat(again.revision().number()).isEqualTo(1);
    assertThat(configs().history(TENANT, "web", null, 10)).hasSize(1);
  }

  @Test
  void goesBackForwards() throws Exception {
    write(Layer.GLOBAL, "a = 1");
    write(Layer.GLOBAL, "a = 2\nb = 2");

    Written back =
        configs().write(Write.of(TENANT, "web", Layer.GLOBAL, new Write.Change.Restore(1), ACTOR));

    assertThat(back.revision().number()).isEqualTo(3);
    assertThat(back.revision().restoredFrom()).isEqualTo(1);
    assertThat(configs().effective("web", IN_DEVELOPMENT).values()).isEqualTo(Map.of("a", 1L));
  }

  @Test
  void restoresAllLayersAsTheyWereAtOnce() throws Exception {
    write(Layer.GLOBAL, "a = 1");
    write(PRODUCTION, "b = 1");
    write(Layer.GLOBAL, "a = 2");
    write(PRODUCTION, "b = 2");
    overlay("late", Overlay.ALWAYS, "c = 3");
    long before = engine.semper().events().last();

    List<Written> done = configs().restore(TENANT, "web", 2, "", ACTOR);

    assertThat(done).hasSize(3);
    assertThat(configs().effective("web", IN_PRODUCTION).values())
        .isEqualTo(Map.of("a", 1L, "b", 1L));
    assertThat(engine.semper().events().last()).isEqualTo(before + 3);
  }

  @Test
  void refusesAWriteThatExpectedAnotherRevision() throws Exception {
    configs().write(to(Layer.GLOBAL, "a = 1").expecting(0));

    problems(
        ErrorCode.STALE_REVISION, () -> configs().write(to(Layer.GLOBAL, "a = 2").expecting(0)));

    configs().write(to(Layer.GLOBAL, "a = 3").expecting(1));
    assertThat(configs().effective("web", IN_DEVELOPMENT).values()).isEqualTo(Map.of("a", 3L));
  }

  @Test
  void ofManyWritersWhoExpectTheSameOneWins() throws Exception {
    write(Layer.GLOBAL, "a = 0");
    AtomicInteger won = new AtomicInteger();
    AtomicInteger lost = new AtomicInteger();
    CountDownLatch go = new CountDownLatch(1);
    List<Thread> writers = new ArrayList<>();
    for (int i = 1; i <= 20; i++) {
      Write write = to(Layer.GLOBAL, "a = " + i).expecting(1);
      writers.add(
          Thread.startVirtualThread(() -> {
            try {
              go.await();
              configs().write(write);
              won.incrementAndGet();
            } catch (SemperException e) {
              assertThat(e.code()).isEqualTo(ErrorCode.STALE_REVISION);
              lost.incrementAndGet();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          }));
    }
    go.countDown();
    for (Thread writer : writers) {
      writer.join();
    }

    assertThat(won).hasValue(1);
    assertThat(lost).hasValue(19);
    assertThat(configs().history(TENANT, "web", null, 10)).hasSize(2);
  }

  @Test
  void keepsSoManyRevisionsOfALayerAndThePinnedOnes() throws Exception {
    write(Layer.GLOBAL, "a = 0");
    configs().pin(TENANT, "web", 1, true, ACTOR);
    write(PRODUCTION, "p = 1");
    for (int i = 1; i <= 6; i++) {
      write(Layer.GLOBAL, "a = " + i);
    }

    assertThat(configs().history(TENANT, "web", Layer.GLOBAL, 100))
        .extracting(Revision::number)
        .containsExactly(8L, 7L, 6L, 1L);
    assertThat(configs().history(TENANT, "web", PRODUCTION, 100)).hasSize(1);
  }

  @Test
  void revisionsSurviveARestart() throws Exception {
    write(Layer.GLOBAL, "a = 1");
    overlay("b", new Overlay(5, Environment.STAGING, null, Map.of("x", "y"), Set.of("f")), "b = 2");

    engine.restart();

    assertThat(configs().effective("web", IN_DEVELOPMENT).values()).isEqualTo(Map.of("a", 1L));
    assertThat(configs().layer(TENANT, "web", new Layer("overlay.b"), true).revision().overlay())
        .isEqualTo(new Overlay(5, Environment.STAGING, null, Map.of("x", "y"), Set.of("f")));
    assertThat(write(Layer.GLOBAL, "a = 2").revision().number()).isEqualTo(3);
  }

  @Test
  void tellsKeysButNoValuesInItsEvent() throws Exception {
    write(Layer.GLOBAL, "password = \"plainly-visible\"");

    Event event =
        engine
            .semper()
            .events()
            .newest(new EventFilter(TENANT, null, null, "config.*", null, 0), 1)
            .getFirst();

    assertThat(event.type()).isEqualTo("config.revision_written");
    assertThat(event.data())
        .containsEntry("keys", List.of("password"))
        .containsEntry("revision", 1);
    assertThat(event.toString()).doesNotContain("plainly-visible");
  }

  @Test
  void hidesWhatIsSensitiveAndTakesItBackMasked() throws Exception {
    write(Layer.GLOBAL, "password = \"hidden\"\nurl = \"x\"");

    Map<String, ?> shown = configs().layer(TENANT, "web", Layer.GLOBAL, false).values();
    assertThat(shown).isEqualTo(Map.of("password", "***", "url", "x"));
    write(Layer.GLOBAL, "password = \"***\"\nurl = \"y\"");

    assertThat(configs().layer(TENANT, "web", Layer.GLOBAL, true).values())
        .isEqualTo(Map.of("password", "hidden", "url", "y"));
    assertThat(problems(ErrorCode.INVALID_CONFIG, () -> write(PRODUCTION, "password = \"***\"")))
        .containsExactly("password: is masked; give the value itself, or leave the key out");
  }

  @Test
  void refersToOtherKeysWithTheirTypes() throws Exception {
    write(
        Layer.GLOBAL,
        """
        host = "db"
        port = 5432
        url = "postgresql://${config:host}:${config:port}/x"
        same = "${config:port}"
        all = "${config:list}"
        list = [1, "${config:host}"]
        literal = "$${config:host} and {{{{secret:x}}"
        """);

    Map<String, Object> values = configs().effective("web", IN_DEVELOPMENT).values();

    assertThat(values)
        .containsEntry("url", "postgresql://db:5432/x")
        .containsEntry("same", 5432L)
        .containsEntry("all", List.of(1L, "db"))
        .containsEntry("literal", "${config:host} and {{secret:x}}");
  }

  @Test
  void refusesWhatReferencesComeToNothing() {
    List<String> told =
        problems(
            ErrorCode.INVALID_CONFIG,
            () ->
                write(
                    Layer.GLOBAL,
                    """
                    missing = "${config:nowhere}"
                    a = "${config:b}"
                    b = "x ${config:c}"
                    c = "${config:a}"
                    env = "${env:HOME}"
                    gone = "${env:SEMPER_TEST_NOT_THERE}"
                    secret = "{{secret:db}}"
                    open = "${config:x"
                    t.x = "${config:t}"
                    """));

    assertThat(told)
        .contains(
            "missing: refers to \"nowhere\", which is not there (in development)",
            "env: the variable \"HOME\" may not be read: config.allowed_env of the server's settings"
                + " does not name it (in development)",
            "gone: there is no variable SEMPER_TEST_NOT_THERE in the server's environment (in"
                + " development)",
            "secret: there is no secret db in tenant default (in development)",
            "t.x: refers to t, which it is part of (in development)")
        .anyMatch(p -> p.startsWith("a: refers to itself: a → b → c → a"))
        .anyMatch(p -> p.startsWith("open: the reference"));
  }

  @Test
  void readsVariablesThatAreAllowed() throws Exception {
    write(Layer.GLOBAL, "path = \"${env:PATH}\"");

    assertThat(configs().effective("web", IN_DEVELOPMENT).get("path"))
        .contains(System.getenv("PATH"));
  }

  @Test
  void refusesReferencesThatGrowWithoutEnd() {
    StringBuilder laughs = new StringBuilder("a0 = \"" + "ha".repeat(500) + "\"\n");
    for (int i = 1; i < 20; i++) {
      laughs.append("a%d = \"${config:a%d}${config:a%d}\"%n".formatted(i, i - 1, i - 1));
    }

    assertThat(problems(ErrorCode.INVALID_CONFIG, () -> write(Layer.GLOBAL, laughs.toString())))
        .anyMatch(p -> p.contains("comes to more than"));
  }

  @Test
  void refusesAllThatASchemaForbidsAtOnce() throws Exception {
    write(
        Layer.SCHEMA,
        """
        additional = false
        items = [
          { key = "database.url", type = "string", required = true, pattern = "^postgresql://" },
          { key = "pool", type = "number", min = 1, max = 50 },
          { key = "level", type = "string", enum = ["info", "debug"] },
          { key = "api", type = "secret" },
        ]
        """);

    List<String> told =
        problems(
            ErrorCode.INVALID_CONFIG,
            () ->
                write(
                    Layer.GLOBAL,
                    "pool = 99\nlevel = \"loud\"\nextra = 1\napi = \"plain\"\n[database]\nurl = 5"));

    assertThat(told)
        .containsExactlyInAnyOrder(
            "pool: must be at most 50 (in development)",
            "level: must be one of [info, debug] (in development)",
            "extra: is a key that the schema has not (in development)",
            "api: must be a reference to a secret, {{secret:ID}} (in development)",
            "database.url: must be of type string, not number (in development)");
    problems(ErrorCode.NOT_FOUND, () -> configs().layer(TENANT, "web", Layer.GLOBAL, true));
  }

  @Test
  void refusesASchemaThatTheValuesDoNotMeet() throws Exception {
    write(Layer.GLOBAL, "pool = 99");

    assertThat(
            problems(
                ErrorCode.INVALID_CONFIG,
                () -> write(Layer.SCHEMA, "items = [{ key = \"pool\", max = 50 }]")))
        .containsExactly("pool: must be at most 50 (in development)");
  }

  @Test
  void refusesAnEnvironmentThatLacksWhatIsRequired() throws Exception {
    write(PRODUCTION, "url = \"p\"");
    write(Layer.SCHEMA, "items = [{ key = \"url\", required = true }]");

    write(Layer.GLOBAL, "other = 1"); // nobody is in development

    assertThat(problems(ErrorCode.INVALID_CONFIG, () -> write(new Layer("staging"), "x = 1")))
        .containsExactly("url: is required (in staging)");
    assertThat(problems(ErrorCode.INVALID_CONFIG, () -> write(PRODUCTION, "x = 1")))
        .containsExactly("url: is required (in production)");
  }

  @Test
  void checksByAJsonSchemaToo() throws Exception {
    write(
        Layer.SCHEMA,
        """
        [json_schema]
        type = "object"
        required = ["name"]
        [json_schema.properties.port]
        type = "integer"
        maximum = 65535
        [json_schema.properties.hosts.items]
        type = "string"
        pattern = "^[a-z]+$"
        """);

    assertThat(
            problems(
                ErrorCode.INVALID_CONFIG,
                () -> write(Layer.GLOBAL, "port = 70000\nhosts = [\"ok\", \"NO\"]")))
        .containsExactlyInAnyOrder(
            "name: is required (in development)",
            "port: must be at most 65535 (in development)",
            "hosts[1]: must match ^[a-z]+$ (in development)");
  }

  @Test
  void refusesASchemaThatIsNone() {
    assertThat(
            problems(
                ErrorCode.INVALID_CONFIG,
                () ->
                    write(
                        Layer.SCHEMA,
                        """
                        itmes = []
                        items = [{ key = "a", type = "text" }, { type = "string" }, { key = "b", pattern = "(" }]
                        [json_schema]
                        type = "objekt"
                        """)))
        .anyMatch(p -> p.startsWith("itmes: unknown key"))
        .anyMatch(p -> p.startsWith("items[0].type"))
        .anyMatch(p -> p.startsWith("items[1].key: is missing"))
        .anyMatch(p -> p.startsWith("items[2].pattern: is no regular expression"))
        .anyMatch(p -> p.startsWith("json_schema.type"));
  }

  @Test
  void aJsonSchemaFetchesNothing() {
    assertThat(
            problems(
                ErrorCode.INVALID_CONFIG,
                () -> write(Layer.SCHEMA, "[json_schema]\n\"$ref\" = \"file:///etc/passwd\"")))
        .isNotEmpty();
  }

  @Test
  void validatesWithoutWriting() throws Exception {
    Write w = to(Layer.GLOBAL, "a = 1");
    Written seen =
        configs()
            .write(
                new Write(
                    TENANT, "web", w.layer(), w.change(), null, null, "", List.of(), ACTOR, true));

    assertThat(seen.changes()).extracting(KeyChange::key).containsExactly("a");
    problems(ErrorCode.NOT_FOUND, () -> configs().effective("web", IN_DEVELOPMENT));
  }

  @Test
  void showsNothingOfOtherTenants() throws Exception {
    write(Layer.GLOBAL, "a = 1");

    Reader other = Reader.of("other", Environment.DEVELOPMENT);
    problems(ErrorCode.NOT_FOUND, () -> configs().effective("web", other));
    assertThat(configs().list("other")).isEmpty();
  }

  @Test
  void tellsAWatcherEachTimeItComesToSomethingElse() throws Exception {
    write(Layer.GLOBAL, "a = 1");
    LinkedBlockingQueue<Object> seen = new LinkedBlockingQueue<>();

    try (AutoCloseable _ =
        configs().watch("web", IN_PRODUCTION, e -> seen.add(e.values().get("a")))) {
      assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo(1L);
      write(new Layer("staging"), "a = 9"); // nothing for production
      write(PRODUCTION, "a = 2");
      assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo(2L);
    }
  }

  @Test
  void writesWhatItReads() throws Exception {
    String toml =
        """
        text = "a \\"quoted\\" \\\\ line\\nbreak"
        whole = 5
        decimal = 1.5
        truth = true
        list = [1, 2]
        "odd key.x" = "y"
        [table]
        a = 1
        [table.below]
        b = "c"
        [[tables]]
        x = 1
        [[tables]]
        x = 2
        """;
    Map<String, ?> values = ConfigFormat.TOML.read(toml);
    write(Layer.GLOBAL, toml);

    var content = configs().layer(TENANT, "web", Layer.GLOBAL, true).values();
    for (ConfigFormat format : List.of(ConfigFormat.TOML, ConfigFormat.YAML, ConfigFormat.JSON)) {
      assertThat(format.read(format.write(content))).as(format.id()).isEqualTo(values);
    }
    assertThat(ConfigFormat.DOTENV.read(ConfigFormat.DOTENV.write(content)))
        .containsEntry("TABLE_BELOW_B", "c")
        .containsEntry("TEXT", "a \"quoted\" \\ line\nbreak")
        .containsEntry("LIST", "[1,2]");
  }

  @Test
  void namesThePathOfWhateverCannotBe() {
    String deep = "{\"a\":".repeat(60) + "1" + "}".repeat(60);
    assertThat(
            problems(
                ErrorCode.INVALID_CONFIG,
                () ->
                    configs()
                        .write(
                            Write.of(
                                TENANT,
                                "web",
                                Layer.GLOBAL,
                                new Write.Change.Replace(ConfigFormat.JSON.read(deep)),
                                ACTOR))))
        .anyMatch(p -> p.contains("nested deeper"));
    assertThat(problems(ErrorCode.INVALID_SPEC, () -> ConfigFormat.JSON.read("{\"a\":1,\"a\":2}")))
        .anyMatch(p -> p.contains("is there twice"));
    assertThat(problems(ErrorCode.INVALID_CONFIG, () -> ConfigFormat.DOTENV.read("A=1\nb c\nA=2")))
        .hasSize(2);
  }
}
