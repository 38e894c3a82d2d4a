package dev.semper.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.semper.spi.Attachment;
import dev.semper.spi.Driver;
import dev.semper.spi.DriverContext;
import dev.semper.spi.ExecRequest;
import dev.semper.spi.ExecResult;
import dev.semper.spi.Exit;
import dev.semper.spi.InstanceLog;
import dev.semper.spi.Launch;
import dev.semper.spi.LaunchException;
import dev.semper.spi.LogTarget;
import dev.semper.spi.Resources;
import dev.semper.spi.Running;
import dev.semper.spi.StopRequest;
import dev.semper.spi.StopResult;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What the engine relies on. Every driver passes it: extend it and say how to make programs of the
/// driver's kind.
@Timeout(120)
public abstract class DriverContract {
  private static final StopRequest KILL = new StopRequest("KILL", Duration.ZERO);
  private static final StopRequest GENTLY = new StopRequest("TERM", Duration.ofSeconds(20));

  @TempDir private @Nullable Path temporary;
  private final Map<String, BlockingQueue<Exit>> exits = new ConcurrentHashMap<>();
  private @Nullable Driver opened;

  /// A driver not yet opened.
  protected abstract Driver newDriver();

  /// Settings of a program that writes `ready` and a line end to its log and then runs until it is
  /// stopped.
  protected abstract Map<String, Object> running();

  /// Settings of a program that writes `ready` and runs until the file exists, then ends with the
  /// code.
  protected abstract Map<String, Object> endingWith(int code, Path when);

  /// Settings of a program that ignores the stop signal, after having written `ready`.
  protected abstract Map<String, Object> stubborn();

  /// Settings of a program that cannot be started, e.g. as it is missing.
  protected abstract Map<String, Object> missing();

  /// Settings that [Driver#validate] refuses.
  protected abstract Map<String, Object> invalid();

  /// A command that prints `hello` and ends with code 3, beside an instance.
  protected abstract List<String> printing();

  /// A command that never ends.
  protected abstract List<String> hanging();

  @BeforeEach
  final void openDriver() throws IOException {
    Path state = Files.createDirectories(home().resolve("state"));
    Files.setPosixFilePermissions(state, PosixFilePermissions.fromString("rwx------"));
    open();
  }

  private void open() {
    Driver driver = newDriver();
    driver.open(
        new DriverContext(
            home(),
            home().resolve("state"),
            (incarnation, exit) -> exits(incarnation).add(exit),
            (_, _) -> {}));
    opened = driver;
  }

  private void reopen() {
    driver().close();
    open();
  }

  @AfterEach
  final void leaveNothing() {
    for (String incarnation : driver().incarnations()) {
      driver().stop(incarnation, KILL);
      driver().forget(incarnation);
    }
    assertThat(driver().incarnations()).isEmpty();
    driver().close();
  }

  private Path home() {
    if (temporary == null) {
      throw new IllegalStateException("JUnit has made no directory");
    }
    return temporary;
  }

  private Driver driver() {
    if (opened == null) {
      throw new IllegalStateException("the driver is not open");
    }
    return opened;
  }

  private BlockingQueue<Exit> exits(String incarnation) {
    return exits.computeIfAbsent(incarnation, _ -> new LinkedBlockingQueue<>());
  }

  private Exit exit(String incarnation) throws InterruptedException {
    Exit exit = exits(incarnation).poll(30, TimeUnit.SECONDS);
    if (exit == null) {
      throw new AssertionError("no exit of " + incarnation + " was reported within 30 s");
    }
    return exit;
  }

  private Running start(String incarnation, Map<String, Object> settings) throws LaunchException {
    return driver().start(launch(incarnation, settings));
  }

  private Launch launch(String incarnation, Map<String, Object> settings) {
    return new Launch(
        incarnation,
        "tenant",
        "workload",
        "workload-0",
        settings,
        Map.of("PATH", "/usr/local/bin:/usr/bin:/bin"),
        Resources.UNLIMITED,
        target(incarnation));
  }

  private LogTarget target(String incarnation) {
    return new LogTarget(home().resolve("logs").resolve(incarnation + ".log"), 1 << 20, 2);
  }

  private void awaitReady(String incarnation) {
    await().atMost(Duration.ofSeconds(30)).until(() -> text(incarnation).contains("ready"));
  }

  private String text(String incarnation) throws IOException {
    InstanceLog log = driver().log(target(incarnation));
    return StandardCharsets.UTF_8.decode(log.read(log.start(), 1 << 16).bytes()).toString();
  }

  private Path go() {
    return home().resolve("go");
  }

  @Test
  final void findsFaultsInSettingsBeforeItIsOpened() {
    Driver closed = newDriver();

    assertThat(closed.validate(invalid())).isNotEmpty();
    assertThat(closed.validate(running())).isEmpty();
    assertThat(closed.kind()).isNotEmpty();
    assertThat(closed.settingNames()).containsAll(running().keySet());
  }

  @Test
  final void startsAnIncarnationAtMostOnce() throws Exception {
    Running first = start("a", running());
    awaitReady("a");

    assertThat(start("a", running()).handle()).isEqualTo(first.handle());
    reopen();
    assertThat(start("a", running()).handle()).isEqualTo(first.handle());

    assertThat(text("a")).isEqualTo("ready\n");
    assertThat(driver().incarnations()).containsExactly("a");
  }

  @Test
  final void reportsAnExitOnceWithItsCode() throws Exception {
    start("a", endingWith(7, go()));
    Files.createFile(go());

    assertThat(exit("a").code()).isEqualTo(7);
    assertThat(driver().attach("a"))
        .isInstanceOfSatisfying(
            Attachment.Ended.class, ended -> assertThat(ended.exit().code()).isEqualTo(7));
    start("b", endingWith(8, go()));
    assertThat(exit("b").code()).isEqualTo(8);
    assertThat(exits("a")).isEmpty();
  }

  @Test
  final void outlivesItsDriver() throws Exception {
    Running before = start("a", endingWith(9, go()));
    awaitReady("a");

    reopen();

    assertThat(driver().attach("a"))
        .isInstanceOfSatisfying(
            Attachment.Alive.class,
            alive -> assertThat(alive.running().handle()).isEqualTo(before.handle()));
    Files.createFile(go());
    assertThat(exit("a").code()).isEqualTo(9);
  }

  @Test
  final void knowsAnExitThatHappenedWhileNoDriverWasOpen() throws Exception {
    start("a", endingWith(5, go()));
    awaitReady("a");
    driver().close();
    Files.createFile(go());
    open();

    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> driver().attach("a") instanceof Attachment.Ended);

    assertThat(driver().attach("a"))
        .isInstanceOfSatisfying(
            Attachment.Ended.class, ended -> assertThat(ended.exit().code()).isEqualTo(5));
  }

  @Test
  final void stopsGently() throws Exception {
    start("a", running());
    awaitReady("a");

    assertThat(driver().stop("a", GENTLY)).isEqualTo(StopResult.CLEAN);

    assertThat(exit("a").known()).isTrue();
    assertThat(driver().stop("a", GENTLY)).isEqualTo(StopResult.CLEAN);
  }

  @Test
  final void killsWhatDoesNotStop() throws Exception {
    start("a", stubborn());
    awaitReady("a");

    StopResult result = driver().stop("a", new StopRequest("TERM", Duration.ofMillis(300)));

    assertThat(result.forced()).isTrue();
    assertThat(result.leftOver()).isZero();
    assertThat(exit("a").known()).isTrue();
    assertThat(driver().attach("a")).isInstanceOf(Attachment.Ended.class);
  }

  @Test
  final void forgetsWhatHasEndedAndOnlyThat() throws Exception {
    start("a", running());
    assertThatThrownBy(() -> driver().forget("a")).isInstanceOf(IllegalStateException.class);
    driver().stop("a", KILL);
    assertThat(driver().incarnations()).containsExactly("a");

    driver().forget("a");

    assertThat(driver().incarnations()).isEmpty();
    assertThat(driver().attach("a")).isInstanceOf(Attachment.NeverStarted.class);
    driver().forget("a");
  }

  @Test
  final void knowsNothingOfWhatWasNeverStarted() {
    assertThat(driver().attach("never")).isInstanceOf(Attachment.NeverStarted.class);
    assertThat(driver().stop("never", KILL)).isEqualTo(StopResult.CLEAN);
    assertThat(driver().incarnations()).isEmpty();
  }

  @Test
  final void refusesWhatCannotBeStartedAndLeavesNoTrace() {
    assertThatThrownBy(() -> start("a", missing()))
        .isInstanceOfSatisfying(
            LaunchException.class,
            e -> {
              assertThat(e.retryable()).isFalse();
              assertThat(e).hasMessageContaining("a");
            });

    assertThat(driver().attach("a")).isInstanceOf(Attachment.NeverStarted.class);
    assertThat(driver().incarnations()).isEmpty();
  }

  @Test
  final void runsCommandsBesideAnInstance() throws Exception {
    start("a", running());

    ExecResult result =
        driver().exec("a", new ExecRequest(printing(), Duration.ofSeconds(30), 1000));
    ExecResult late = driver().exec("a", new ExecRequest(hanging(), Duration.ofMillis(200), 1000));

    assertThat(result.output()).isEqualTo("hello\n");
    assertThat(result.exit().code()).isEqualTo(3);
    assertThat(result.timedOut()).isFalse();
    assertThat(late.timedOut()).isTrue();
    assertThat(driver().incarnations()).containsExactly("a");
    assertThat(driver().attach("a")).isInstanceOf(Attachment.Alive.class);
  }

  @Test
  final void measuresWhatRuns() throws Exception {
    start("a", running());
    awaitReady("a");

    assertThat(driver().usage("a").processes()).isPositive();
    assertThat(driver().usage("a").residentBytes()).isPositive();
    assertThat(driver().capabilities()).isNotEmpty();
  }
}
