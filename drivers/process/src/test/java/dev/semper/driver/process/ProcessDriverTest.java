package dev.semper.driver.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.semper.spi.Attachment;
import dev.semper.spi.Capability;
import dev.semper.spi.Driver;
import dev.semper.spi.Exit;
import dev.semper.spi.LaunchException;
import dev.semper.spi.Running;
import dev.semper.spi.StopRequest;
import dev.semper.spi.StopResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ProcessDriverTest {
  @TempDir Path directory;
  Home home;

  @BeforeEach
  void open() {
    home = new Home(directory);
  }

  @AfterEach
  void close() {
    home.close();
  }

  @Test
  void isFoundByTheServiceLoader() {
    assertThat(ServiceLoader.load(Driver.class).stream().map(provider -> provider.get().kind()))
        .contains("process");
  }

  @Test
  void reportsEveryExitCode() {
    for (int code = 0; code < 256; code++) {
      home.sh("c" + code, "exit " + code);
    }

    for (int code = 0; code < 256; code++) {
      assertThat(home.exit("c" + code).code()).isEqualTo(code);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"HUP", "INT", "QUIT", "ABRT", "KILL", "SEGV", "PIPE", "TERM", "USR1"})
  void reportsEverySignal(String signal) {
    home.sh("a", "ulimit -c 0; kill -" + signal + " $$; sleep 100");

    Exit exit = home.exit("a");

    assertThat(exit.signal()).isEqualTo(signal);
    assertThat(exit.code()).isNull();
  }

  @Test
  void reportsAnExitOnce() {
    home.sh("a", "exit 3");
    assertThat(home.exit("a").code()).isEqualTo(3);

    home.sh("a", "exit 4");
    home.driver().attach("a");
    home.sh("b", "exit 5");
    assertThat(home.exit("b").code()).isEqualTo(5);

    assertThat(home.exitsOf("a")).isEmpty();
  }

  @Test
  void startsAnIncarnationOnlyOnce() {
    Running first = home.sh("a", "echo started; sleep 1000");
    home.awaitOutput("a", "started");

    assertThat(home.sh("a", "echo started again").handle()).isEqualTo(first.handle());
    home.reopen();
    assertThat(home.sh("a", "echo started again")).isEqualTo(first);

    assertThat(home.output("a")).isEqualTo("started\n");
    assertThat(home.driver().incarnations()).containsExactly("a");
  }

  @Test
  void startsOneOfManyRacingForTheSameIncarnation() throws Exception {
    try (var pool = java.util.concurrent.Executors.newVirtualThreadPerTaskExecutor()) {
      var handles = new java.util.ArrayList<java.util.concurrent.Future<Running>>();
      for (int i = 0; i < 50; i++) {
        handles.add(pool.submit(() -> home.sh("a", "echo started; sleep 1000")));
      }
      for (var handle : handles) {
        assertThat(handle.get().handle()).isEqualTo(handles.getFirst().get().handle());
      }
    }
  }

  @Test
  void knowsAnExitThatHappenedWhileItWasClosed() {
    home.sh("a", "while [ ! -e " + directory.resolve("go") + " ]; do sleep 0.01; done; exit 42");
    home.driver().close();
    touch("go");
    await().until(() -> Files.readString(directory.resolve("state/inc/a")).contains("exit"));

    home.open();

    assertThat(home.driver().attach("a"))
        .isInstanceOfSatisfying(
            Attachment.Ended.class, ended -> assertThat(ended.exit().code()).isEqualTo(42));
    assertThat(home.exitsOf("a")).isEmpty();
  }

  @Test
  void reportsAnExitAfterReattaching() {
    Running running =
        home.sh("a", "while [ ! -e " + directory.resolve("go") + " ]; do sleep 0.01; done; exit 7");

    home.reopen();
    assertThat(home.driver().attach("a")).isEqualTo(new Attachment.Alive(running));
    touch("go");

    assertThat(home.exit("a").code()).isEqualTo(7);
  }

  @Test
  void saysThatSomethingWasNeverStarted() {
    assertThat(home.driver().attach("never")).isInstanceOf(Attachment.NeverStarted.class);
    assertThat(home.driver().stop("never", Home.KILL)).isEqualTo(StopResult.CLEAN);
    home.driver().forget("never");
  }

  @Test
  void forgetsWhatHasEnded() {
    home.sh("a", "exit 0");
    home.exit("a");

    home.driver().forget("a");

    assertThat(home.driver().attach("a")).isInstanceOf(Attachment.NeverStarted.class);
    assertThat(home.driver().incarnations()).isEmpty();
  }

  @Test
  void refusesToForgetWhatRuns() {
    home.sh("a", "sleep 1000");

    assertThatThrownBy(() -> home.driver().forget("a")).hasMessageContaining("stop it first");
  }

  @Test
  void outlivesTheKeeper() throws Exception {
    Running running = home.sh("a", "echo started; sleep 1000");
    home.awaitOutput("a", "started");
    long keeper = home.keeper();

    ProcessHandle.of(keeper).orElseThrow().destroyForcibly();
    await().until(() -> home.keeper() != keeper);

    assertThat(home.sh("a", "echo started")).isEqualTo(running);
    assertThat(home.driver().attach("a")).isEqualTo(new Attachment.Alive(running));
    assertThat(home.output("a")).isEqualTo("started\n");
    home.driver().signal("a", "KILL");
    assertThat(home.exit("a").detail()).contains("keeper died");
  }

  @Test
  void answersRequestsMadeWhileTheKeeperDies() throws Exception {
    for (int round = 0; round < 5; round++) {
      long keeper = home.keeper();
      int number = round;
      try (var pool = java.util.concurrent.Executors.newVirtualThreadPerTaskExecutor()) {
        var starts = new java.util.ArrayList<java.util.concurrent.Future<Running>>();
        for (int i = 0; i < 20; i++) {
          String name = "r" + number + "-" + i;
          starts.add(pool.submit(() -> home.sh(name, "echo one; sleep 1000")));
        }
        ProcessHandle.of(keeper).orElseThrow().destroyForcibly();
        for (var start : starts) {
          assertThat(start.get(20, TimeUnit.SECONDS).handle()).isNotEmpty();
        }
      }
      await().until(() -> home.keeper() != keeper);
      for (int i = 0; i < 20; i++) {
        String name = "r" + number + "-" + i;
        home.awaitOutput(name, "one\n");
        assertThat(home.output(name)).isEqualTo("one\n");
      }
    }
  }

  @Test
  void staysTheParentWhenTheKeeperIsUpgraded() {
    home.sh("a", "while [ ! -e " + directory.resolve("go") + " ]; do sleep 0.01; done; exit 9");
    home.sh("b", "exit 8");
    home.exit("b");

    home.driver().processes().keeper().upgrade();
    touch("go");

    assertThat(home.exit("a").code()).isEqualTo(9);
    assertThat(home.driver().incarnations()).containsExactlyInAnyOrder("a", "b");
  }

  @Test
  void namesAMissingProgram() {
    assertThatThrownBy(() -> home.driver().start(command("/no/such/program")))
        .isInstanceOf(LaunchException.class)
        .hasMessageContaining("there is no file /no/such/program")
        .matches(e -> !((LaunchException) e).retryable());
    assertThatThrownBy(() -> home.driver().start(command("no-such-program")))
        .hasMessageContaining("no program 'no-such-program' on PATH");
    assertThat(home.driver().attach("a")).isInstanceOf(Attachment.NeverStarted.class);
  }

  @Test
  void namesAFileThatIsNotExecutable() throws IOException {
    Path file = Files.writeString(directory.resolve("script"), "#!/bin/sh\n");

    assertThatThrownBy(() -> home.driver().start(command(file.toString())))
        .hasMessageContaining("may not be executed");
  }

  @Test
  void namesAMissingInterpreterAndAFileThatIsNoProgram() throws IOException {
    Path script = executable("script", "#!/no/such/interpreter\n");
    Path text = executable("text", "hello\n");

    assertThatThrownBy(() -> home.driver().start(command(script.toString())))
        .hasMessageContaining("interpreter");
    assertThatThrownBy(() -> home.driver().start(command(text.toString())))
        .hasMessageContaining("is no program");
  }

  @Test
  void namesAnUnknownUserAndGroupAndAMissingDirectory() {
    assertThatThrownBy(
            () -> home.driver().start(launch(Home.with("true", "user", "nobody-at-all"))))
        .hasMessageContaining("there is no user 'nobody-at-all'");
    assertThatThrownBy(() -> home.driver().start(launch(Home.with("true", "group", "no-group"))))
        .hasMessageContaining("there is no group 'no-group'");
    assertThatThrownBy(
            () -> home.driver().start(launch(Home.with("true", "working_dir", "/no/dir"))))
        .hasMessageContaining("/no/dir: No such file or directory");
    assertThat(home.driver().incarnations()).isEmpty();
  }

  @Test
  void canBeStartedAfterAFailedStart() throws IOException {
    Path program = directory.resolve("late");
    assertThatThrownBy(() -> home.driver().start(command(program.toString())))
        .isInstanceOf(LaunchException.class);

    executable("late", "#!/bin/sh\nexit 6\n");
    home.start("a", Map.of("command", List.of(program.toString())));

    assertThat(home.exit("a").code()).isEqualTo(6);
  }

  @Test
  void stopsGently() {
    home.sh("a", "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.05; done");
    home.awaitOutput("a", "ready");

    StopResult result = home.driver().stop("a", new StopRequest("TERM", Duration.ofSeconds(10)));

    assertThat(result).isEqualTo(StopResult.CLEAN);
    assertThat(home.exit("a").code()).isEqualTo(5);
    assertThat(home.output("a")).endsWith("bye\n");
  }

  @Test
  void killsWhatIgnoresTheSignal() {
    home.sh("a", "trap '' TERM; echo ready; while :; do sleep 1; done");
    home.awaitOutput("a", "ready");

    StopResult result = home.driver().stop("a", new StopRequest("TERM", Duration.ofMillis(200)));

    assertThat(result.forced()).isTrue();
    assertThat(result.leftOver()).isZero();
    assertThat(home.exit("a").signal()).isEqualTo("KILL");
    home.assertNothingLeft();
  }

  @Test
  void stopsProcessesThatLeftTheSession() {
    home.sh(
        "a", "setsid sh -c '(setsid sleep 1000 &) ; exit 0'; setsid sleep 1001 & echo ready; wait");
    home.awaitOutput("a", "ready");
    await().until(() -> home.marked().size() == 3);

    StopResult result = home.driver().stop("a", new StopRequest("TERM", Duration.ofSeconds(10)));

    assertThat(result).isEqualTo(StopResult.CLEAN);
    home.assertNothingLeft();
  }

  /// As nginx and PostgreSQL do: a daemon with a title of its own in place of its environment.
  private long daemonThatHides(String incarnation) throws Exception {
    await().until(() -> !treeKill().detail().contains("has not answered"));
    Assumptions.assumeTrue(
        treeKill().available(), "no control groups here: " + treeKill().detail());
    home.sh(
        incarnation,
        "perl -MPOSIX -e 'fork and exit; POSIX::setsid(); fork and exit; $0 = q(x) x 20000;"
            + " print qq(away $$\\n); close STDOUT; sleep 1000' & wait; sleep 1000");
    home.awaitOutput(incarnation, "away ");
    await().until(() -> home.output(incarnation).endsWith("\n"));
    long pid = Long.parseLong(home.output(incarnation).replaceAll("(?s).*away (\\d+).*", "$1"));
    assertThat(Files.readString(Path.of("/proc/" + pid + "/environ"))).doesNotContain("SEMPER_");
    return pid;
  }

  private Capability treeKill() {
    return home.driver().capabilities().stream()
        .filter(c -> c.name().equals("tree-kill"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void stopsWhatForkedAwayAndOverwroteItsEnvironment() throws Exception {
    long pid = daemonThatHides("a");

    StopResult result = home.driver().stop("a", new StopRequest("TERM", Duration.ofSeconds(10)));

    assertThat(result.leftOver()).isZero();
    await().until(() -> ProcessHandle.of(pid).isEmpty()); // the keeper may have to reap it yet
  }

  @Test
  void sweepsWhatForkedAwayAndOverwroteItsEnvironment() throws Exception {
    long pid = daemonThatHides("a");

    home.driver().signal("a", "KILL");

    await().until(() -> ProcessHandle.of(pid).isEmpty());
  }

  @Test
  void findsWhatForkedAwayAfterTheKeeperWasKilled() throws Exception {
    long pid = daemonThatHides("a");
    long keeper = home.keeper();
    ProcessHandle.of(keeper).orElseThrow().destroyForcibly();
    await().until(() -> home.keeper() != keeper);

    StopResult result = home.driver().stop("a", new StopRequest("TERM", Duration.ofSeconds(10)));

    assertThat(result.leftOver()).isZero();
    await().until(() -> ProcessHandle.of(pid).isEmpty());
  }

  @Test
  void stopsAThousandChildren() {
    home.sh(
        "a",
        "trap '' TERM; i=0; while [ $i -lt 1000 ]; do sleep 1000 & i=$((i+1)); done; echo ready; wait");
    home.awaitOutput("a", "ready");

    long before = System.nanoTime();
    StopResult result = home.driver().stop("a", new StopRequest("TERM", Duration.ofMillis(300)));

    System.out.println(
        "stop of 1,000 TERM-ignoring children after 300 ms of grace: "
            + (System.nanoTime() - before) / 1_000_000
            + " ms");
    assertThat(result.killed()).isGreaterThanOrEqualTo(1000);
    assertThat(result.leftOver()).isZero();
    home.assertNothingLeft();
  }

  @Test
  void givesChildrenTheWholeTimeoutEvenIfTheMainProcessEndsFirst() {
    home.sh(
        "a",
        "sh -c 'trap \"sleep 2; echo saved; exit 0\" TERM; echo ready; while :; do sleep 0.05; done'"
            + " & trap 'exit 0' TERM; while :; do sleep 0.05; done");
    home.awaitOutput("a", "ready");

    StopResult result = home.driver().stop("a", new StopRequest("TERM", Duration.ofSeconds(20)));

    assertThat(result).isEqualTo(StopResult.CLEAN);
    assertThat(home.output("a")).contains("saved\n"); // the shell may say more: Terminated
    assertThat(home.notices).isEmpty();
  }

  @Test
  void sweepsWhatTheMainProcessLeftBehind() {
    home.sh("a", "sleep 1000 & setsid sleep 1001 & sleep 0.1; exit 0");

    assertThat(home.exit("a").code()).isZero();

    await().until(() -> home.marked().isEmpty());
    assertThat(home.notices).singleElement().asString().startsWith("a left 2 processes behind");
  }

  @Test
  void sweepsWhatWasLeftWhileItWasClosed() {
    home.sh(
        "a",
        "while [ ! -e " + directory.resolve("go") + " ]; do sleep 0.01; done; sleep 1000 & exit 0");
    home.driver().close();
    touch("go");
    await().until(() -> Files.readString(directory.resolve("state/inc/a")).contains("exit"));

    home.open();

    await().until(() -> home.marked().isEmpty());
  }

  @Test
  void leavesOthersAloneWhenItStopsOne() {
    home.sh("a", "sleep 1000 & sleep 1000");
    home.sh("b", "echo ready; sleep 1000 & wait");
    home.awaitOutput("b", "ready");

    home.driver().stop("a", Home.KILL);

    assertThat(home.driver().attach("b")).isInstanceOf(Attachment.Alive.class);
    assertThat(home.driver().usage("b").processes()).isEqualTo(2);
  }

  @Test
  void signalsTheMainProcess() {
    home.sh("a", "trap 'echo hup' HUP; echo ready; while :; do sleep 0.02; done");
    home.awaitOutput("a", "ready");

    home.driver().signal("a", "HUP");

    home.awaitOutput("a", "hup");
    assertThatThrownBy(() -> home.driver().signal("a", "NONSENSE"))
        .hasMessageContaining("NONSENSE");
    assertThatThrownBy(() -> home.driver().signal("b", "HUP")).hasMessageContaining("does not run");
  }

  @Test
  void neverSignalsAnotherProcessWithTheSamePid() throws Exception {
    Process other = new ProcessBuilder("sleep", "1000").start();
    try {
      Proc proc = Objects.requireNonNull(ProcTable.one((int) other.pid()));

      assertThat(Safely.signal(proc.pid(), proc.start() - 1, Signals.KILL)).isEqualTo(Native.ESRCH);
      assertThat(other.isAlive()).isTrue();
      assertThat(Safely.signal(proc.pid(), proc.start(), Signals.KILL)).isZero();
      assertThat(other.waitFor(10, TimeUnit.SECONDS)).isTrue();
    } finally {
      other.destroyForcibly();
    }
  }

  @Test
  void doesNotTakeAnotherProcessForARecordedOne() throws Exception {
    Process other = new ProcessBuilder("sleep", "1000").start();
    try {
      home.sh("a", "sleep 1000");
      home.driver().stop("a", Home.KILL);
      home.driver().forget("a");
      home.driver().close();
      // a record whose PID now is somebody else's, as after a wrap-around while no keeper ran
      long start = Objects.requireNonNull(ProcTable.one((int) other.pid())).start() - 5;
      Files.writeString(
          directory.resolve("state/inc/old"),
          "semper 1\npid %d %d %s 1000\nnote %%\n".formatted(other.pid(), start, Machine.BOOT_ID));
      Files.writeString(
          directory.resolve("state/inc/older"),
          "semper 1\npid %d %d %s 1000\nnote %%\n".formatted(other.pid(), start, "another-boot"));

      home.open();

      assertThat(home.driver().attach("old"))
          .isInstanceOfSatisfying(
              Attachment.Ended.class, ended -> assertThat(ended.exit().known()).isFalse());
      assertThat(home.driver().attach("older"))
          .isInstanceOfSatisfying(
              Attachment.Ended.class,
              ended -> assertThat(ended.exit().detail()).isEqualTo("the host was rebooted"));
      home.driver().stop("old", Home.KILL);
      assertThat(other.isAlive()).isTrue();
    } finally {
      other.destroyForcibly();
    }
  }

  @Test
  void worksInADirectoryWithALongName() throws IOException {
    Path far = Files.createDirectories(directory.resolve("x".repeat(150)));

    try (Home other = new Home(far)) {
      other.sh("a", "exit 11");
      assertThat(other.exit("a").code()).isEqualTo(11);
    }
  }

  @Test
  void keepsAnyNameAndArgumentAsItIs() {
    String name = "t/w é%~.0 1";
    home.start(name, Map.of("command", List.of("printf", "%s|", "a b", "", "%41", "ö\n", "$x")));
    home.exit(name);

    assertThat(home.output(name)).isEqualTo("a b||%41|ö\n|$x|");
    assertThat(home.driver().incarnations()).containsExactly(name);
  }

  private void touch(String name) {
    try {
      Files.createFile(directory.resolve(name));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private Path executable(String name, String text) throws IOException {
    Path file = Files.writeString(directory.resolve(name), text);
    assertThat(file.toFile().setExecutable(true)).isTrue();
    return file;
  }

  private dev.semper.spi.Launch command(String program) {
    return home.launch("a", Map.of("command", List.of(program)));
  }

  private dev.semper.spi.Launch launch(Map<String, Object> settings) {
    return home.launch("a", settings);
  }
}
