package dev.semper.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.api.ActionRequest;
import dev.semper.api.EventInfo;
import dev.semper.api.ExitInfo;
import dev.semper.api.InstanceInfo;
import dev.semper.api.LogQuery;
import dev.semper.api.OperationInfo;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Programs that behave badly, on a real server. They are small shell and Perl programs.
@Timeout(120)
final class ProcessFaultsTest {
  private static Lab lab;
  @TempDir Path dir;

  @BeforeAll
  static void open() {
    lab = Lab.open();
  }

  @AfterAll
  static void close() {
    lab.close();
  }

  /// A workload that comes back at once.
  private static String restless(String name, String command, String... more) {
    return """
    [workloads.%s]
    kind = "process"
    command = %s
    start_seconds = "0s"
    restart = { policy = "always", delay = "0s", max_attempts = 0 }
    %s
    """
        .formatted(name, quoted(command), String.join("\n", more));
  }

  private static String quoted(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\"";
  }

  /// Does as the file `go` tells, once: the file is taken away first.
  private String obeying() {
    return "cd %s; while :; do if [ -f go ]; then mv go gone; . ./gone; fi; sleep 0.05; done"
        .formatted(dir);
  }

  private void tell(String words) throws IOException {
    Path file = dir.resolve("new");
    Files.writeString(file, words + "\n");
    Files.move(file, dir.resolve("go"));
  }

  @ParameterizedTest
  @CsvSource({
    "code, exit 3, 3,",
    "well, exit 0, 0,",
    "crash, kill -SEGV $$, , SEGV",
    "killed, kill -KILL $$, , KILL"
  })
  void theWayAProcessEndedIsKnownAndItComesBack(
      String name, String end, Integer code, String signal) throws IOException {
    lab.run(restless(name, obeying()));
    long pid = lab.pid(name);
    long from = lab.lastEvent();

    tell(end);

    InstanceInfo back = lab.awaitSuccessor(name, pid);
    ExitInfo exit = Objects.requireNonNull(back.lastExit());
    assertThat(exit.code()).isEqualTo(code);
    assertThat(exit.signal()).isEqualTo(signal);
    EventInfo event = lab.awaitEvent(name, "instance.exited", from);
    assertThat(event.data()).containsEntry("expected", false);
    assertThat(event.data().get("code")).isEqualTo(code);
    assertThat(event.data().get("signal")).isEqualTo(signal);
    assertThat(back.restarts()).isEqualTo(1);
    assertThat(Lab.alive(pid)).isFalse();
    lab.delete(name);
  }

  /// Answers `/` with 200 until it is stopped by a signal it cannot see.
  private static final String WEB =
      """
      use Socket; $| = 1;
      socket(S, PF_INET, SOCK_STREAM, 0); setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1);
      bind(S, sockaddr_in($ENV{SEMPER_PORT} || $ENV{PORT}, INADDR_LOOPBACK)) or die "bind: $!"; listen(S, 64);
      while (accept(C, S)) { sysread(C, $_, 4096); syswrite(C, "HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok"); close(C) }
      """;

  @ParameterizedTest
  @CsvSource({
    "http, 'http = { path = \"/\" }'",
    "tcp, 'command = [\"perl\", \"-e\", \"alarm 1; use IO::Socket; $s = IO::Socket::INET->new(PeerAddr => \\\"127.0.0.1:$ENV{SEMPER_PORT}\\\") or exit 1; print $s \\\"x\\\\n\\\\n\\\"; exit !defined <$s>\"]'"
  })
  void aProcessThatHangsIsReplaced(String name, String method) throws IOException {
    Path program = Files.writeString(dir.resolve("web.pl"), WEB);
    lab.run(
        restless(
            name,
            "exec perl " + program,
            "port = \"auto\"",
            "stop = { timeout = \"300ms\" }",
            "[[workloads.%s.probes]]".formatted(name),
            "name = \"alive\"",
            "type = \"liveness\"",
            method,
            "period = \"100ms\"",
            "timeout = \"300ms\"",
            "failure_threshold = 2"));
    long pid = lab.pid(name);
    long from = lab.lastEvent();

    Lab.signal("STOP", pid);

    InstanceInfo back = lab.awaitSuccessor(name, pid);
    assertThat(Lab.alive(pid)).isFalse();
    assertThat(back.health().live()).isTrue();
    EventInfo failed = lab.awaitEvent(name, "instance.probe_failed", from);
    assertThat(failed.data()).containsEntry("type", "liveness");
    assertThat(lab.awaitEvent(name, "instance.stopping", from).data().toString())
        .contains("liveness probe alive failed");
    lab.delete(name);
  }

  /// The parent goes, its child lives on in a session of its own.
  private static final String DAEMON =
      "use POSIX; exit if fork; POSIX::setsid(); exit if fork; exec 'sleep', '1234'";

  @Test
  void whatForksAwayIsGoneBeforeTheNextOneStartsAndAfterTheStop() throws IOException {
    Path program = Files.writeString(dir.resolve("away.pl"), DAEMON);
    lab.run(restless("away", "perl " + program + "; exec sleep 600"));
    long pid = lab.pid("away");
    Awaitility.await("the daemon runs").atMost(Lab.PATIENCE).until(() -> daemons() == 1);

    Lab.signal("KILL", pid);
    lab.awaitSuccessor("away", pid);
    Awaitility.await("the old daemon is gone, the new one runs")
        .atMost(Lab.PATIENCE)
        .untilAsserted(() -> {
          assertThat(lab.log("away")).isNotNull();
          assertThat(daemons()).isEqualTo(1);
          assertThat(lab.pids("away")).hasSize(2);
        });

    OperationInfo stop = lab.client().act("away", "stop", ActionRequest.DEFAULT);
    assertThat(lab.client().await(stop.id(), Lab.PATIENCE).succeeded()).isTrue();
    assertThat(lab.pids("away")).isEmpty();
    lab.delete("away");
  }

  private static long daemons() {
    return lab.pids("away").stream()
        .filter(pid -> {
          try {
            return Files.readString(Path.of("/proc/" + pid + "/cmdline"))
                .startsWith("sleep\0001234");
          } catch (IOException e) {
            return false; // gone meanwhile
          }
        })
        .count();
  }

  @Test
  void aProgramThatOnlyForksAwayCountsAsEndedAndLeavesNothing() throws IOException {
    Path program = Files.writeString(dir.resolve("away.pl"), DAEMON);
    OperationInfo applied =
        lab.apply(
            """
            [workloads.gone]
            kind = "process"
            command = ["perl", "%s"]
            restart = "no"
            """
                .formatted(program));

    assertThat(applied.ended()).isTrue();
    lab.await("gone", "has ended", w -> w.state().equals("stopped") || w.state().equals("error"));
    lab.awaitGone("gone");
    lab.delete("gone");
  }

  @Test
  void whoIgnoresTermIsKilledAfterTheTimeoutWithAllItsChildren() {
    lab.run(
        """
        [workloads.deaf]
        kind = "process"
        command = "trap '' TERM; (trap '' TERM; while :; do sleep 1; done) & while :; do sleep 1; done"
        start_seconds = "100ms"
        stop = { timeout = "500ms" }
        """);
    long pid = lab.pid("deaf");
    Awaitility.await().atMost(Lab.PATIENCE).until(() -> lab.pids("deaf").size() >= 3);
    long begun = System.nanoTime();

    OperationInfo stop = lab.client().act("deaf", "stop", ActionRequest.DEFAULT);
    OperationInfo ended = lab.client().await(stop.id(), Lab.PATIENCE);

    Duration took = Duration.ofNanos(System.nanoTime() - begun);
    assertThat(ended.succeeded()).as(ended::toString).isTrue();
    assertThat(took).isBetween(Duration.ofMillis(450), Duration.ofSeconds(8));
    assertThat(lab.pids("deaf")).isEmpty();
    assertThat(Lab.alive(pid)).isFalse();
    assertThat(lab.workload("deaf").state()).isEqualTo("stopped");
    assertThat(Objects.requireNonNull(lab.instance("deaf").lastExit()).signal()).isEqualTo("KILL");
    lab.delete("deaf");
  }

  @Test
  void anExitBeforeItIsReadyFailsTheStartAndSaysWithWhichCode() {
    OperationInfo applied =
        lab.apply(
            """
            [workloads.early]
            kind = "process"
            command = "echo I cannot; exit 9"
            restart = "no"

            [[workloads.early.probes]]
            name = "up"
            type = "startup"
            command = ["true"]
            initial_delay = "5s"
            """);

    assertThat(applied.succeeded()).isFalse();
    OperationInfo failed = lab.last("early");
    assertThat(failed.error()).contains("code 9");
    assertThat(lab.workload("early").state()).isEqualTo("error");
    assertThat(lab.workload("early").reason()).contains("code 9");
    EventInfo exited = lab.awaitEvent("early", "instance.exited", 0);
    assertThat(exited.data()).containsEntry("failed_start", true).containsEntry("code", 9);
    assertThat(lab.log("early")).contains("I cannot");
    lab.delete("early");
  }

  @Test
  void aStartThatCannotWorkFailsAtOnceAndNamesTheReason() throws IOException {
    Path plain = Files.writeString(dir.resolve("plain"), "#!/bin/sh\nsleep 600\n");
    Files.setPosixFilePermissions(plain, PosixFilePermissions.fromString("rw-r--r--"));
    Path stray = Files.writeString(dir.resolve("stray"), "#!/no/such/interpreter\n");
    Files.setPosixFilePermissions(stray, PosixFilePermissions.fromString("rwxr-xr-x"));
    refused("command = [\"/no/such/program\"]", "/no/such/program");
    refused("command = [\"no-such-program\"]", "no-such-program");
    refused("command = [\"" + plain + "\"]", plain + " may not be executed");
    refused("command = [\"" + stray + "\"]", "interpreter");
    refused("command = [\"" + dir + "\"]", "is a directory");
    refused("command = [\"sleep\", \"600\"]\nuser = \"nobody-at-all\"", "nobody-at-all");
    refused("command = [\"sleep\", \"600\"]\ngroup = \"no-group-at-all\"", "no-group-at-all");
    refused("command = [\"sleep\", \"600\"]\nworking_dir = \"/no/such/dir\"", "/no/such/dir");
    refused("command = [\"sleep\", \"600\"]\nenv_file = \"/no/such/env\"", "/no/such/env");
  }

  private void refused(String settings, String named) {
    long begun = System.nanoTime();
    OperationInfo applied = lab.apply("[workloads.wrong]\nkind = \"process\"\n" + settings + "\n");
    Duration took = Duration.ofNanos(System.nanoTime() - begun);
    assertThat(applied.succeeded()).as(settings).isFalse();
    assertThat(lab.last("wrong").error()).as(settings).contains(named);
    assertThat(took).as(settings).isLessThan(Duration.ofSeconds(5));
    assertThat(lab.workload("wrong").state()).as(settings).isEqualTo("error");
    assertThat(lab.workload("wrong").reason()).as(settings).contains(named);
    assertThat(lab.pids("wrong")).as(settings).isEmpty();
    lab.delete("wrong");
  }

  @Test
  void aThousandChildrenAreAllGoneAfterTheStop() throws IOException {
    Path program =
        Files.writeString(
            dir.resolve("many.pl"),
            "$SIG{TERM} = 'IGNORE' if $ENV{DEAF};\n"
                + "for (1 .. 1000) { defined($p = fork) or die \"fork: $!\"; if (!$p) { setpgrp if $_ % 3 == 0; sleep 600; exit } }\n"
                + "open F, '>', '"
                + dir
                + "/forked'; close F; sleep 600;\n");
    lab.run(
        restless(
            "many",
            "exec perl " + program,
            "stop = { timeout = \"2s\" }",
            "[[workloads.many.probes]]",
            "name = \"forked\"",
            "type = \"startup\"",
            "command = [\"test\", \"-f\", \"" + dir + "/forked\"]",
            "period = \"100ms\"",
            "failure_threshold = 300"));
    assertThat(lab.pids("many")).hasSizeGreaterThanOrEqualTo(1001);
    long begun = System.nanoTime();

    OperationInfo stop = lab.client().act("many", "stop", ActionRequest.DEFAULT);
    OperationInfo ended = lab.client().await(stop.id(), Lab.PATIENCE);

    assertThat(ended.succeeded()).as(ended::toString).isTrue();
    assertThat(lab.pids("many")).isEmpty();
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(20));
    lab.delete("many");
  }

  @Test
  void aFloodOfOutputFillsNeitherTheDiskNorTheServer() throws Exception {
    lab.run(
        """
        [workloads.flood]
        kind = "process"
        command = ["perl", "-e", "$x = ('x' x 1023 . \\"\\\\n\\") x 1024; for (1 .. 2048) { syswrite(STDOUT, $x) } syswrite(STDOUT, \\"the end\\\\n\\"); sleep 600"]
        start_seconds = "0s"
        log = { max_size = "1Mi", max_files = 3 }
        """);
    Path logs = lab.server().home().resolve("logs");
    AtomicLong most = new AtomicLong();
    AtomicLong slowest = new AtomicLong();
    Awaitility.await("the flood is over")
        .pollInterval(Duration.ofMillis(20))
        .atMost(Duration.ofSeconds(100))
        .until(() -> {
          most.accumulateAndGet(size(logs), Math::max);
          long begun = System.nanoTime();
          lab.client().workloads();
          slowest.accumulateAndGet(System.nanoTime() - begun, Math::max);
          return tail("flood").contains("the end");
        });
    System.out.printf(
        "flood of 2 GiB: at most %d MiB on disk, slowest answer %d ms%n",
        most.get() >> 20, slowest.get() / 1_000_000);
    assertThat(Duration.ofNanos(slowest.get())).isLessThan(Duration.ofSeconds(1));
    // How much is there before it is cut depends on how soon the server gets a processor.
    assertThat(most.get()).isLessThan(1L << 30);
    Awaitility.await("the log is cut to its limits")
        .atMost(Lab.PATIENCE)
        .until(() -> size(logs), bytes -> bytes < 6 << 20);
    assertThat(tail("flood")).contains("the end");
    lab.delete("flood");
  }

  private static String tail(String workload) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    lab.client().logs(workload, new LogQuery(0, 3, false, null), out);
    return out.toString(StandardCharsets.UTF_8);
  }

  /// Rotation renames files meanwhile: one that has just gone counts nothing.
  private static long size(Path folder) {
    File[] files = folder.toFile().listFiles();
    long size = 0;
    for (File file : files == null ? new File[0] : files) {
      size += file.isDirectory() ? size(file.toPath()) : blocks(file);
    }
    return size;
  }

  private static long blocks(File file) {
    try {
      return (Long) Files.getAttribute(file.toPath(), "unix:blocks") * 512;
    } catch (IOException | IllegalArgumentException e) {
      return file.length(); // gone meanwhile, or a system without blocks
    }
  }

  /// Writes numbered lines for as long as it is told to.
  @Test
  void followingALogLosesAndRepeatsNothingAcrossRotation() throws Exception {
    lab.run(
        """
        [workloads.chatty]
        kind = "process"
        command = ["perl", "-e", "$| = 1; for (1 .. 200000) { print \\"line $_ of a log that is long enough to be set aside\\\\n\\"; select(undef, undef, undef, 0.01) unless $_ %% 500 } print \\"over\\\\n\\"; sleep 600"]
        start_seconds = "0s"
        log = { max_size = "512Ki", max_files = 40 }
        """
            .replace("%%", "%"));
    Lines lines = new Lines();
    Thread follower =
        Thread.ofVirtual()
            .start(() -> {
              try {
                lab.client().logs("chatty", new LogQuery(0, 0, true, 0L), lines);
              } catch (IOException e) {
                lines.trouble = e.getMessage();
              }
            });
    Awaitility.await("lines come").atMost(Lab.PATIENCE).until(() -> lines.last.get() > 1000);
    Awaitility.await("all lines have come")
        .atMost(Duration.ofSeconds(60))
        .until(() -> lines.over || lines.trouble != null);
    follower.interrupt();
    assertThat(lines.trouble).isNull();
    assertThat(lines.last).hasValue(200_000);
    lab.delete("chatty");
  }

  /// Checks that lines come in their order without a gap.
  private static final class Lines extends OutputStream {
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    final AtomicLong last = new AtomicLong();
    volatile boolean over;
    volatile @Nullable String trouble;

    @Override
    public void write(int b) {
      if (b != '\n') {
        line.write(b);
        return;
      }
      String text = line.toString(StandardCharsets.UTF_8);
      line.reset();
      if (text.equals("over")) {
        over = true;
      } else if (text.startsWith("line " + (last.get() + 1) + " of")) {
        last.incrementAndGet();
      } else if (trouble == null) {
        trouble = "after line " + last + " came: " + text;
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"away-code, exit 7, 7,", "away-signal, kill -ABRT $$, , ABRT"})
  void anExitWhileTheServerIsAwayIsKnownWhenItIsBack(
      String name, String end, Integer code, String signal) throws IOException {
    lab.run(restless(name, obeying()));
    long pid = lab.pid(name);
    long from = lab.lastEvent();
    lab.server().kill9();

    tell(end);
    Awaitility.await().atMost(Lab.PATIENCE).until(() -> !Lab.alive(pid));
    lab.server().start();

    InstanceInfo back = lab.awaitSuccessor(name, pid);
    assertThat(Objects.requireNonNull(back.lastExit()).code()).isEqualTo(code);
    assertThat(back.lastExit().signal()).isEqualTo(signal);
    assertThat(lab.events(name, "instance.exited", from)).hasSize(1);
    lab.delete(name);
  }

  @Test
  void noProcessIsLeftAndNoneIsAZombie() {
    lab.run(restless("short", "exit 0", "[workloads.short.labels]\nx = \"1\""));
    Awaitility.await("it comes back again and again")
        .atMost(Lab.PATIENCE)
        .until(() -> lab.events("short", "instance.exited", 0).size() > 20);
    lab.delete("short");
    for (long keeper : lab.server().keepers()) {
      Awaitility.await("what has ended is reaped")
          .untilAsserted(() -> assertThat(children(keeper)).isEmpty());
    }
    assertThat(lab.server().members()).isEmpty();
  }

  /// Children of the keeper, zombies too, but for the one it has forked ahead for the next start.
  private static List<String> children(long keeper) {
    return ProcessHandle.of(keeper).stream()
        .flatMap(ProcessHandle::children)
        .map(child -> child.pid() + " " + commandLine(child.pid()))
        .filter(child -> !child.contains("semper-spare"))
        .toList();
  }

  private static String commandLine(long pid) {
    try {
      return Files.readString(Path.of("/proc/" + pid + "/cmdline"));
    } catch (IOException _) {
      return "(gone)";
    }
  }
}
