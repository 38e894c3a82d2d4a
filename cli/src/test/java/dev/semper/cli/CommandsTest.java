package dev.semper.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CommandsTest {
  private static final String WEB =
      """
      {"tenant":"default","name":"web","uid":"u1","kind":"process","version":"1.2.0","generation":3,
       "previous_generation":2,"state":"running","state_since":"2026-01-01T00:00:00Z","desired":"running",
       "reason":"","health":"healthy","health_score":98,"instances_wanted":1,"instances_ready":1,"restarts":4,"failures":0,
       "created_at":"2026-01-01T00:00:00Z","depends_on":["db"],"labels":{},
       "instances":[{"name":"web-0","incarnation":"i1","ordinal":0,"generation":3,"version":"1.2.0",
         "phase":"running","candidate":false,"handle":"4711","port":8081,"since":"2026-01-01T00:00:00Z",
         "started_at":"2026-01-01T00:00:00Z","reason":"",
         "health":{"started":true,"ready":true,"live":true,"probes":{"http":"ok"}},
         "last_exit":{"at":"2026-01-01T00:00:00Z","signal":"KILL","detail":""},
         "restarts":4,"recent_attempts":1}]}
      """;

  private static final String HEALTH =
      """
      {"tenant":"default","workload":"web","state":"running","status":"unhealthy","score":60,
       "since":"2026-01-01T00:00:00Z","last_check":"2026-01-01T00:00:00Z",
       "reasons":["memory 812 MB over its limit 512 MB: −25"],
       "measures":{"cpu_percent":91.0,"memory_mb":812,"disk_percent":75,"error_rate_percent":12.5,
         "response_time_ms":3.5,"response_time_p95_ms":9,"uptime_seconds":61,"restart_count":2},
       "probes":[{"instance":"web-0","name":"http","type":"liveness","outcome":"failed",
         "at":"2026-01-01T00:00:00Z","took_ms":1.5,"message":"status 503","failures":2}],
       "trend":{"direction":"degrading","slope_per_hour":-12.5,"samples":60},"anomalies":[],
       "reliability":{"availability":[
         {"window":"1h","up_seconds":0,"down_seconds":0,"unknown_seconds":3600},
         {"window":"24h","percent":99.5,"up_seconds":1,"down_seconds":1,"unknown_seconds":1}],
         "outages":1,"time_to_recover_seconds":30,"last_outage":{"started_at":"2026-01-01T00:00:00Z",
         "ended_at":"2026-01-01T00:00:30Z","seconds":30,"reason":"no instance is up"}}}
      """;

  @TempDir Path home;
  private final StubServer server = StubServer.started();

  @BeforeEach
  void leaveTraces() throws IOException {
    Files.createDirectories(home.resolve("run"));
    Files.writeString(home.resolve("run/token"), "s3cret\n");
    Files.writeString(
        home.resolve("run/server.json"), "{\"url\":\"" + server.url() + "\",\"pid\":1}");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private CliRun semper(String... args) {
    return CliRun.of(atHome(args));
  }

  private String[] atHome(String... args) {
    return Stream.concat(Stream.of(args), Stream.of("--home", home.toString()))
        .toArray(String[]::new);
  }

  private static String operation(String status, boolean ended, String error, String code) {
    return """
    {"id":"op1","tenant":"default","workload":"web","kind":"restart","status":"%s","ended":%s,
     "priority":"normal","generation":0,"request":{},"progress":50,"waiting_for":"","error":"%s",
     "error_code":"%s","after":[],"actor":"root","attempt":1,"created_at":"2026-01-01T00:00:00Z",
     "started_at":"2026-01-01T00:00:00Z","ended_at":"2026-01-01T00:00:01Z",
     "steps":[{"name":"stop 0","undo":false,"status":"done","detail":""}]}
    """
        .formatted(status, ended, error, code);
  }

  private static String problem(int status, String code, String more) {
    return """
    {"type":"/problems/x","title":"X","status":%d,"detail":"cannot start web: it is busy","code":"%s"%s}
    """
        .formatted(status, code, more);
  }

  @Test
  void findsServerAndTokenInTheHome() {
    server.answer("GET /api/v1/workloads", 200, "{\"items\":[]}");

    CliRun run = semper("status");

    assertThat(run.status()).isZero();
    assertThat(server.requests().getFirst().authorization()).isEqualTo("Bearer s3cret");
    assertThat(run.out()).contains("semper apply -f");
  }

  @Test
  void alignsTheTableOfWorkloads() {
    server.answer("GET /api/v1/workloads", 200, "{\"items\":[" + WEB + "]}");

    List<String> lines = semper("status").out().lines().toList();

    assertThat(lines).hasSize(2);
    assertThat(lines.get(0)).startsWith("NAME").contains("STATE", "HEALTH", "RESTARTS", "PID");
    assertThat(lines.get(1)).startsWith("web").contains("running", "healthy", "1/1", "4711");
    assertThat(lines.get(1).indexOf("running")).isEqualTo(lines.get(0).indexOf("STATE"));
    assertThat(lines.get(1)).doesNotContain("\u001b");
  }

  @Test
  void keepsColumnsAlignedWhenColoured() {
    server.answer("GET /api/v1/workloads", 200, "{\"items\":[" + WEB + "]}");

    String coloured = CliRun.coloured(atHome("status")).out();

    assertThat(coloured).contains("\u001b[32mrunning");
    assertThat(coloured.replaceAll("\u001b\\[[0-9]+m", "")).isEqualTo(semper("status").out());
    assertThat(CliRun.coloured(atHome("status", "--no-color")).out()).doesNotContain("\u001b");
  }

  @Test
  void printsTheWireRecordAsJson() {
    server.answer("GET /api/v1/workloads", 200, "{\"items\":[" + WEB + "]}");

    assertThat(semper("status", "--format", "json").out())
        .contains("\"items\"", "\"instances_ready\" : 1", "\"signal\" : \"KILL\"");
  }

  @Test
  void showsOneWorkloadWithItsInstancesAndUsage() {
    server.answer("GET /api/v1/workloads/web", 200, WEB);
    server.answer(
        "GET /api/v1/workloads/web/usage",
        200,
        """
        {"workload":"web","at":"2026-01-01T00:00:00Z","instances":[{"name":"web-0","incarnation":"i1",
         "cpu_millis":1500,"resident_bytes":1572864,"processes":2}]}
        """);

    assertThat(semper("status", "web").out())
        .contains("generation 3", "Depends on     db", "signal KILL", "1.5s", "1.5MiB", "8081");
  }

  @Test
  void saysTheSameUnderLifecycle() {
    server.answer("GET /api/v1/workloads", 200, "{\"items\":[" + WEB + "]}");

    assertThat(semper("lifecycle", "status").out()).isEqualTo(semper("status").out());
  }

  @Test
  void exitsWithOneWhenAWorkloadIsNotHealthy() {
    server.answer("GET /api/v1/workloads/web/health", 200, HEALTH);

    CliRun run = semper("health", "web");

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.out())
        .contains("web: unhealthy", "score 60", "memory 812 MB over", "degrading (-12.5 points")
        .contains("99.500 % of 24h", "back after 30s on average", "http", "91.0%");
    assertThat(CliRun.coloured(atHome("health", "web")).out()).contains("\u001b[31m91.0%");
  }

  @Test
  void showsTheHealthOfAll() {
    server.answer("GET /api/v1/health", 200, "{\"items\":[" + HEALTH + "]}");

    CliRun run = semper("health");

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.out()).contains("SCORE", "DISK").contains("unhealthy", "12.5 %", "812.0MB");
    assertThat(CliRun.coloured(atHome("health")).out())
        .contains("\u001b[31m91.0%", "\u001b[33m75.0%", "\u001b[31munhealthy");
    assertThat(semper("health", "--format", "json").out()).contains("\"memory_mb\" : 812.0");
  }

  @Test
  void waitsForTheOperationAndTellsItsEnd() {
    server.answer("POST /api/v1/workloads/web/restart", 202, operation("running", false, "", ""));
    server.answer("GET /api/v1/operations/op1", 200, operation("succeeded", true, "", ""));

    CliRun run = semper("restart", "web");

    assertThat(run.status()).isZero();
    assertThat(run.out()).isEqualTo("restart web: succeeded in 1s\n");
  }

  @Test
  void showsStepsToSomebodyWhoWatches() {
    server.answer("POST /api/v1/workloads/web/restart", 202, operation("running", false, "", ""));
    server.answer("GET /api/v1/operations/op1", 200, operation("succeeded", true, "", ""));

    assertThat(CliRun.answering("", atHome("restart", "web")).err()).contains("done  stop 0");
  }

  @Test
  void printsOnlyTheOperationWhenItDoesNotWait() {
    server.answer("POST /api/v1/workloads/web/restart", 202, operation("running", false, "", ""));

    CliRun run = semper("restart", "web", "--no-wait", "--queue", "--timeout", "30s");

    assertThat(run.out()).isEqualTo("op1\n");
    assertThat(server.requests().getFirst().body())
        .isEqualTo("{\"queue\":true,\"timeout\":\"30s\"}");
  }

  @ParameterizedTest
  @CsvSource({"failed,LAUNCH_FAILED,1", "rolled_back,LAUNCH_FAILED,1", "failed,TIMEOUT,7"})
  void tellsHowAnOperationFailed(String status, String code, int exit) {
    server.answer("POST /api/v1/workloads/web/restart", 202, operation("running", false, "", ""));
    server.answer(
        "GET /api/v1/operations/op1", 200, operation(status, true, "no such program", code));

    CliRun run = semper("restart", "web");

    assertThat(run.status()).isEqualTo(exit);
    assertThat(run.out()).contains(status, "no such program");
    assertThat(run.err()).contains("semper operations show op1", "semper logs web");
  }

  @Test
  void sendsSeveralNamesAsOneBatch() {
    server.answer("POST /api/v1/batch", 202, operation("running", false, "", ""));

    assertThat(semper("stop", "web", "db", "--no-wait").status()).isZero();
    assertThat(server.requests().getFirst().body())
        .contains("{\"workload\":\"web\",\"action\":\"stop\"", "{\"workload\":\"db\"");
  }

  @ParameterizedTest
  @CsvSource({
    "400,INVALID_REQUEST,2",
    "422,INVALID_SPEC,2",
    "401,UNAUTHENTICATED,5",
    "403,FORBIDDEN,5",
    "404,NOT_FOUND,3",
    "409,ILLEGAL_TRANSITION,4",
    "412,STALE_GENERATION,4",
    "503,STORE_UNAVAILABLE,6",
    "503,TIMEOUT,7",
    "500,INTERNAL,8"
  })
  void turnsProblemsIntoExitStatuses(int http, String code, int exit) {
    server.answer("POST /api/v1/workloads/web/start", http, problem(http, code, ""));

    CliRun run = semper("start", "web");

    assertThat(run.status()).isEqualTo(exit);
    assertThat(run.err()).startsWith("semper: cannot start web: it is busy\n");
    assertThat(run.out()).isEmpty();
  }

  @Test
  void tellsFieldsLinesAndWhatIsAllowed() {
    server.answer(
        "POST /api/v1/workloads/web/start",
        409,
        problem(
            409,
            "ILLEGAL_TRANSITION",
            """
            ,"problems":[{"path":"workloads.web.perid","line":7,"message":"unknown key, did you mean period?"}],
             "allowed":["stop","restart"],"operation_id":"op9"
            """));

    assertThat(semper("start", "web").err())
        .contains(
            "line 7: workloads.web.perid: unknown key, did you mean period?",
            "allowed now: stop, restart",
            "semper operations show op9");
  }

  @Test
  void saysWhatToDoWhenNoServerAnswers() {
    server.close();

    CliRun run = semper("status");

    assertThat(run.status()).isEqualTo(6);
    assertThat(run.err()).contains(server.url(), "semper daemon status");
  }

  @Test
  void saysWhatToDoWhenThereIsNoServer() throws IOException {
    Files.delete(home.resolve("run/server.json"));

    CliRun run = semper("status");

    assertThat(run.status()).isEqualTo(6);
    assertThat(run.err()).contains("semper daemon start");
  }

  @Test
  void saysWhatToDoWithoutAToken() throws IOException {
    Files.delete(home.resolve("run/token"));

    CliRun run = semper("status");

    assertThat(run.status()).isEqualTo(5);
    assertThat(run.err()).contains("run/token", "--token-file", "SEMPER_TOKEN");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "statsu|did you mean status?",
        "operations lits|did you mean list?",
        "start web --dryrun|did you mean --dry-run?",
        "maintenance maybe web|on|off",
        "start|NAME",
        "apply|--file",
        "batch web|write e.g. stop:web",
        "state web --force stopped|--reason",
        "status --format xml|JSON",
        "daemon stop --timeout soon|10s",
        "apply -f /does/not/exist.toml|no such file",
        "help nonsense|has no command nonsense"
      })
  void explainsWhatWasTypedWrong(String line, String hint) {
    CliRun run = semper(line.split(" "));

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains(hint);
    assertThat(server.requests()).isEmpty();
  }

  @Test
  void asksBeforePruningDeletes() throws IOException {
    Path file = Files.writeString(home.resolve("w.toml"), "[workloads.web]\n");
    String plan =
        """
        {"empty":false,"items":[{"workload":"old","action":"delete","changes":[]}]}
        """;
    server.answer("POST /api/v1/plan", 200, plan);
    server.answer("POST /api/v1/apply", 200, "{\"plan\":" + plan + "}");

    CliRun no = CliRun.answering("n\n", atHome("apply", "-f", file.toString(), "--prune"));
    assertThat(no.err()).contains("Delete old");
    assertThat(no.out()).contains("cancelled");
    assertThat(server.requests()).noneMatch(request -> request.path().contains("/apply"));

    CliRun yes = CliRun.answering("yes\n", atHome("apply", "-f", file.toString(), "--prune"));
    assertThat(yes.out()).contains("- old  stop and delete", "1 to delete");
    assertThat(server.requests()).anyMatch(request -> request.path().contains("/apply"));
  }

  @Test
  void readsTheDocumentFromAPipe() {
    server.answer("POST /api/v1/plan", 200, "{\"empty\":true,\"items\":[]}");

    CliRun run = CliRun.piped("{\"workloads\":{}}", atHome("plan", "-f", "-"));

    assertThat(run.out()).contains("nothing to do");
    assertThat(server.requests().getFirst().body()).contains("\"format\":\"json\"", "\"base_dir\"");
  }

  @Test
  void showsChangesOfAPlan() throws IOException {
    Path file = Files.writeString(home.resolve("w.yaml"), "workloads: {}\n");
    server.answer(
        "POST /api/v1/plan",
        200,
        """
        {"empty":false,"items":[
          {"workload":"a","action":"create","changes":[]},
          {"workload":"b","action":"replace","changes":[{"path":"command[1]","before":"x","after":"y"}]},
          {"workload":"c","action":"none","changes":[]}]}
        """);

    assertThat(semper("plan", "-f", file.toString()).out())
        .isEqualTo(
            """
            + a  create
            ~ b  replace (instance by instance)
                command[1]: x -> y
            1 to create, 1 to replace, 1 unchanged
            """);
    assertThat(server.requests().getFirst().body()).contains("\"format\":\"yaml\"");
  }

  @Test
  void showsEventsOldestFirst() {
    server.answer(
        "GET /api/v1/events",
        200,
        """
        {"first":1,"last":2,"items":[
         {"seq":2,"at":"2026-01-01T00:00:01Z","tenant":"default","workload":"web","type":"instance.started",
          "data":{"handle":"7"},"actor":"system"},
         {"seq":1,"at":"2026-01-01T00:00:00Z","tenant":"default","workload":"web","type":"instance.exited",
          "data":{"code":1},"actor":"system"}]}
        """);

    List<String> lines = semper("events", "--workload", "web").out().lines().toList();

    assertThat(lines.get(1)).contains("instance.exited", "code=1");
    assertThat(lines.get(2)).contains("instance.started", "handle=7");
    assertThat(server.requests().getFirst().path()).contains("workload=web", "limit=20");
  }

  @Test
  void exitsWithOneWhenTheAuditChainIsBroken() {
    server.answer(
        "GET /api/v1/audit/verify",
        200,
        "{\"intact\":false,\"records\":9,\"head\":\"ab\",\"broken\":\"record 4 was changed\"}");

    CliRun run = semper("audit", "verify");

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.out()).contains("record 4 was changed");
  }

  @Test
  void showsTheSecretOfANewTokenAlone() {
    server.answer(
        "POST /api/v1/tokens",
        201,
        """
        {"secret":"xyz","token":{"id":"t1","name":"alice","role":"viewer","tenant":"default",
         "created_at":"2026-01-01T00:00:00Z","created_by":"root"}}
        """);

    CliRun run = semper("tokens", "create", "alice", "--role", "viewer");

    assertThat(run.out()).isEqualTo("xyz\n");
    assertThat(run.err()).contains("not shown again");
  }

  static Stream<String> everyCommand() {
    Session session = new Session(new Globals(), CliRunTerminal.NONE);
    return new Commands(session).names().stream();
  }

  @ParameterizedTest
  @MethodSource("everyCommand")
  void hasHelpWithAnExampleForEveryCommand(String name) {
    CliRun run = CliRun.of(name, "--help");

    assertThat(run.status()).isZero();
    assertThat(run.out()).contains("Usage: semper " + name);
    if (!name.equals("lifecycle")) {
      assertThat(run.out()).contains("Example").contains("  semper ");
    }
    assertThat(run.err()).isEmpty();
  }

  @Test
  void listsEveryCommandInItsHelp() {
    assertThat(CliRun.of("--help").out()).contains(everyCommand().toList());
    assertThat(CliRun.of().out()).isEqualTo(CliRun.of("--help").out());
  }

  @ParameterizedTest
  @ValueSource(strings = {"bash", "zsh"})
  void writesAScriptThatCompletes(String shell) {
    assertThat(CliRun.of("completion", shell).out()).contains("semper", "operations", "--prune");
  }

  @Test
  void survivesHostileTextInTables() {
    String hostile = WEB.replace("\"name\":\"web\"", "\"name\":\"we\\u001b[31mb\\nx\"");
    server.answer("GET /api/v1/workloads", 200, "{\"items\":[" + hostile + "]}");

    String out = semper("status").out();

    assertThat(out).doesNotContain("\u001b").hasLineCount(2);
  }
}
