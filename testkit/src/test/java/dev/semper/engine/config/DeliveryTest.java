package dev.semper.engine.config;

import static dev.semper.testkit.EngineHarness.ACTOR;
import static dev.semper.testkit.EngineHarness.TENANT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.semper.engine.error.SemperException;
import dev.semper.engine.operation.Doc;
import dev.semper.engine.operation.Operation;
import dev.semper.engine.operation.OperationKind;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.State;
import dev.semper.engine.workload.Workload;
import dev.semper.spi.Launch;
import dev.semper.testkit.Behaviour;
import dev.semper.testkit.EngineHarness;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// How configurations come to the workloads that read them.
class DeliveryTest {
  private static final String UPDATE = "update = { ready_timeout = \"2s\" }";

  @RegisterExtension final EngineHarness engine = new EngineHarness();
  @TempDir Path directory;

  private static String web(String... config) {
    return Doc.workload("web", "1", "instances = 2", UPDATE)
        + "[workloads.web.config]\n"
        + String.join("\n", config)
        + "\n";
  }

  private static void write(EngineHarness engine, Layer layer, String toml)
      throws InterruptedException {
    var _ =
        engine
            .semper()
            .config()
            .write(
                Write.of(
                    TENANT,
                    "web",
                    layer,
                    new Write.Change.Replace(ConfigFormat.TOML.read(toml)),
                    ACTOR));
  }

  private void write(String toml) throws InterruptedException {
    write(engine, Layer.GLOBAL, toml);
  }

  private static Operation configured(EngineHarness engine) {
    return configured(engine, 1);
  }

  /// @param count the how-manieth one
  private static Operation configured(EngineHarness engine, int count) {
    Awaitility.await("an operation of kind configure has ended")
        .pollInterval(Duration.ofMillis(5))
        .atMost(Duration.ofSeconds(20))
        .until(() ->
            deliveries(engine).size() >= count && deliveries(engine).getFirst().status().ended());
    return deliveries(engine).getFirst();
  }

  /// Newest first.
  private static List<Operation> deliveries(EngineHarness engine) {
    return engine.semper().operations().list(TENANT, "web", null, 100).stream()
        .filter(o -> o.kind() == OperationKind.CONFIGURE)
        .toList();
  }

  private void configuredWell() {
    configuredWell(1);
  }

  private void configuredWell(int count) {
    Operation operation = configured(engine, count);
    assertThat(operation.status()).as(operation.error()).isEqualTo(Operation.Status.SUCCEEDED);
  }

  private List<Long> revisions() {
    return engine.workload("web").instances().stream()
        .map(i -> Objects.requireNonNullElse(i.configRevision(), 0L))
        .toList();
  }

  private Launch lastLaunch() {
    return engine.driver().launches("web").getLast();
  }

  @Test
  void anInstanceIsLaunchedWithItsVariablesAndFiles() throws Exception {
    Path shared = directory.resolve("web-${SEMPER_ORDINAL}.conf");
    write("database.url = \"u\"\ndatabase.pool = 5\nhosts = [\"a\", \"b\"]");

    engine.up(
        web(
            "env = true",
            "env_prefix = \"APP_\"",
            "files = [",
            "  { path = \"app/all.json\", format = \"json\" },",
            "  { path = \"%s\", mode = \"0640\", template = \"url={{database.url}}{{#hosts}} {{.}}{{/hosts}}\" },"
                .formatted(shared),
            "]"));

    Map<String, String> env = lastLaunch().env();
    assertThat(env)
        .containsEntry("APP_DATABASE_URL", "u")
        .containsEntry("APP_DATABASE_POOL", "5")
        .containsEntry("APP_HOSTS", "[\"a\",\"b\"]")
        .containsEntry("SEMPER_CONFIG_REVISION", "1");
    Path own = Path.of(Objects.requireNonNull(env.get("SEMPER_CONFIG_DIR")));
    assertThat(own.resolve("app/all.json")).content().contains("\"pool\" : 5");
    assertThat(directory.resolve("web-0.conf")).hasContent("url=u a b");
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(directory.resolve("web-1.conf"))))
        .isEqualTo("rw-r-----");
    assertThat(revisions()).containsExactly(1L, 1L);

    engine.succeed(OperationKind.DELETE, "web");
    assertThat(own).doesNotExist();
  }

  @Test
  void aNewRevisionReplacesTheInstancesOneByOne() throws Exception {
    write("a = 1");
    engine.up(web("env = true"));

    write("a = 2");

    configuredWell();
    assertThat(revisions()).containsExactly(2L, 2L);
    assertThat(engine.driver().launches("web")).hasSize(4);
    assertThat(lastLaunch().env()).containsEntry("A", "2");
    assertThat(engine.workload("web").generation()).isEqualTo(2);

    engine.succeed(OperationKind.ROLLBACK, "web");
    assertThat(revisions()).containsExactly(1L, 1L);
    assertThat(lastLaunch().env()).containsEntry("A", "1");
  }

  @Test
  void oneThatComesToTheSameChangesNothing() throws Exception {
    write("a = 1");
    engine.up(web("env = true"));

    write(engine, new Layer("production"), "a = 2");
    write("a = 3");

    configuredWell();
    assertThat(engine.driver().launches("web")).hasSize(4);
    assertThat(revisions()).containsExactly(3L, 3L);
    assertThat(engine.apply(web("env = true"))).isEmpty();
  }

  @Test
  void goesBackByItselfWhenItNeverBecomesReady() throws Exception {
    Path shared = directory.resolve("web.conf");
    String file = "files = [{ path = \"%s\", format = \"dotenv\" }]".formatted(shared);
    write("a = 1");
    engine.up(web(file));
    List<String> before = engine.driver().running("web");
    engine.driver().next("web", Behaviour.crashes(1));

    write("a = 2");

    assertThat(configured(engine).status()).isEqualTo(Operation.Status.ROLLED_BACK);
    assertThat(engine.driver().running("web")).isEqualTo(before);
    assertThat(revisions()).containsExactly(1L, 1L);
    assertThat(shared).hasContent("A=\"1\"");
    assertThat(engine.workload("web").state()).isEqualTo(State.RUNNING);
    engine.restart(); // nor does the next server try it again
    engine.await("web", w -> w.ready() == 2);
    assertThat(engine.semper().operations().list(TENANT, "web", null, 10)).hasSize(2);

    write("a = 3");
    configuredWell(2);
    assertThat(shared).hasContent("A=\"3\"");
  }

  @Test
  void aSignalTellsWhatRuns() throws Exception {
    Path shared = directory.resolve("web-${SEMPER_ORDINAL}.conf");
    write("a = 1");
    engine.up(
        web(
            "files = [{ path = \"%s\", format = \"dotenv\" }]".formatted(shared),
            "change = { mode = \"signal\", signal = \"USR1\", settle = \"10ms\" }"));
    List<String> before = engine.driver().running("web");

    write("a = 2");

    configuredWell();
    assertThat(engine.driver().running("web")).isEqualTo(before);
    assertThat(engine.driver().signals()).containsExactly("web-0 USR1", "web-1 USR1");
    assertThat(directory.resolve("web-1.conf")).hasContent("A=\"2\"");
    assertThat(revisions()).containsExactly(2L, 2L);
    assertThat(engine.workload("web").instances()).allMatch(i -> i.generation() == 2);
  }

  @Test
  void aCommandThatFailsTakesTheRevisionBack() throws Exception {
    Path shared = directory.resolve("web-${SEMPER_ORDINAL}.conf");
    write("a = 1");
    engine.up(
        web(
            "files = [{ path = \"%s\", format = \"dotenv\" }]".formatted(shared),
            "change = { mode = \"hook\", command = [\"reload\"], settle = \"10ms\" }"));
    engine.driver().answer("web", "reload", 1);

    write("a = 2");

    Operation failed = configured(engine);
    assertThat(failed.status()).isEqualTo(Operation.Status.INCONSISTENT);
    assertThat(failed.error()).contains("the command that tells web-0 of its configuration ended");
    assertThat(directory.resolve("web-1.conf")).hasContent("A=\"1\"");
    assertThat(directory.resolve("web-0.conf")).hasContent("A=\"1\"");
  }

  @Test
  void aFullDiskLeavesTheOldFileWholeAndTheRevisionGoesBack() throws Exception {
    Path small = Files.createDirectory(directory.resolve("small"));
    assumeTrue(
        run("mount", "-t", "tmpfs", "-o", "size=64k", "semper-test", small.toString()),
        "needs the right to mount a tmpfs");
    try {
      write("a = \"%s\"".formatted("x".repeat(30_000)));
      engine.up(
          web(
                  "files = [{ path = \"%s/web-${SEMPER_ORDINAL}\", format = \"toml\" }]"
                      .formatted(small),
                  "change = { mode = \"signal\", settle = \"10ms\" }")
              .replace("instances = 2", "instances = 1"));
      byte[] before = Files.readAllBytes(small.resolve("web-0"));

      write("a = \"%s\"".formatted("y".repeat(50_000)));

      Operation operation = configured(engine);
      assertThat(operation.status()).as(operation.error()).isEqualTo(Operation.Status.ROLLED_BACK);
      assertThat(operation.error()).contains("web-0 cannot be written: No space left on device");
      assertThat(small).isDirectoryNotContaining(f -> !f.getFileName().toString().equals("web-0"));
      assertThat(small.resolve("web-0")).hasBinaryContent(before);
    } finally {
      assertThat(run("umount", small.toString())).isTrue();
    }
  }

  private static boolean run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getInputStream().readAllBytes();
    return process.waitFor() == 0;
  }

  @Test
  void nobodyIsToldOfWhatIsForTheNextLaunch() throws Exception {
    write("a = 1");
    engine.up(web("env = true", "change = \"none\""));

    write("a = 2");
    configuredWell();

    assertThat(revisions()).containsExactly(1L, 1L);
    assertThat(engine.driver().launches("web")).hasSize(2);
    engine.driver().kill("web-0");
    engine.await("web", w -> w.ready() == 2 && engine.driver().launches("web").size() == 3);
    assertThat(lastLaunch().env()).containsEntry("A", "2");
    assertThat(revisions()).containsExactly(2L, 1L);
  }

  @Test
  void aShareOfTheInstancesComesFirst() throws Exception {
    write("a = 1");
    engine.up(web("env = true", "gray = { share = 0.5, for = \"200ms\" }"));

    write("a = 2");

    Operation operation = configured(engine);
    assertThat(operation.status()).isEqualTo(Operation.Status.SUCCEEDED);
    assertThat(operation.steps()).anyMatch(s -> s.name().startsWith("observe"));
    assertThat(revisions()).containsExactly(2L, 2L);
  }

  @Test
  void aShareThatDoesNotStayWellGoesBack() throws Exception {
    write("a = 1");
    engine.up(web("env = true", "gray = { share = 0.5, for = \"1m\" }"));

    write("a = 2");
    engine.await(
        "web",
        w ->
            w.instances().stream().anyMatch(i -> Objects.equals(i.configRevision(), 2L))
                && w.operationId() != null
                && engine.semper().operations().get(w.operationId()).waitingFor().contains("well"));
    engine.driver().kill("web-0");

    Operation operation = configured(engine);
    assertThat(operation.status()).as(operation.error()).isEqualTo(Operation.Status.ROLLED_BACK);
    assertThat(operation.error()).contains("with the new configuration");
    engine.await("web", w -> w.ready() == 2);
    assertThat(revisions()).containsExactly(1L, 1L);
  }

  @Test
  void aWriteThatAReaderCannotUseIsRefused() throws Exception {
    write("url = \"u\"");
    engine.up(
        web(
            "env = { DB_URL = \"url\" }",
            "files = [{ path = \"x\", template = \"{{url}}\" }]",
            "schema = { items = [{ key = \"url\", type = \"string\" }] }"));

    assertThatThrownBy(() -> write("other = 1"))
        .isInstanceOf(SemperException.class)
        .hasMessageContaining("url: is not there, but workload web has it as its variable DB_URL");
    assertThatThrownBy(() -> write("url = 5")).hasMessageContaining("must be of type string");
    assertThat(engine.semper().config().history(TENANT, "web", null, 10)).hasSize(1);
  }

  @Test
  void aWorkloadThatCannotUseItsConfigurationIsRefused() throws Exception {
    write("url = \"u\"");

    assertThatThrownBy(
            () -> engine.apply(web("files = [{ path = \"x\", template = \"{{nothing}}\" }]")))
        .hasMessageContaining("config.files.x")
        .hasMessageContaining("nothing");
    assertThatThrownBy(() -> engine.apply(web("revision = 7", "follow = false")))
        .hasMessageContaining("has no revision 7");
    assertThatThrownBy(
            () -> engine.apply(web("schema = { items = [{ key = \"user\", required = true }] }")))
        .hasMessageContaining("user: is required");
    assertThat(engine.semper().workloads().find(TENANT, "web")).isEmpty();
  }

  @Test
  void aFolderThatIsGoneFailsTheLaunchAndNothingElse() throws Exception {
    write("a = 1");
    Operation failed =
        engine
            .apply(
                web("files = [{ path = \"%s/gone/x\", format = \"json\" }]".formatted(directory)))
            .orElseThrow();

    assertThat(failed.status()).isEqualTo(Operation.Status.FAILED);
    assertThat(engine.workload("web").instances())
        .anyMatch(i -> i.reason().contains("its folder does not exist"));
  }

  @Test
  void whatIsPinnedDoesNotFollow() throws Exception {
    write("a = 1");
    write("a = 2");
    engine.up(web("env = true", "revision = 1", "follow = false"));

    write("a = 3");

    assertThat(lastLaunch().env()).containsEntry("A", "1");
    assertThat(revisions()).containsExactly(1L, 1L);
    assertThatThrownBy(() -> engine.semper().config().delete(TENANT, "web", ACTOR))
        .hasMessageContaining("is read by web");
  }

  /// The server dies at each point on the way from a write to the last instance; the next one comes
  /// to the same end.
  @ParameterizedTest
  @ValueSource(strings = {"\"restart\"", "{ mode = \"signal\", settle = \"5ms\" }"})
  void survivesItsDeathAtEveryPoint(String change) throws Exception {
    List<String> points;
    try (EngineHarness first = new EngineHarness()) {
      begin(first, change);
      int before = first.points().passed().size();
      write(first, Layer.GLOBAL, "a = 2");
      configured(first);
      List<String> all = first.points().passed();
      points = List.copyOf(all.subList(before, all.size()));
    }
    assertThat(points).contains("config/write/checked", "config/write/durable");
    Map<String, Integer> occurrences = new HashMap<>();
    for (String point : points) {
      int occurrence = occurrences.merge(point, 1, Integer::sum) - 1;
      try (EngineHarness one = new EngineHarness()) {
        begin(one, change);
        one.points().dieAt(point, occurrence);
        Thread caller =
            Thread.startVirtualThread(() -> {
              try {
                write(one, Layer.GLOBAL, "a = 2");
              } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
              } catch (RuntimeException _) {
                // The engine has died under the call.
              }
            });
        boolean _ = one.points().awaitDeath(Duration.ofSeconds(10));
        one.crash();
        caller.join();
        one.start();
        write(one, Layer.GLOBAL, "a = 2"); // said again it does nothing if it was durable
        check(one, point + " (" + occurrence + ")");
      }
    }
  }

  private static void begin(EngineHarness engine, String change) throws InterruptedException {
    engine.start();
    write(engine, Layer.GLOBAL, "a = 1");
    engine.up(web("env = true", "change = " + change));
  }

  private static void check(EngineHarness engine, String point) throws InterruptedException {
    try {
      Workload web =
          engine.await(
              "web",
              w ->
                  w.operationId() == null
                      && w.ready() == 2
                      && w.instances().size() == 2
                      && w.instances().stream()
                          .allMatch(i -> Objects.equals(i.configRevision(), 2L)));
      assertThat(web.state()).isEqualTo(State.RUNNING);
      assertThat(engine.semper().config().history(TENANT, "web", null, 10)).hasSize(2);
      assertThat(engine.driver().running("web"))
          .containsExactlyInAnyOrderElementsOf(
              web.instances().stream().map(Instance::incarnation).toList());
      assertThat(engine.driver().launches()).doesNotHaveDuplicates();
      assertThat(engine.events("web", "operation.queued"))
          .filteredOn(e -> "configure".equals(e.data().get("kind")))
          .hasSize(1);
      long written =
          engine.events().stream().filter(e -> e.type().equals("config.revision_written")).count();
      assertThat(written).isEqualTo(2);
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError("died at " + point + "\n" + engine.journal(), e);
    }
  }
}
