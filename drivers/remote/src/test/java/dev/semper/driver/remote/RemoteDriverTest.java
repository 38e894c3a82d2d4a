package dev.semper.driver.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.semper.spi.Attachment;
import dev.semper.spi.DriverContext;
import dev.semper.spi.ExecRequest;
import dev.semper.spi.ExecResult;
import dev.semper.spi.Exit;
import dev.semper.spi.Launch;
import dev.semper.spi.LaunchException;
import dev.semper.spi.LogTarget;
import dev.semper.spi.Resources;
import dev.semper.spi.Running;
import dev.semper.spi.SettingProblem;
import dev.semper.spi.StopRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The driver with real commands. A new driver object on the same directory is what a server has
/// after a `kill -9`.
@Timeout(60)
final class RemoteDriverTest {
  private static final Map<String, String> ENV = Map.of("PATH", "/usr/bin:/bin", "WHO", "me");
  @TempDir Path dir;
  private final BlockingQueue<Exit> exits = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> notices = new LinkedBlockingQueue<>();
  private final BlockingQueue<Exception> failures = new LinkedBlockingQueue<>();
  private RemoteDriver driver = new RemoteDriver();

  @BeforeEach
  void open() throws IOException {
    Path state = Files.createDirectories(dir.resolve("state"));
    driver = new RemoteDriver();
    driver.open(
        new DriverContext(
            dir, state, (_, exit) -> exits.add(exit), (_, said) -> notices.add(said)));
  }

  @AfterEach
  void close() {
    driver.close();
  }

  private void crash() throws IOException {
    driver.close();
    open();
  }

  private LogTarget log() {
    return new LogTarget(dir.resolve("logs").resolve("vm-0.log"), 50, 2);
  }

  private Launch launch(String incarnation, Launch.Cause cause, Map<String, Object> settings) {
    return new Launch(
        incarnation, "t", "vm", "vm-0", settings, ENV, Resources.UNLIMITED, log(), cause);
  }

  private static StopRequest stop(Launch.Cause next) {
    return new StopRequest("TERM", Duration.ofSeconds(10), next);
  }

  private static StopRequest stop() {
    return new StopRequest("TERM", Duration.ofSeconds(10));
  }

  private List<String> sh(String script) {
    return List.of("/bin/sh", "-c", "cd " + dir + "; " + script);
  }

  /// Commands that each write their own name.
  private Map<String, Object> told(String... names) {
    Map<String, Object> settings = new HashMap<>(Map.of("host", "vm.example.com"));
    for (String name : names) {
      settings.put(name + "_command", sh("echo " + name + " >> done"));
    }
    return settings;
  }

  private List<String> done() throws IOException {
    Path done = dir.resolve("done");
    return Files.exists(done) ? Files.readAllLines(done) : List.of();
  }

  private String read() throws IOException {
    var log = driver.log(log());
    StringBuilder all = new StringBuilder();
    for (long at = log.start(); at < log.end(); ) {
      var chunk = log.read(at, 1000);
      all.append(StandardCharsets.UTF_8.decode(chunk.bytes().duplicate()));
      at = chunk.next();
    }
    return all.toString();
  }

  @Test
  void withoutCommandsOnlyTheWatchingBeginsAndEnds() throws Exception {
    Running running = driver.start(launch("a", Launch.Cause.START, Map.of()));

    assertThat(running.handle()).isEqualTo("vm");
    assertThat(driver.start(launch("a", Launch.Cause.START, Map.of()))).isEqualTo(running);
    assertThat(driver.attach("a")).isEqualTo(new Attachment.Alive(running));
    assertThat(driver.incarnations()).containsExactly("a");

    driver.stop("a", stop());
    driver.stop("a", stop());

    assertThat(exits.poll(1, TimeUnit.SECONDS).code()).isZero();
    assertThat(exits).isEmpty();
    assertThat(driver.attach("a")).isInstanceOf(Attachment.Ended.class);

    driver.forget("a");

    assertThat(driver.attach("a")).isEqualTo(new Attachment.NeverStarted());
    assertThat(driver.incarnations()).isEmpty();
  }

  @Test
  void aStartAndAStopRunTheirCommands() throws Exception {
    Map<String, Object> settings = told("start", "stop", "restart");

    assertThat(driver.start(launch("a", Launch.Cause.START, settings)).handle())
        .isEqualTo("vm.example.com");
    driver.stop("a", stop());

    assertThat(done()).containsExactly("start", "stop");
  }

  @Test
  void aRestartRunsTheRestartCommandOnly() throws Exception {
    Map<String, Object> settings = told("start", "stop", "restart");
    driver.start(launch("a", Launch.Cause.START, settings));

    driver.stop("a", stop(Launch.Cause.RESTART));
    driver.start(launch("b", Launch.Cause.RESTART, settings));

    assertThat(done()).containsExactly("start", "restart");
  }

  @Test
  void aRestartWithoutARestartCommandStopsAndStarts() throws Exception {
    Map<String, Object> settings = told("start", "stop");
    driver.start(launch("a", Launch.Cause.START, settings));

    driver.stop("a", stop(Launch.Cause.RESTART));
    driver.start(launch("b", Launch.Cause.RESTART, settings));

    assertThat(done()).containsExactly("start", "stop", "start");
  }

  @Test
  void anUpdateRunsNothing() throws Exception {
    Map<String, Object> settings = told("start", "stop", "restart");
    driver.start(launch("a", Launch.Cause.START, settings));

    driver.start(launch("b", Launch.Cause.UPDATE, settings));
    driver.stop("a", stop(Launch.Cause.UPDATE));

    assertThat(done()).containsExactly("start");
    assertThat(driver.attach("b")).isInstanceOf(Attachment.Alive.class);
  }

  @Test
  void whatItWatchesOutlivesTheServer() throws Exception {
    Map<String, Object> settings = told("start", "stop");
    Running running = driver.start(launch("a", Launch.Cause.START, settings));

    crash();

    assertThat(driver.attach("a")).isEqualTo(new Attachment.Alive(running));
    assertThat(driver.start(launch("a", Launch.Cause.START, settings))).isEqualTo(running);
    driver.stop("a", stop());
    crash();
    assertThat(driver.attach("a")).isInstanceOf(Attachment.Ended.class);
    assertThat(done()).containsExactly("start", "stop");
  }

  @Test
  void aCommandUnderWayWhenTheServerDiesIsWaitedForAndNotRunAgain() throws Exception {
    Map<String, Object> settings =
        Map.of(
            "restart_command",
            sh("echo begun >> done; while [ ! -e go ]; do sleep 0.02; done; echo ended >> done"));
    Thread server = inBackground(settings);
    Awaitility.await().until(() -> done().size() == 1);
    server.interrupt();
    server.join();
    assertThat(failures.poll()).hasMessageContaining("interrupted");
    crash();

    assertThat(driver.attach("a")).isEqualTo(new Attachment.NeverStarted());
    AtomicReference<Running> again = new AtomicReference<>();
    Thread next =
        Thread.ofVirtual()
            .start(() -> again.set(started(launch("a", Launch.Cause.RESTART, settings))));
    Files.createFile(dir.resolve("go"));
    next.join();

    assertThat(again.get()).isNotNull();
    assertThat(done()).containsExactly("begun", "ended");
    assertThat(notices.poll(1, TimeUnit.SECONDS)).contains("not run again");
    assertThat(driver.attach("a")).isInstanceOf(Attachment.Alive.class);
  }

  private Running started(Launch launch) {
    try {
      return driver.start(launch);
    } catch (LaunchException e) {
      throw new IllegalStateException(e);
    }
  }

  private Thread inBackground(Map<String, Object> settings) {
    return Thread.ofVirtual()
        .start(() -> {
          try {
            driver.start(launch("a", Launch.Cause.RESTART, settings));
          } catch (LaunchException | IllegalStateException e) {
            failures.add(e);
          }
        });
  }

  @Test
  void aCommandUnderWayEndsWithItsIncarnation() throws Exception {
    Map<String, Object> settings =
        Map.of("restart_command", sh("echo $$ >> done; sleep 600 & wait"));
    Thread server = inBackground(settings);
    Awaitility.await().until(() -> done().size() == 1);
    server.interrupt();
    server.join();
    long pid = Long.parseLong(done().getFirst());
    List<ProcessHandle> tree = ProcessHandle.of(pid).orElseThrow().descendants().toList();
    crash();

    driver.forget("a");

    Awaitility.await()
        .until(() ->
            ProcessHandle.of(pid).isEmpty() && tree.stream().noneMatch(ProcessHandle::isAlive));
    assertThat(driver.incarnations()).isEmpty();
  }

  @Test
  void aCommandThatFailsSaysItsLastLine() throws Exception {
    Map<String, Object> settings =
        Map.of("start_command", sh("echo asking; echo no quota left >&2; exit 3"));

    assertThatThrownBy(() -> driver.start(launch("a", Launch.Cause.START, settings)))
        .isInstanceOfSatisfying(LaunchException.class, e -> assertThat(e.retryable()).isTrue())
        .hasMessage("start_command ended with code 3: no quota left");
    assertThat(driver.attach("a")).isEqualTo(new Attachment.NeverStarted());
    assertThat(read()).isEqualTo("asking\nno quota left\n");
  }

  @Test
  void aProgramThatIsMissingIsNotTriedAgain() {
    Map<String, Object> settings = Map.of("start_command", List.of("/no/such/program"));

    assertThatThrownBy(() -> driver.start(launch("a", Launch.Cause.START, settings)))
        .isInstanceOfSatisfying(LaunchException.class, e -> assertThat(e.retryable()).isFalse())
        .hasMessageContaining("start_command cannot be run")
        .hasMessageContaining("/no/such/program");
  }

  @Test
  void aCommandThatTakesTooLongIsEndedWithItsTree() throws Exception {
    Map<String, Object> settings =
        Map.of("start_command", sh("sleep 600 & echo $! >> done; wait"), "command_timeout", "1s");

    assertThatThrownBy(() -> driver.start(launch("a", Launch.Cause.START, settings)))
        .isInstanceOf(LaunchException.class)
        .hasMessageContaining("start_command was ended after 1 s");
    long child = Long.parseLong(done().getFirst());
    Awaitility.await().until(() -> ProcessHandle.of(child).isEmpty());
  }

  @Test
  void aStopCommandThatFailsIsToldAndTheWatchingEnds() throws Exception {
    driver.start(
        launch("a", Launch.Cause.START, Map.of("stop_command", sh("echo is off already; exit 1"))));

    driver.stop("a", stop());

    assertThat(notices.poll(1, TimeUnit.SECONDS))
        .isEqualTo("stop_command ended with code 1: is off already");
    assertThat(exits.poll(1, TimeUnit.SECONDS).code()).isZero();
  }

  @Test
  void theLogKeepsItsPositionsWhenPartsAreSetAside() throws Exception {
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < 9; i++) {
      String line = "line " + i + " ".repeat(24);
      driver.start(
          launch("i" + i, Launch.Cause.START, Map.of("start_command", sh("echo '" + line + "'"))));
      all.append(line).append('\n');
    }

    var log = driver.log(log());

    assertThat(log.end()).isEqualTo(all.length());
    assertThat(log.start()).isPositive();
    assertThat(read()).isEqualTo(all.substring((int) log.start()));
    assertThat(log.tail(2)).isEqualTo(all.indexOf("line 7"));
    assertThat(log.tail(4)).isEqualTo(all.indexOf("line 5"));
    assertThat(log.tail(0)).isEqualTo(log.end());
    assertThat(log.read(0, 10).position()).isEqualTo(log.start());
    assertThat(log.await(log.end(), Duration.ofMillis(10))).isFalse();
    try (var files = Files.list(dir.resolve("logs"))) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .containsExactlyInAnyOrder("vm-0.log", "vm-0.log.1", "vm-0.log.2", "vm-0.log.pos");
    }
  }

  @Test
  void settingAPartAsideIsCompletedAfterACrash() throws Exception {
    Path file = log().file();
    Files.createDirectories(file.getParent());
    Files.writeString(file, "second\n");
    Files.writeString(file.resolveSibling("vm-0.log.2"), "first\n");
    Files.writeString(file.resolveSibling("vm-0.log.pos"), "pending 13 6 0");

    assertThat(read()).isEqualTo("first\nsecond\n");
    assertThat(driver.log(log()).end()).isEqualTo(13);
    assertThat(Files.exists(file)).isFalse();
  }

  @Test
  void commandsOfProbesRunOnThisHost() throws Exception {
    driver.start(launch("a", Launch.Cause.START, Map.of()));

    ExecResult result =
        driver.exec(
            "a",
            new ExecRequest(
                sh("echo $WHO $MORE; exit 4"),
                null,
                Map.of("MORE", "you"),
                Duration.ofSeconds(5),
                100));
    ExecResult slow =
        driver.exec("a", new ExecRequest(sh("echo begun; sleep 600"), Duration.ofMillis(300), 100));

    assertThat(result.output()).isEqualTo("me you\n");
    assertThat(result.exit().code()).isEqualTo(4);
    assertThat(slow.timedOut()).isTrue();
    assertThat(slow.output()).isEqualTo("begun\n");
  }

  @Test
  void saysWhatIsWrongWithTheSettings() {
    assertThat(
            driver
                .validate(
                    Map.of(
                        "host", "",
                        "start_command", "reboot",
                        "stop_command", List.of(),
                        "restart_command", List.of("ssh", 1L),
                        "command_timeout", "soon"))
                .stream()
                .map(SettingProblem::path))
        .containsExactly(
            "host", "start_command", "stop_command", "restart_command[1]", "command_timeout");
    assertThat(driver.validate(Map.of("command_timeout", "1m30s"))).isEmpty();
    assertThat(driver.validate(Map.of("command_timeout", 0.5))).isEmpty();
    assertThat(driver.validate(Map.of("command_timeout", "2d"))).hasSize(1);
    assertThat(driver.startTimeout(launch("a", Launch.Cause.START, Map.of("command_timeout", 60L))))
        .isEqualTo(Duration.ofSeconds(90));
  }
}
