package dev.semper.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.api.ActionRequest;
import dev.semper.api.AttemptInfo;
import dev.semper.api.EventInfo;
import dev.semper.api.EventQuery;
import dev.semper.api.RecoveryInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Recoveries that begin by themselves, of real processes on a real server.
@Timeout(180)
final class RecoveryTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static Lab lab;
  @TempDir Path dir;

  @BeforeAll
  static void open() {
    ServerProcess server = ServerProcess.create();
    server.settings("[recovery]\nmax_concurrent = 4\n");
    lab = new Lab(server.start());
  }

  @AfterAll
  static void close() {
    lab.close();
  }

  /// A program that is ready while a shell command says so.
  private static String workload(String name, String version, String ready, String recovery) {
    return """
    [workloads.%s]
    kind = "process"
    version = "%s"
    command = ["/bin/sleep", "1000"]
    start_seconds = "0s"
    stop = { timeout = "2s" }
    update = { ready_timeout = "5s" }
    [[workloads.%s.probes]]
    name = "ready"
    type = "readiness"
    command = ["/bin/sh", "-c", '''%s''']
    period = "200ms"
    timeout = "2s"
    failure_threshold = 2
    [workloads.%s.recovery]
    failure_threshold = 2
    %s
    """
        .formatted(name, version, name, ready, name, recovery);
  }

  private static RecoveryInfo ended(String workload) {
    return Awaitility.await("the recovery of " + workload)
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(50))
        .until(
            () -> lab.client().recoveries(workload, 10).items(),
            all -> !all.isEmpty() && all.getFirst().endedAt() != null)
        .getFirst();
  }

  private static List<String> actions(RecoveryInfo recovery) {
    return recovery.attempts().stream().map(a -> a.action() + " " + a.outcome()).toList();
  }

  @Test
  void clearsAStaleFileThatRestartingDoesNotHelpAgainst() throws IOException {
    Path cache = Files.createDirectory(dir.resolve("cache"));
    lab.run(
        workload(
            "stale",
            "1",
            "test ! -e " + cache + "/lock",
            "strategy = \"conservative\"\ncache_paths = [\"" + cache + "\"]"));
    long pid = lab.pid("stale");
    Files.writeString(cache.resolve("lock"), "held by a dead process");
    RecoveryInfo recovery = ended("stale");

    assertThat(recovery.status()).as(recovery::toString).isEqualTo("recovered");
    assertThat(recovery.automatic()).isTrue();
    assertThat(recovery.cause().probe()).isEqualTo("ready");
    assertThat(actions(recovery)).containsExactly("restart failed", "clear_cache succeeded");
    assertThat(recovery.attempts().getLast().detail()).contains("deleted 1 files, 22 bytes");
    assertThat(cache).isEmptyDirectory();
    assertThat(lab.pid("stale")).isNotEqualTo(pid);
    assertThat(Lab.alive(pid)).isFalse();
    lab.await("stale", "is ready", w -> w.instancesReady() == 1 && w.state().equals("running"));

    Cli.Result shown = Cli.semper(lab.server().home(), "recoveries", "stale");
    assertThat(shown.code()).as(shown::output).isZero();
    assertThat(shown.output()).contains("clear_cache", "succeeded", "not well within");
    Cli.Result dry = Cli.semper(lab.server().home(), "recover", "stale", "--dry-run", "--force");
    assertThat(dry.output()).contains("restart", "tried", "empty " + cache);
    Cli.Result idle = Cli.semper(lab.server().home(), "recover", "stale");
    assertThat(idle.code()).as(idle::output).isZero();
    Cli.Result wrong = Cli.semper(lab.server().home(), "recover", "stale", "--strategy", "bold");
    assertThat(wrong.output()).contains("there is no strategy bold");
  }

  @Test
  void goesBackFromAnUpdateThatGoesBadLater() throws IOException {
    Path bad = dir.resolve("bad");
    String ready = "test $SEMPER_VERSION = 1 || test ! -e " + bad;
    String ladder =
        """
        ladder = [{ action = "restart", settle = "1s" }, { action = "rollback_version" }]
        """;
    lab.run(workload("app", "1", ready, ladder));
    lab.run(workload("app", "2", ready, ladder));
    Files.writeString(bad, "");
    RecoveryInfo recovery = ended("app");

    assertThat(recovery.status()).as(recovery::toString).isEqualTo("recovered");
    assertThat(actions(recovery)).containsExactly("restart failed", "rollback_version succeeded");
    assertThat(lab.workload("app").version()).isEqualTo("1");
    assertThat(lab.pids("app")).hasSize(1);
  }

  @Test
  void deletesOnlyWhatADiskCleanupDeclares() throws IOException {
    Path logs = Files.createDirectories(dir.resolve("data/logs"));
    FileTime old = FileTime.from(Instant.now().minus(Duration.ofDays(3)));
    Path gone = Files.writeString(logs.resolve("a.log"), "0123456789");
    Path young = Files.writeString(logs.resolve("b.log"), "x");
    Path other = Files.writeString(logs.resolve("data.db"), "x");
    Path outside = Files.writeString(dir.resolve("data/c.log"), "x");
    for (Path file : List.of(gone, other, outside)) {
      Files.setLastModifiedTime(file, old);
    }
    Path link = Files.createSymbolicLink(logs.resolve("up.log"), outside);
    Path way = Files.createSymbolicLink(logs.resolve("way"), dir.resolve("data"));
    lab.run(
        workload(
            "disk",
            "1",
            "test ! -e " + gone + " || test ! -e " + dir + "/full",
            """
            [[workloads.disk.recovery.ladder]]
            action = "disk_cleanup"
            paths = ["%s"]
            older_than = "1d"
            pattern = "*.log"
            """
                .formatted(logs)));
    Files.writeString(dir.resolve("full"), "");
    RecoveryInfo recovery = ended("disk");

    assertThat(recovery.status()).as(recovery::toString).isEqualTo("recovered");
    assertThat(recovery.attempts().getFirst().detail()).contains("deleted 1 files, 10 bytes");
    assertThat(gone).doesNotExist();
    assertThat(List.of(young, other, outside, link, way)).allMatch(Files::exists);
  }

  @Test
  void runsACommandAsTheWorkloadAndKeepsItsWords() throws IOException {
    lab.run(
        workload(
            "told",
            "1",
            "test -e " + dir + "/mended || test ! -e " + dir + "/broken",
            """
            ladder = [
              { action = "command", command = "echo no luck; exit 3", settle = "1s" },
              { action = "reconnect", command = "echo $SEMPER_WORKLOAD $SEMPER_ACTION > %s/mended" },
            ]
            """
                .formatted(dir)));
    Files.writeString(dir.resolve("broken"), "");
    RecoveryInfo recovery = ended("told");

    assertThat(recovery.status()).as(recovery::toString).isEqualTo("recovered");
    AttemptInfo first = recovery.attempts().getFirst();
    assertThat(first.outcome()).isEqualTo("failed");
    assertThat(first.error()).contains("code 3", "no luck");
    assertThat(Files.readString(dir.resolve("mended"))).isEqualTo("told reconnect\n");
  }

  @Test
  void tellsTheAlertChannelsAndRunsAHookOfTheWorkload() throws IOException {
    Path script =
        Files.writeString(dir.resolve("heal"), "#!/bin/sh\ntouch " + dir + "/healed\necho done\n");
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    try (Receiver receiver = Receiver.withSecret("s3cret");
        ServerProcess server = ServerProcess.create()) {
      Files.writeString(server.home().resolve("hook.secret"), "s3cret");
      server
          .settings(
              """
              [[alerts.channels]]
              name = "ops"
              type = "webhook"
              url = "%s"
              secret_file = "hook.secret"
              [[alerts.routes]]
              rules = ["recovery"]
              severities = ["critical"]
              channels = ["ops"]
              [[alerts.routes]]
              channels = []
              """
                  .formatted(receiver.url()))
          .start();
      Lab own = new Lab(server);
      own.run(
          workload(
                  "calls",
                  "1",
                  "test -e " + dir + "/healed || test ! -e " + dir + "/ill",
                  """
                  ladder = [
                    { action = "notify", message = "calls is ill", severity = "critical" },
                    { action = "hook", hook = "on_stop" },
                  ]
                  """)
              .replace("start_seconds", "hooks = { on_stop = \"" + script + "\" }\nstart_seconds"));
      Files.writeString(dir.resolve("ill"), "");
      Awaitility.await()
          .atMost(PATIENCE)
          .until(() ->
              server.client().deliveries("ops", "pending", 10).items().stream()
                  .anyMatch(d -> d.attempts() > 0));
      receiver.up();
      RecoveryInfo recovery =
          Awaitility.await()
              .atMost(PATIENCE)
              .until(
                  () -> server.client().recoveries("calls", 10).items(),
                  all -> !all.isEmpty() && all.getFirst().endedAt() != null)
              .getFirst();

      assertThat(actions(recovery))
          .as(recovery::toString)
          .containsExactly("notify failed", "hook succeeded");
      assertThat(recovery.attempts().getLast().detail()).contains("hook on_stop", "done");
      Awaitility.await().atMost(PATIENCE).until(() -> receiver.got().size() == 1);
      Receiver.Got got = receiver.got().getFirst();
      assertThat(got.signed()).isTrue();
      assertThat(got.body().path("reason").asString()).isEqualTo("notice");
      assertThat(got.body().at("/alerts/0/summary").asString()).isEqualTo("calls is ill");
      assertThat(Cli.semper(server.home(), "alerts", "deliveries").output())
          .contains("[NOTICE] critical: calls (recovery)", "delivered");
    }
  }

  /// All three fail in the same instant; each is healed when what it needs is well again.
  @Test
  void healsADependencyBeforeItsDependents() {
    StringBuilder document = new StringBuilder();
    List<String> names = List.of("chain-a", "chain-b", "chain-c");
    for (int i = 2; i >= 0; i--) {
      document.append(
          """
          [workloads.%s]
          kind = "process"
          command = ["/bin/sleep", "1000"]
          start_seconds = "0s"
          restart = "no"
          depends_on = [%s]
          recovery = { ladder = [{ action = "restart", settle = "300ms" }] }
          """
              .formatted(names.get(i), i == 0 ? "" : "\"" + names.get(i - 1) + "\""));
    }
    lab.run(document.toString());
    long before = lab.lastEvent();
    List<String> kill = new ArrayList<>(List.of("kill", "-KILL"));
    names.reversed().forEach(n -> kill.add(String.valueOf(lab.pid(n))));
    Lab.run(kill);
    names.forEach(RecoveryTest::ended);

    assertThat(
            lab
                .client()
                .events(new EventQuery(null, null, "recovery.*", null, before), 1000)
                .items()
                .stream()
                .filter(e -> String.valueOf(e.workload()).startsWith("chain-"))
                .filter(e -> !e.type().startsWith("recovery.attempt"))
                .map(e -> e.workload() + " " + e.type()))
        .containsExactly(
            "chain-a recovery.started",
            "chain-a recovery.completed",
            "chain-b recovery.started",
            "chain-b recovery.completed",
            "chain-c recovery.started",
            "chain-c recovery.completed");
  }

  /// Not even when its recovery was about to begin.
  @Test
  void neverHealsWhatWasStoppedOnPurpose() throws IOException {
    lab.run(
        workload(
            "halted", "1", "test ! -e " + dir + "/off", "ladder = [{ action = \"restart\" }]"));
    Files.writeString(dir.resolve("off"), "");
    lab.client().act("halted", "stop", ActionRequest.DEFAULT);
    lab.await("halted", "is stopped", w -> w.state().equals("stopped"));
    long stopped = lab.lastEvent();
    lab.run(
        """
        [workloads.later]
        kind = "process"
        command = ["/bin/sleep", "1000"]
        start_seconds = "0s"
        restart = "no"
        recovery = { ladder = [{ action = "restart", settle = "200ms" }] }
        """);
    Lab.signal("KILL", lab.pid("later"));
    ended("later"); // others are healed meanwhile

    assertThat(lab.workload("halted").state()).isEqualTo("stopped");
    assertThat(lab.pids("halted")).isEmpty();
    assertThat(lab.events("halted", "recovery.started", stopped)).isEmpty();
    assertThat(lab.client().recoveries("halted", 10).items())
        .allSatisfy(r -> assertThat(r.status()).isEqualTo("superseded"));
  }

  @Test
  void healsAHundredThatFailAtOnceFewAtATime() {
    StringBuilder document = new StringBuilder();
    for (int i = 0; i < 100; i++) {
      document.append(
          """
          [workloads.rack-%d]
          kind = "process"
          command = ["/bin/sleep", "1000"]
          start_seconds = "0s"
          restart = "no"
          recovery = { ladder = [{ action = "restart", settle = "200ms" }] }
          """
              .formatted(i));
    }
    lab.run(document.toString());
    long before = lab.lastEvent();
    List<String> kill = new ArrayList<>(List.of("kill", "-KILL"));
    for (int i = 0; i < 100; i++) {
      kill.add(String.valueOf(lab.pid("rack-" + i)));
    }
    Lab.run(kill);
    Awaitility.await("all are back")
        .atMost(Duration.ofMinutes(2))
        .until(RecoveryTest::recovered, n -> n == 100);

    int open = 0;
    int most = 0;
    EventQuery all = new EventQuery(null, null, "recovery.*", null, before);
    for (EventInfo event : lab.client().events(all, 1000).items()) {
      boolean ours = String.valueOf(event.workload()).startsWith("rack-");
      open += !ours ? 0 : event.type().equals("recovery.started") ? 1 : 0;
      open -= !ours ? 0 : event.type().equals("recovery.completed") ? 1 : 0;
      most = Math.max(most, open);
    }
    assertThat(most).isBetween(2, 4);
    assertThat(open).isZero();
    for (int i = 0; i < 100; i++) {
      assertThat(lab.pids("rack-" + i)).hasSize(1);
    }
  }

  private static long recovered() {
    return lab.client().recoveries(null, 500).items().stream()
        .filter(r -> r.workload().startsWith("rack-") && r.status().equals("recovered"))
        .count();
  }
}
