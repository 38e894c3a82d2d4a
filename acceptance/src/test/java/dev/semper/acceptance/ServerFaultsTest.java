package dev.semper.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.semper.api.ActionRequest;
import dev.semper.api.ApiException;
import dev.semper.api.ApplyRequest;
import dev.semper.api.EventInfo;
import dev.semper.api.EventQuery;
import dev.semper.api.OperationInfo;
import dev.semper.api.Readiness;
import dev.semper.engine.store.PostgresServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What happens to the server itself: its disk, its database, its clock, its home.
@Timeout(180)
final class ServerFaultsTest {
  private static final String WORKER =
      """
      [workloads.worker]
      kind = "process"
      command = ["sleep", "600"]
      start_seconds = "0s"
      restart = { policy = "always", delay = "0s", max_attempts = 0 }
      """;

  @TempDir Path dir;

  private static String another(String name) {
    return WORKER.replace("worker", name);
  }

  /// Refused for now, with words about why.
  private static void assertUnavailable(Lab lab, String document, String... words) {
    long begun = System.nanoTime();
    ApiException refused =
        catchThrowableOfType(
            ApiException.class, () -> lab.client().apply(ApplyRequest.of(document, "toml")));
    assertThat(refused).isNotNull();
    assertThat(refused.status()).as(refused.problem()::toString).isEqualTo(503);
    assertThat(refused.getMessage()).contains(words);
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(35));
  }

  private static Readiness awaitTrouble(Lab lab, String... words) {
    return Awaitility.await("the server says that it is not ready, and why")
        .atMost(Lab.PATIENCE)
        .until(
            () -> lab.client().readiness(),
            r ->
                !r.ready()
                    && List.of(words).stream().allMatch(w -> r.reasons().toString().contains(w)));
  }

  private static void awaitReady(Lab lab) {
    Awaitility.await("the server is ready again")
        .atMost(Lab.PATIENCE)
        .until(() -> lab.client().readiness().ready());
  }

  /// Numbers of all events, which must have no gap.
  private static void assertNoGap(Lab lab) {
    List<EventInfo> events =
        lab.client().withTenant("*").events(EventQuery.ALL.after(0), 1000).items();
    assertThat(events.stream().mapToLong(EventInfo::seq).toArray())
        .isEqualTo(LongStream.rangeClosed(1, events.size()).toArray());
    assertThat(lab.client().verifyAudit().intact()).isTrue();
  }

  private static void fill(Path file) throws IOException {
    byte[] block = new byte[64 << 10];
    while (block.length > 0) {
      try (OutputStream out =
          Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
        while (true) {
          out.write(block);
        }
      } catch (IOException full) {
        block = new byte[block.length / 16];
      }
    }
  }

  @Test
  void aFullDiskIsNamedLosesNothingAndIsOverWhenSpaceIsFreed() throws IOException {
    Path home = Files.createDirectory(dir.resolve("home"));
    assumeTrue(
        Lab.possible("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", home.toString()),
        "a small file system cannot be mounted here");
    try (Lab lab =
        new Lab(ServerProcess.on(Files.createDirectory(home.resolve("semper"))).start())) {
      lab.run(WORKER);
      long pid = lab.pid("worker");
      fill(home.resolve("ballast"));

      assertUnavailable(lab, another("refused"), "disk", "full");
      Readiness readiness = awaitTrouble(lab, "disk", "full");
      assertThat(readiness.reasons()).isNotEmpty();
      assertThat(lab.client().healthy()).isTrue();
      assertThat(lab.workload("worker").instancesReady()).isEqualTo(1);

      // A process ends and the server is killed while nothing can be written.
      Lab.signal("KILL", pid);
      Awaitility.await().atMost(Lab.PATIENCE).until(() -> !Lab.alive(pid));
      lab.server().kill9();
      lab.server().launch();
      Awaitility.await("it says why it cannot start, or starts and is not ready")
          .atMost(Lab.PATIENCE)
          .until(() ->
              !lab.server().running()
                  || Files.readString(home.resolve("semper/run/server.json"))
                      .contains(":" + lab.server().pid() + ","));
      boolean refusedToStart = !lab.server().running();
      System.out.println(
          "on a full disk the server " + (refusedToStart ? "does not start" : "starts"));
      if (refusedToStart) {
        assertThat(lab.server().awaitEnd(Lab.PATIENCE)).isIn(4, 5);
      }

      Files.delete(home.resolve("ballast"));
      if (refusedToStart) {
        assertThat(lab.server().log()).contains("No space left");
        lab.server().start();
      } else {
        lab.server().awaitReady();
      }
      awaitReady(lab);
      lab.awaitSuccessor("worker", pid);
      assertThat(lab.events("worker", "instance.exited", 0)).hasSize(1);
      assertThat(lab.events("worker", "instance.exited", 0).getFirst().data())
          .containsEntry("signal", "KILL");
      assertThat(lab.client().workloads().items()).hasSize(1);
      lab.run(another("accepted"));
      assertThat(lab.pids("worker")).hasSize(1);
      assertNoGap(lab);
    } finally {
      Lab.run(List.of("umount", "-l", home.toString()));
    }
  }

  @Test
  void aDiskThatIsFullForAWhileHoldsUpRestartsButLosesNone() throws IOException {
    Path home = Files.createDirectory(dir.resolve("home"));
    assumeTrue(
        Lab.possible("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", home.toString()),
        "a small file system cannot be mounted here");
    try (Lab lab =
        new Lab(ServerProcess.on(Files.createDirectory(home.resolve("semper"))).start())) {
      lab.run(WORKER);
      long pid = lab.pid("worker");
      fill(home.resolve("ballast"));
      awaitAfterWriting(lab, pid);

      Files.delete(home.resolve("ballast"));

      lab.awaitSuccessor("worker", pid);
      awaitReady(lab);
      assertThat(lab.events("worker", "instance.exited", 0)).hasSize(1);
      assertNoGap(lab);
    } finally {
      Lab.run(List.of("umount", "-l", home.toString()));
    }
  }

  private static void awaitAfterWriting(Lab lab, long pid) {
    Lab.signal("KILL", pid);
    awaitTrouble(lab, "disk", "full");
    assertThat(lab.pids("worker")).isEmpty(); // nothing is started that is not written down
  }

  @Test
  void aDatabaseThatBecomesReadOnlyIsNamedAndTakenUpAgain() throws IOException {
    try (Lab lab = Lab.open()) {
      lab.run(WORKER);
      long pid = lab.pid("worker");
      // Not the third, -shm: the kernel answers a write into an immutable file that is mapped into
      // memory with SIGBUS, which no program of SQLite's survives.
      List<String> files =
          List.of("semper.db", "semper.db-wal").stream()
              .map(name -> lab.server().home().resolve(name).toString())
              .filter(name -> Files.exists(Path.of(name)))
              .toList();
      assumeTrue(
          Lab.possible("chattr", "+i", files.getFirst()), "files cannot be made immutable here");
      try {
        files.forEach(file -> Lab.run(List.of("chattr", "+i", file)));
        Lab.signal("KILL", pid);
        awaitTrouble(lab, "semper.db");
        assertUnavailable(lab, another("refused"), "semper.db");
        assertThat(lab.workload("worker").name()).isEqualTo("worker");
      } finally {
        files.forEach(file -> Lab.run(List.of("chattr", "-i", file)));
      }
      lab.awaitSuccessor("worker", pid);
      awaitReady(lab);
      assertThat(lab.events("worker", "instance.exited", 0)).hasSize(1);
      assertNoGap(lab);

      lab.server().stop();
      try {
        files.stream()
            .filter(file -> Files.exists(Path.of(file)))
            .forEach(file -> Lab.run(List.of("chattr", "+i", file)));
        assertThat(lab.server().launch().awaitEnd(Lab.PATIENCE)).isEqualTo(5);
        assertThat(lab.server().log()).contains("semper.db").contains("read-only");
        assertThat(lab.server().log()).doesNotContain("\tat ");
      } finally {
        files.stream()
            .filter(file -> Files.exists(Path.of(file)))
            .forEach(file -> Lab.run(List.of("chattr", "-i", file)));
      }
      lab.server().start();
      assertThat(lab.pids("worker")).hasSize(1);
    }
  }

  @Test
  void aPostgresKilledForTenSecondsWhileProcessesCrashLosesNothing() throws Exception {
    try (PostgresServer postgres = PostgresServer.start();
        Lab lab =
            new Lab(
                ServerProcess.create()
                    .settings(
                        "[database]\nurl = \"%s\"\nuser = \"postgres\"\n"
                            .formatted(postgres.url("postgres")))
                    .start())) {
      lab.run(WORKER + another("other"));
      long worker = lab.pid("worker");
      long other = lab.pid("other");

      postgres.kill();
      Lab.signal("KILL", worker);
      awaitTrouble(lab, "postgresql");
      assertUnavailable(lab, another("refused"), "postgresql");
      Lab.signal("SEGV", other);
      // It stays away for a while, as an outage does.
      Awaitility.await().pollDelay(Duration.ofSeconds(3)).until(() -> true);
      assertThat(lab.client().healthy()).isTrue();
      postgres.resume();

      lab.awaitSuccessor("worker", worker);
      lab.awaitSuccessor("other", other);
      awaitReady(lab);
      assertThat(lab.events("worker", "instance.exited", 0)).hasSize(1);
      assertThat(lab.events("other", "instance.exited", 0)).hasSize(1);
      assertThat(lab.events("other", "instance.exited", 0).getFirst().data())
          .containsEntry("signal", "SEGV");
      lab.run(another("accepted"));

      // And a server that is killed while the database is away.
      long again = lab.pid("worker");
      postgres.kill();
      Lab.signal("KILL", again);
      lab.server().kill9();
      assertThat(lab.server().launch().awaitEnd(Lab.PATIENCE)).isEqualTo(5);
      assertThat(lab.server().log()).contains("cannot be reached");
      postgres.resume();
      lab.server().start();
      lab.awaitSuccessor("worker", again);
      assertThat(lab.events("worker", "instance.exited", 0)).hasSize(2);
      assertNoGap(lab);
    }
  }

  @Test
  void aSecondServerOnTheSameHomeIsRefusedAndDisturbsNothing() {
    try (Lab lab = Lab.open();
        Second second = new Second(lab.server().home())) {
      lab.run(WORKER);
      long pid = lab.pid("worker");

      assertThat(second.server().launch().awaitEnd(Lab.PATIENCE)).isEqualTo(3);

      assertThat(second.server().log())
          .contains("A server runs on " + lab.server().home() + " already")
          .contains("PID " + lab.server().pid());
      assertThat(lab.pid("worker")).isEqualTo(pid);
      assertThat(lab.client().readiness().ready()).isTrue();
      lab.server().crashAndStart();
      assertThat(lab.pid("worker")).isEqualTo(pid);
    }
  }

  /// Another server for a home; the first one removes it.
  private record Second(ServerProcess server) implements AutoCloseable {
    Second(Path home) {
      this(ServerProcess.on(home));
    }

    @Override
    public void close() {
      if (server.running()) {
        server.kill9();
      }
    }
  }

  @Test
  void staleUnreadableAndForeignPidFilesAreReplaced() throws Exception {
    try (Lab lab = Lab.open()) {
      Path file = lab.server().home().resolve("run/semper.pid");
      assertThat(Files.readString(file).strip()).isEqualTo(String.valueOf(lab.server().pid()));
      lab.server().kill9();
      Process foreign = new ProcessBuilder("sleep", "600").start();
      try {
        for (String content :
            List.of("4194303", String.valueOf(foreign.pid()), "not a number", "9".repeat(40), "")) {
          Files.writeString(file, content);
          lab.server().start();
          assertThat(Files.readString(file).strip()).isEqualTo(String.valueOf(lab.server().pid()));
          lab.server().kill9();
        }
        assertThat(foreign.isAlive()).isTrue();
      } finally {
        foreign.destroyForcibly();
      }
    }
  }

  @Test
  void aPortInUseIsNamedAtTheStart() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Path home = Files.createDirectory(dir.resolve("home"));
      Files.writeString(
          home.resolve("semper.toml"), "[api]\nport = " + taken.getLocalPort() + "\n");

      Cli.Result result = Cli.semper(home, "daemon", "start");

      assertThat(result.code()).isNotZero();
      assertThat(result.output()).contains("127.0.0.1:" + taken.getLocalPort());
      assertThat(result.output()).doesNotContain("\tat ");
      assertThat(Files.exists(home.resolve("run/semper.pid"))).isFalse();
    }
  }

  @Test
  void sigtermEndsAnIdleServerInTwoSecondsAndLeavesItsWorkloads() {
    try (Lab lab = Lab.open()) {
      lab.run(WORKER + another("other"));
      long pid = lab.pid("worker");
      long begun = System.nanoTime();

      int code = lab.server().stop();

      Duration took = Duration.ofNanos(System.nanoTime() - begun);
      System.out.println("SIGTERM to the end: " + took.toMillis() + " ms");
      assertThat(code).isZero();
      assertThat(took).isLessThan(Duration.ofSeconds(2));
      assertThat(Lab.alive(pid)).isTrue();
      assertThat(Files.exists(lab.server().home().resolve("run/semper.pid"))).isFalse();
      lab.server().start();
      assertThat(lab.pid("worker")).isEqualTo(pid);
      assertThat(lab.workload("worker").restarts()).isZero();
    }
  }

  @Test
  void sighupReadsTheSettingsAgainAndWrongOnesChangeNothing() throws IOException {
    try (Lab lab = Lab.open()) {
      Files.writeString(lab.server().home().resolve("semper.toml"), "[log]\nlevel = \"debug\"\n");
      Lab.signal("HUP", lab.server().pid());
      Awaitility.await().atMost(Lab.PATIENCE).until(() -> lab.server().log().contains("log.level"));

      Files.writeString(lab.server().home().resolve("semper.toml"), "[log]\nlevel = \"loud\"\n");
      Lab.signal("HUP", lab.server().pid());
      Awaitility.await()
          .atMost(Lab.PATIENCE)
          .until(() -> lab.server().log().contains("the old ones stay"));
      assertThat(lab.client().readiness().ready()).isTrue();
    }
  }

  @Test
  void theDaemonIsStartedAskedRestartedAndStoppedByTheCommandLine() throws Exception {
    Path home = Files.createDirectory(dir.resolve("home"));
    Files.writeString(home.resolve("semper.toml"), "[api]\nport = 0\n");
    try (Second owner = new Second(home)) {
      assertThat(Cli.semper(home, "daemon", "status").code()).isNotZero();
      said(0, Cli.semper(home, "daemon", "start"));
      long first = pid(home);
      Path file = Files.writeString(dir.resolve("worker.toml"), WORKER);
      said(0, Cli.semper(home, "apply", "-f", file.toString(), "--yes"));
      List<ServerProcess.Member> before = owner.server().members();
      assertThat(before).hasSize(1);
      said(4, Cli.semper(home, "daemon", "start"), "process " + first);
      assertThat(pid(home)).isEqualTo(first);
      said(0, Cli.semper(home, "daemon", "status"), String.valueOf(first));
      said(0, Cli.semper(home, "daemon", "restart"));
      long second = pid(home);
      assertThat(second).isNotEqualTo(first);
      assertThat(owner.server().members()).isEqualTo(before);
      said(0, Cli.semper(home, "daemon", "logs", "--lines", "50"), "ready on");

      Lab.signal("KILL", second);
      Awaitility.await().atMost(Lab.PATIENCE).until(() -> !Lab.alive(second));
      assertThat(Cli.semper(home, "daemon", "status").code()).isNotZero();
      said(0, Cli.semper(home, "daemon", "start"));
      assertThat(owner.server().members()).isEqualTo(before);

      said(0, Cli.semper(home, "daemon", "stop", "--with-workloads"));
      assertThat(owner.server().members()).isEmpty();
      assertThat(Files.exists(home.resolve("run/semper.pid"))).isFalse();
      assertThat(Cli.semper(home, "daemon", "status").code()).isNotZero();
    } finally {
      Path file = home.resolve("run/semper.pid");
      if (Files.exists(file)) {
        ProcessHandle.of(pid(home)).ifPresent(ProcessHandle::destroyForcibly);
      }
      for (long keeper : ServerProcess.on(home).keepers()) {
        ProcessHandle.of(keeper).ifPresent(ProcessHandle::destroyForcibly);
      }
    }
  }

  private static void said(int code, Cli.Result result, String... words) {
    assertThat(result.code()).as(result::output).isEqualTo(code);
    for (String word : words) {
      assertThat(result.output()).contains(word);
    }
  }

  private static long pid(Path home) throws IOException {
    return Long.parseLong(Files.readString(home.resolve("run/semper.pid")).strip());
  }

  /// Delays are measured by the monotonic clock, whatever the wall clock does. The clock of the
  /// server alone is moved, by a library that is loaded before libc (clock.c); it needs a C
  /// compiler.
  @Test
  void jumpsOfTheClockNeitherHastenNorHoldUpRestarts() throws Exception {
    Path library = dir.resolve("clock.so");
    Path source = Cli.root().resolve("acceptance/src/test/resources/faults/clock.c");
    assumeTrue(
        Lab.possible(
            "cc", "-shared", "-fPIC", "-O1", "-o", library.toString(), source.toString(), "-ldl"),
        "there is no C compiler to build clock.c with");
    Path clock = Files.write(dir.resolve("clock"), new byte[8]);
    try (Lab lab = new Lab(ServerProcess.create())) {
      lab.server().environment("LD_PRELOAD", library.toString());
      lab.server().environment("FAULTS_CLOCK", clock.toString());
      lab.server().start();
      lab.run(
          """
          [workloads.slow]
          kind = "process"
          command = ["sleep", "600"]
          start_seconds = "0s"
          restart = { policy = "always", delay = "2s", jitter = 0, max_attempts = 0 }

          [[workloads.slow.probes]]
          name = "alive"
          type = "liveness"
          command = ["true"]
          period = "200ms"
          failure_threshold = 1
          """);
      for (long offset : new long[] {86_400, -172_800, 0}) {
        long pid = lab.pid("slow");
        long event = lab.lastEvent();
        long begun = System.nanoTime();
        Lab.signal("KILL", pid);
        lab.awaitEvent("slow", "instance.restart_scheduled", event);
        jump(clock, offset);
        lab.awaitSuccessor("slow", pid);
        Duration took = Duration.ofNanos(System.nanoTime() - begun);
        assertThat(took)
            .as("a restart while the clock jumped to %d s", offset)
            .isBetween(Duration.ofMillis(1900), Duration.ofSeconds(12));
        assertThat(lab.events("slow", "instance.probe_failed", event)).isEmpty();
        assertThat(lab.events("slow", "instance.exited", event)).hasSize(1);
      }
      long day = lab.client().events(EventQuery.ALL, 1).items().getFirst().at().getEpochSecond();
      assertThat(Math.abs(day - System.currentTimeMillis() / 1000)).isLessThan(60);

      // A server that comes back to an earlier time does not wait for the time it left.
      long pid = lab.pid("slow");
      jump(clock, 86_400);
      long event = lab.lastEvent();
      Lab.signal("KILL", pid);
      lab.awaitEvent("slow", "instance.restart_scheduled", event);
      lab.server().kill9();
      jump(clock, 0);
      lab.server().start();
      OperationInfo restarted =
          lab.client().act("slow", "restart", ActionRequest.DEFAULT); // the way out by hand
      assertThat(lab.client().await(restarted.id(), Lab.PATIENCE).succeeded()).isTrue();
      assertNoGap(lab);
    }
  }

  private static void jump(Path clock, long seconds) throws IOException {
    Files.write(
        clock,
        ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putLong(seconds).array(),
        StandardOpenOption.WRITE);
  }
}
