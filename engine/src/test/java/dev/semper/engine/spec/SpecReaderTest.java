package dev.semper.engine.spec;

import static dev.semper.engine.spec.Documents.READER;
import static dev.semper.engine.spec.Documents.resource;
import static dev.semper.engine.spec.Documents.web;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.semper.engine.error.SemperException;
import dev.semper.engine.spec.HttpExpectation.StatusRange;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SpecReaderTest {
  @Test
  void fillsInTheDefaults() {
    assertThat(web(""))
        .isEqualTo(
            new WorkloadSpec(
                "web",
                "process",
                "0",
                1,
                Map.of(),
                null,
                null,
                Duration.ofSeconds(1),
                List.of(),
                RestartSpec.DEFAULT,
                new StopSpec("TERM", Duration.ofSeconds(10)),
                new UpdateSpec(UpdateSpec.Order.START_FIRST, Duration.ofSeconds(60)),
                ResourceSpec.UNLIMITED,
                new LogSpec(10L << 20, 5),
                List.of(),
                HealthSpec.DEFAULT,
                List.of(),
                RecoverySpec.BY_HAND,
                List.of(),
                null,
                Map.of(),
                Map.of("command", List.of("/bin/true"))));
  }

  @Test
  void fillsInTheDefaultsOfARestart() {
    assertThat(web("restart = {}").restart())
        .isEqualTo(web("").restart())
        .isEqualTo(
            new RestartSpec(
                RestartSpec.Policy.ON_FAILURE,
                Duration.ofSeconds(1),
                Duration.ofMinutes(5),
                0.1,
                5,
                Duration.ofHours(1),
                Duration.ofMinutes(10),
                RestartSpec.OnLimit.SLOW,
                Set.of(0),
                Set.of(),
                Set.of()));
  }

  @Test
  void fillsInTheDefaultsOfAProbe() {
    WorkloadSpec web = web("port = 80\nprobes = [{ type = \"liveness\", http = {} }]");

    assertThat(web.probes())
        .containsExactly(
            new ProbeSpec(
                "http",
                ProbeSpec.Type.LIVENESS,
                new ProbeSpec.Http("http", "127.0.0.1", 0, "/", Map.of(), List.of(), null),
                Duration.ZERO,
                Duration.ofSeconds(10),
                Duration.ofSeconds(1),
                3,
                1));
  }

  @Test
  void takesTheLimitOfMemoryFromTheResources() {
    HealthSpec limited = web("resources = { memory = \"256Mi\" }").health();
    assertThat(limited.memoryLimitMb()).isEqualTo(256);
    assertThat(limited.memoryWarningMb()).isEqualTo(0.8 * 256);
    assertThat(web("health = { cpu_warning = 95 }").health().cpuCritical()).isEqualTo(95);
    assertThat(web("health = {}").health()).isEqualTo(HealthSpec.DEFAULT);
  }

  @Test
  void fillsInTheDefaultsOfADependency() {
    assertThat(web("depends_on = [\"db\", { workload = \"cache\" }]").dependsOn())
        .containsExactly(dependency("db"), dependency("cache"));
  }

  private static DependencySpec dependency(String workload) {
    return new DependencySpec(
        workload, DependencySpec.Condition.READY, Duration.ZERO, true, Duration.ofSeconds(60));
  }

  @ParameterizedTest
  @CsvSource({"full.toml", "full.yaml", "full.json"})
  void readsEveryKey(String file) {
    List<WorkloadSpec> specs = READER.readDocument(resource(file), Format.ofFileName(file), null);

    assertThat(specs).hasSize(2);
    assertThat(specs.getFirst()).isEqualTo(full());
    assertThat(specs.getLast().name()).isEqualTo("db");
  }

  static WorkloadSpec full() {
    return new WorkloadSpec(
        "web",
        "process",
        "1.2.3",
        3,
        Map.of("LANG", "C.UTF-8", "WORKERS", "4", "DEBUG", "true"),
        "/etc/web.env",
        new PortSpec(8081),
        Duration.ofMillis(2500),
        List.of(
            dependency("db"),
            new DependencySpec(
                "cache",
                DependencySpec.Condition.HEALTHY,
                Duration.ofSeconds(30),
                false,
                Duration.ofSeconds(90))),
        new RestartSpec(
            RestartSpec.Policy.ALWAYS,
            Duration.ofSeconds(2),
            Duration.ofMinutes(10),
            0.25,
            7,
            Duration.ofMinutes(90),
            Duration.ofMinutes(5),
            RestartSpec.OnLimit.FAIL,
            Set.of(0, 3),
            Set.of(64),
            Set.of(75)),
        new StopSpec("INT", Duration.ofSeconds(20)),
        new UpdateSpec(UpdateSpec.Order.START_FIRST, Duration.ofMinutes(2)),
        new ResourceSpec(256L << 20, 0.5, 100),
        new LogSpec(1L << 20, 3),
        List.of(
            new ProbeSpec(
                "boot",
                ProbeSpec.Type.STARTUP,
                new ProbeSpec.Command(
                    List.of("/usr/bin/test", "-f", "web.ready"), "/run", Map.of("DEEP", "1")),
                Duration.ofMillis(500),
                Duration.ofSeconds(1),
                Duration.ofSeconds(2),
                30,
                1),
            new ProbeSpec(
                "http",
                ProbeSpec.Type.READINESS,
                new ProbeSpec.Http(
                    "https",
                    "localhost",
                    9443,
                    "POST",
                    "/ready?full=1",
                    Map.of("Accept", "application/json"),
                    "{}",
                    new HttpExpectation(
                        List.of(StatusRange.of(200), new StatusRange(202, 204)),
                        "ok",
                        "UP|UNKNOWN",
                        Map.of("/status", "UP", "/db/pool", 5L, "/checks/0/ok", true)),
                    new TlsSpec(true, "/etc/web/ca.pem", "web.internal")),
                Duration.ZERO,
                Duration.ofSeconds(10),
                Duration.ofSeconds(1),
                3,
                2,
                new RetrySpec(2, Duration.ofMillis(200), 1.5, Duration.ofSeconds(5)),
                new BreakerSpec(10, Duration.ofMinutes(1), 2)),
            new ProbeSpec(
                "tcp",
                ProbeSpec.Type.LIVENESS,
                new ProbeSpec.Tcp("::1", 8082),
                Duration.ZERO,
                Duration.ofSeconds(10),
                Duration.ofSeconds(1),
                3,
                1),
            new ProbeSpec(
                "resource",
                ProbeSpec.Type.LIVENESS,
                new ProbeSpec.Resource(
                    new ProbeSpec.Amount(0.4, 80),
                    new ProbeSpec.Amount(200 << 20, 0),
                    50,
                    1000,
                    "/srv/www",
                    new ProbeSpec.Amount(0, 10)),
                Duration.ZERO,
                Duration.ofSeconds(10),
                Duration.ofSeconds(1),
                3,
                1),
            new ProbeSpec(
                "log",
                ProbeSpec.Type.READINESS,
                new ProbeSpec.Log("heartbeat \\d+", ProbeSpec.Log.Expect.PRESENT),
                Duration.ZERO,
                Duration.ofSeconds(10),
                Duration.ofSeconds(1),
                3,
                1)),
        new HealthSpec(
            Duration.ofSeconds(30),
            Duration.ofMinutes(10),
            60,
            80.5,
            400,
            300,
            2.5,
            7,
            Duration.ofMillis(500),
            Duration.ofSeconds(1),
            2,
            4,
            Set.of(HealthSpec.Check.CPU_USAGE, HealthSpec.Check.ERROR_RATE),
            List.of("boot")),
        hooks(),
        recovery(),
        alerts(),
        config(),
        Map.of("team", "core"),
        Map.of(
            "command",
            List.of("/usr/bin/web", "--port", "8081"),
            "user",
            "www",
            "working_dir",
            "/srv/www",
            "limits",
            Map.of("nofile", 4096L)));
  }

  private static List<HookSpec> hooks() {
    return List.of(
        hook(HookSpec.Type.ON_START, "/usr/local/bin/up.sh"),
        hook(HookSpec.Type.ON_STOP, "/usr/local/bin/down.sh"),
        new HookSpec(
            HookSpec.Type.ON_RESTART,
            List.of(),
            new HookSpec.Webhook("https://chat.example.com/hook", "POST", Map.of(), null),
            null,
            Duration.ofSeconds(30),
            true,
            HookSpec.OnError.IGNORE,
            false),
        new HookSpec(
            HookSpec.Type.ON_FAILURE,
            List.of(),
            new HookSpec.Webhook(
                "https://alerts.example.com/semper",
                "PUT",
                Map.of("X-Team", "core"),
                "/etc/semper/hook.key"),
            null,
            Duration.ofSeconds(5),
            true,
            HookSpec.OnError.IGNORE,
            true),
        hook(HookSpec.Type.ON_HEALTHY, "/usr/local/bin/up.sh"),
        hook(HookSpec.Type.ON_DESTROY, "/usr/local/bin/down.sh"),
        new HookSpec(
            HookSpec.Type.BEFORE_UPDATE,
            List.of("/opt/check.sh", "--strict"),
            null,
            "deploy",
            Duration.ofMinutes(1),
            false,
            HookSpec.OnError.IGNORE,
            false),
        new HookSpec(
            HookSpec.Type.AFTER_UPDATE,
            List.of("/usr/local/bin/up.sh"),
            null,
            null,
            Duration.ofSeconds(30),
            false,
            HookSpec.OnError.IGNORE,
            false));
  }

  private static HookSpec hook(HookSpec.Type type, String script) {
    return new HookSpec(
        type,
        List.of(script),
        null,
        null,
        Duration.ofSeconds(30),
        type != HookSpec.Type.ON_DESTROY,
        HookSpec.OnError.IGNORE,
        false);
  }

  @Test
  void aHookBeforeAnUpdateVetoesUnlessNobodyWaitsForIt() {
    HookSpec veto = web("hooks = { before_update = \"/bin/x\" }").hooks().getFirst();
    HookSpec async =
        web("hooks.before_update = { command = [\"/bin/x\"], async = true }").hooks().getFirst();

    assertThat(veto.onError()).isEqualTo(HookSpec.OnError.VETO);
    assertThat(veto.async()).isFalse();
    assertThat(async.onError()).isEqualTo(HookSpec.OnError.IGNORE);
  }

  @Test
  void resolvesTheScriptsOfHooksAgainstTheDocument() {
    String toml =
        """
        [workloads.web]
        kind = "process"
        command = ["/bin/true"]
        hooks.on_stop = "bin/down.sh"
        hooks.on_failure = { webhook = { url = "http://h/", secret_file = "key" } }
        """;

    WorkloadSpec web = READER.readDocument(toml, Format.TOML, Path.of("/etc/apps")).getFirst();

    assertThat(web.hook(HookSpec.Type.ON_STOP).orElseThrow().command())
        .containsExactly("/etc/apps/bin/down.sh");
    assertThat(web.hook(HookSpec.Type.ON_FAILURE).orElseThrow().webhook())
        .isEqualTo(new HookSpec.Webhook("http://h/", "POST", Map.of(), "/etc/apps/key"));
  }

  private static ConfigSpec config() {
    return new ConfigSpec(
        "web-settings",
        "production",
        Set.of("beta"),
        3,
        false,
        true,
        Map.of(),
        "APP_",
        List.of(
            new ConfigSpec.File("app.toml", "toml", "", null, 0640, "www:www"),
            new ConfigSpec.File("/etc/web/web.conf", "", "listen={{port}}", null, 0600, null),
            new ConfigSpec.File(
                "/etc/web/more.conf", "", "", "/etc/web/more.mustache", 0600, null)),
        new ConfigSpec.Change(
            ConfigSpec.Mode.SIGNAL,
            "USR1",
            List.of(),
            "",
            0,
            Duration.ofSeconds(10),
            Duration.ofSeconds(2)),
        new ConfigSpec.Gray(0.25, Duration.ofMinutes(10)),
        Map.of("additional", false));
  }

  private static List<AlertRule> alerts() {
    return List.of(
        new AlertRule(
            "slow",
            AlertRule.Severity.CRITICAL,
            new AlertRule.Threshold("response_time", AlertRule.Comparison.AT_LEAST, 800.5, 500),
            Duration.ofMinutes(2),
            AlertMatch.ALL,
            Map.of("team", "core"),
            Map.of("summary", "{workload} takes {value} ms")),
        alert("odd", new AlertRule.Anomaly("cpu", 4, 60)),
        alert("boot", new AlertRule.ConsecutiveFailures(20, "boot")),
        alert("flaps", new AlertRule.Flapping(4, Duration.ofMinutes(20))),
        alert(
            "gave-up",
            new AlertRule.Occurrence(
                List.of("instance.given_up"), List.of("instance.ready"), Duration.ofHours(6))));
  }

  private static AlertRule alert(String name, AlertRule.Condition condition) {
    return new AlertRule(
        name,
        AlertRule.Severity.WARNING,
        condition,
        Duration.ZERO,
        AlertMatch.ALL,
        Map.of(),
        Map.of());
  }

  @ParameterizedTest
  @CsvSource({
    "no, NO",
    "never, NO",
    "on-failure, ON_FAILURE",
    "always, ALWAYS",
    "unless-stopped, UNLESS_STOPPED"
  })
  void readsARestartPolicyAloneAndInATable(String word, RestartSpec.Policy policy) {
    assertThat(web("restart = \"" + word + "\"").restart().policy()).isEqualTo(policy);
    assertThat(web("restart = { policy = \"" + word + "\" }").restart())
        .isEqualTo(web("restart = \"" + word + "\"").restart());
  }

  @ParameterizedTest
  @CsvSource({
    "'\"1s\"', 1000",
    "'\"500ms\"', 500",
    "'\"1h30m\"', 5400000",
    "'\"0.5s\"', 500",
    "'\"1m1s1ms\"', 61001",
    "'\"7\"', 7000",
    "7, 7000",
    "0.25, 250",
    "0, 0"
  })
  void readsDurations(String written, long millis) {
    assertThat(web("start_seconds = " + written).startSeconds()).hasMillis(millis);
  }

  @Test
  void readsDays() {
    assertThat(SpecReader.duration("2d")).isEqualTo(Duration.ofDays(2));
    assertThatThrownBy(() -> SpecReader.duration("2 days"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2 days");
  }

  @ParameterizedTest
  @CsvSource({
    "'\"256Mi\"', 268435456",
    "'\"256MiB\"', 268435456",
    "'\"1G\"', 1000000000",
    "'\"1.5Gi\"', 1610612736",
    "'\"4k\"', 4000",
    "'\"512\"', 512",
    "512, 512"
  })
  void readsSizes(String written, long bytes) {
    assertThat(web("resources = { memory = " + written + " }").resources().memoryBytes())
        .isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"USR1", "SIGUSR1", "sigusr1"})
  void readsSignalsWithAndWithoutPrefix(String signal) {
    assertThat(web("stop = { signal = \"" + signal + "\" }").stop().signal()).isEqualTo("USR1");
  }

  @Test
  void updatesStopFirstWhenThePortIsFixedUnlessTold() {
    assertThat(web("port = 80").update().order()).isEqualTo(UpdateSpec.Order.STOP_FIRST);
    assertThat(web("port = \"auto\"").update().order()).isEqualTo(UpdateSpec.Order.START_FIRST);
    assertThat(web("port = 80\nupdate = { order = \"start-first\" }").update().order())
        .isEqualTo(UpdateSpec.Order.START_FIRST);
  }

  @Test
  void keepsTheOrderOfTheDocument() {
    StringBuilder text = new StringBuilder();
    List<String> names = List.of("z", "a", "m", "0", "b-1");
    names.forEach(
        n -> text.append("[workloads.%s]\nkind = \"process\"\ncommand = [\"x\"]\n".formatted(n)));

    assertThat(Documents.toml(text.toString())).extracting(WorkloadSpec::name).isEqualTo(names);
  }

  @Test
  void resolvesRelativePathsAgainstTheDirectoryOfTheDocument() {
    String text = Documents.table("env_file = \"conf/web.env\"\nworking_dir = \"../www\"");

    WorkloadSpec based = READER.readDocument(text, Format.TOML, Path.of("/srv/app")).getFirst();
    WorkloadSpec free = READER.readDocument(text, Format.TOML, null).getFirst();

    assertThat(based.envFile()).isEqualTo("/srv/app/conf/web.env");
    assertThat(based.settings()).containsEntry("working_dir", "/srv/www");
    assertThat(free.envFile()).isEqualTo("conf/web.env");
    assertThat(free.settings()).containsEntry("working_dir", "../www");
  }

  @Test
  void treatsAKeyWithoutAValueAsAbsent() {
    String yaml =
        "workloads:\n  web:\n    kind: process\n    command: [x]\n    env:\n    port: ~\n";

    WorkloadSpec web = READER.readDocument(yaml, Format.YAML, null).getFirst();

    assertThat(web.env()).isEmpty();
    assertThat(web.port()).isNull();
  }

  @Test
  void readsYamlAnchorsAndTextThatLooksLikeANumber() {
    String yaml =
        """
        workloads:
          a: &a
            kind: process
            command: [x]
            env: &env {MODE: 0700, ZIP: "08", YES: yes}
          b:
            kind: process
            command: [y]
            env: *env
        """;

    List<WorkloadSpec> specs = READER.readDocument(yaml, Format.YAML, null);

    assertThat(specs.get(0).env())
        .isEqualTo(Map.of("MODE", "0700", "ZIP", "08", "YES", "yes"))
        .isEqualTo(specs.get(1).env());
  }

  @Test
  void readsTheBodyOfARequest() {
    WorkloadSpec web =
        READER.readWorkload(
            "web", Map.of("kind", "process", "command", List.of("/bin/true"), "instances", 2));

    assertThat(web.instances()).isEqualTo(2);
    assertThat(web.settings()).isEqualTo(Map.of("command", List.of("/bin/true")));
  }

  @Test
  void tellsTheFormatByTheNameOfTheFile() {
    assertThat(Format.ofFileName("a.toml")).isEqualTo(Format.TOML);
    assertThat(Format.ofFileName("/x/A.YML")).isEqualTo(Format.YAML);
    assertThat(Format.ofFileName("b.yaml")).isEqualTo(Format.YAML);
    assertThat(Format.ofFileName("c.json")).isEqualTo(Format.JSON);
    assertThatThrownBy(() -> Format.ofFileName("d.ini"))
        .isInstanceOf(SemperException.class)
        .hasMessageContaining("d.ini");
  }

  private static RecoverySpec recovery() {
    return new RecoverySpec(
        false,
        "gentle",
        4,
        2,
        Duration.ofHours(2),
        Duration.ofMinutes(10),
        List.of("/srv/www/cache"),
        List.of(),
        List.of(
            new RecoverySpec.Rung(
                RecoverySpec.Action.MEMORY_CLEANUP,
                2,
                Duration.ofSeconds(90),
                Duration.ofSeconds(7),
                2,
                Duration.ofSeconds(20),
                List.of(),
                List.of(),
                Duration.ZERO,
                "",
                "USR1",
                0,
                "",
                AlertRule.Severity.WARNING,
                ""),
            new RecoverySpec.Rung(
                RecoverySpec.Action.RECONNECT,
                3,
                Duration.ofMinutes(1),
                Duration.ofSeconds(5),
                1,
                Duration.ofMinutes(5),
                List.of("/usr/bin/reconnect", "db"),
                List.of(),
                Duration.ZERO,
                "",
                null,
                0,
                "",
                AlertRule.Severity.WARNING,
                ""),
            new RecoverySpec.Rung(
                RecoverySpec.Action.DISK_CLEANUP,
                3,
                Duration.ofMinutes(1),
                Duration.ofSeconds(5),
                1,
                Duration.ofMinutes(5),
                List.of(),
                List.of("/srv/www/tmp"),
                Duration.ofDays(1),
                "*.tmp",
                null,
                0,
                "",
                AlertRule.Severity.WARNING,
                ""),
            new RecoverySpec.Rung(
                RecoverySpec.Action.SCALE,
                1,
                Duration.ofMinutes(10),
                Duration.ofSeconds(5),
                1,
                Duration.ofMinutes(5),
                List.of(),
                List.of(),
                Duration.ZERO,
                "",
                null,
                4,
                "",
                AlertRule.Severity.WARNING,
                ""),
            new RecoverySpec.Rung(
                RecoverySpec.Action.NOTIFY,
                3,
                Duration.ofMinutes(5),
                Duration.ZERO,
                1,
                Duration.ofMinutes(5),
                List.of(),
                List.of(),
                Duration.ZERO,
                "",
                null,
                0,
                "look at web",
                AlertRule.Severity.CRITICAL,
                ""),
            new RecoverySpec.Rung(
                RecoverySpec.Action.HOOK,
                3,
                Duration.ofMinutes(1),
                Duration.ofSeconds(5),
                1,
                Duration.ofMinutes(5),
                List.of(),
                List.of(),
                Duration.ZERO,
                "",
                null,
                0,
                "",
                AlertRule.Severity.WARNING,
                "on_failure")));
  }
}
