package dev.semper.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DaemonTest {
  @TempDir Path home;

  private Path pidFile(String content) throws IOException {
    Path file = RunFiles.of(home).pid();
    Files.createDirectories(file.getParent());
    return Files.writeString(file, content);
  }

  private CliRun daemon(String... args) {
    String[] all = new String[args.length + 3];
    all[0] = "daemon";
    System.arraycopy(args, 0, all, 1, args.length);
    all[args.length + 1] = "--home";
    all[args.length + 2] = home.toString();
    return CliRun.of(all);
  }

  /// Looks like a server to those who read its command line, and does as the script says.
  private static Process lookalike(String script) throws IOException {
    return new ProcessBuilder("sh", "-c", script, ServerProcess.MAIN).start();
  }

  private static long deadPid() throws IOException, InterruptedException {
    Process process = new ProcessBuilder("true").start();
    process.waitFor();
    return process.pid();
  }

  @Test
  void saysThatNothingRuns() {
    CliRun run = daemon("status");

    assertThat(run.status()).isEqualTo(3);
    assertThat(run.out()).contains("Running    no");
    assertThat(run.err()).contains("semper daemon start");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "abc", "12 34", "-5", "99999999999999999999"})
  void explainsAPidFileThatNamesNoProcess(String content) throws IOException {
    pidFile(content);

    CliRun run = daemon("status");

    assertThat(run.status()).isEqualTo(3);
    assertThat(run.out()).contains("cannot be used", "instead of a process number");
  }

  @Test
  void explainsAndRemovesAStalePidFile() throws Exception {
    Path file = pidFile(Long.toString(deadPid()));

    assertThat(daemon("status").out()).contains("stale", "no longer runs");
    CliRun stop = daemon("stop");

    assertThat(stop.status()).isZero();
    assertThat(stop.out()).contains("removed the stale PID file");
    assertThat(file).doesNotExist();
  }

  @Test
  void leavesAnotherProgramWithTheOldNumberAlone() throws IOException {
    pidFile(Long.toString(ProcessHandle.current().pid()));

    assertThat(daemon("status").out()).contains("another program now");
    assertThat(daemon("stop").status()).isZero();
    assertThat(ProcessHandle.current().isAlive()).isTrue();
  }

  @Test
  void refusesToStartBesideALiveServer() throws IOException {
    Process server = lookalike("sleep 60 & wait");
    try {
      pidFile(Long.toString(server.pid()));

      CliRun run = daemon("start");

      assertThat(run.status()).isEqualTo(4);
      assertThat(run.err()).contains("runs on", "already, process " + server.pid());
    } finally {
      server.descendants().forEach(ProcessHandle::destroyForcibly);
      server.destroyForcibly();
    }
  }

  @Test
  void asksFirstAndKillsAServerThatDoesNotEnd() throws Exception {
    Path ready = home.resolve("ready");
    Process server = lookalike("trap '' TERM; touch " + ready + "; while :; do sleep 0.1; done");
    awaitFile(ready);
    Path file = pidFile(Long.toString(server.pid()));

    CliRun run = daemon("stop", "--timeout", "300ms");

    assertThat(run.status()).isZero();
    assertThat(run.out()).contains("killed process " + server.pid());
    assertThat(server.waitFor()).isEqualTo(137);
    assertThat(file).doesNotExist();
  }

  @Test
  void isSatisfiedWithAServerThatEndsWhenAsked() throws Exception {
    Path ready = home.resolve("ready");
    Process server =
        lookalike("trap 'exit 0' TERM; touch " + ready + "; while :; do sleep 0.1; done");
    awaitFile(ready);
    pidFile(Long.toString(server.pid()));

    CliRun run = daemon("stop");

    assertThat(run.out()).contains("stopped process " + server.pid());
    assertThat(server.waitFor()).isZero();
  }

  @Test
  void saysThatARunningServerDoesNotAnswer() throws IOException {
    Process server = lookalike("sleep 60 & wait");
    try {
      pidFile(Long.toString(server.pid()));

      CliRun run = daemon("status");

      assertThat(run.status()).isEqualTo(6);
      assertThat(run.out()).contains("does not answer", Long.toString(server.pid()));
    } finally {
      server.descendants().forEach(ProcessHandle::destroyForcibly);
      server.destroyForcibly();
    }
  }

  @Test
  void showsTheEndOfTheLog() throws IOException {
    Files.createDirectories(home.resolve("logs"));
    Files.writeString(RunFiles.of(home).log(), "one\ntwo\nthree\n");

    assertThat(daemon("logs", "--lines", "2").out()).isEqualTo("two\nthree\n");
    assertThat(daemon("logs", "--tail", "0").out()).isEmpty();
  }

  @Test
  void readsOnlyTheEndOfALongLog() throws IOException {
    Path log = home.resolve("long.log");
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 100_000; i++) {
      text.append("line ").append(i).append('\n');
    }
    Files.writeString(log, text);

    List<String> last = LogTail.last(log, 20_000);

    assertThat(last).hasSize(20_000).endsWith("line 99999").startsWith("line 80000");
  }

  @ParameterizedTest
  @ValueSource(strings = {"10", "10s", "10000ms"})
  void readsTimes(String text) {
    assertThat(new Seconds().convert(text)).isEqualTo(Duration.ofSeconds(10));
  }

  private static void awaitFile(Path file) {
    org.awaitility.Awaitility.await().until(() -> Files.exists(file));
  }
}
