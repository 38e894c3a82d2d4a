package dev.semper.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.api.AttemptInfo;
import dev.semper.api.EventInfo;
import dev.semper.api.EventQuery;
import dev.semper.api.RecoveryInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
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
