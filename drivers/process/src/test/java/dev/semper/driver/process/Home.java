package dev.semper.driver.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.semper.spi.DriverContext;
import dev.semper.spi.Exit;
import dev.semper.spi.Launch;
import dev.semper.spi.LaunchException;
import dev.semper.spi.LogTarget;
import dev.semper.spi.Resources;
import dev.semper.spi.Running;
import dev.semper.spi.StopRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/// A driver on a home of its own, for tests; leaves nothing running.
final class Home implements AutoCloseable {
  static final StopRequest KILL = new StopRequest("KILL", Duration.ZERO);

  final Path directory;
  final List<String> notices = new CopyOnWriteArrayList<>();
  private final Map<String, BlockingQueue<Exit>> exits = new ConcurrentHashMap<>();
  private ProcessDriver driver = new ProcessDriver();

  Home(Path directory) {
    this.directory = directory;
    open();
  }

  ProcessDriver driver() {
    return driver;
  }

  long keeper() {
    return driver.processes().keeper().keeperPid();
  }

  void open() {
    driver = new ProcessDriver();
    driver.open(
        new DriverContext(
            directory,
            directory.resolve("state"),
            (incarnation, exit) -> exitsOf(incarnation).add(exit),
            (incarnation, text) -> notices.add(incarnation + " " + text)));
  }

  void reopen() {
    driver.close();
    open();
  }

  BlockingQueue<Exit> exitsOf(String incarnation) {
    return exits.computeIfAbsent(incarnation, _ -> new LinkedBlockingQueue<>());
  }

  Exit exit(String incarnation) {
    try {
      Exit exit = exitsOf(incarnation).poll(20, TimeUnit.SECONDS);
      assertThat(exit).as("exit of %s within 20 s", incarnation).isNotNull();
      return exit;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  Path log(String incarnation) {
    return directory.resolve("logs").resolve(incarnation + ".log");
  }

  LogTarget target(String incarnation) {
    return new LogTarget(log(incarnation), 10 << 20, 3);
  }

  Launch launch(String incarnation, Map<String, Object> settings) {
    return launch(incarnation, settings, Resources.UNLIMITED, target(incarnation));
  }

  Launch launch(
      String incarnation, Map<String, Object> settings, Resources resources, LogTarget log) {
    Map<String, String> env =
        Map.of(
            "PATH", "/usr/local/bin:/usr/bin:/bin",
            "GREETING", "a b=ö\n2",
            "EMPTY", "",
            "SEMPER_TEST", directory.toString());
    return new Launch(incarnation, "t", "w", incarnation, settings, env, resources, log);
  }

  Running sh(String incarnation, String script) {
    return start(incarnation, Map.of("command", List.of("sh", "-c", script)));
  }

  Running start(String incarnation, Map<String, Object> settings) {
    try {
      return driver.start(launch(incarnation, settings));
    } catch (LaunchException e) {
      throw new IllegalStateException(e);
    }
  }

  static Map<String, Object> with(String script, Object... more) {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("command", List.of("sh", "-c", script));
    for (int i = 0; i < more.length; i += 2) {
      settings.put((String) more[i], more[i + 1]);
    }
    return settings;
  }

  String output(String incarnation) {
    try {
      Path log = log(incarnation);
      return Files.exists(log) ? Files.readString(log) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void awaitOutput(String incarnation, String text) {
    await()
        .atMost(Duration.ofSeconds(20))
        .pollInterval(Duration.ofMillis(5))
        .until(() -> output(incarnation).contains(text));
  }

  static String environment(int pid) {
    try {
      return new String(
          Files.readAllBytes(Path.of("/proc/" + pid + "/environ")), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "";
    }
  }

  /// Ends everything and checks that nothing is left.
  @Override
  public void close() {
    for (String incarnation : driver.incarnations()) {
      driver.stop(incarnation, KILL);
      driver.forget(incarnation);
    }
    long keeper = keeper();
    await().atMost(Duration.ofSeconds(10)).until(() -> driver.incarnations().isEmpty());
    await().atMost(Duration.ofSeconds(10)).until(() -> records().isEmpty());
    assertNothingLeft();
    driver.close();
    await().atMost(Duration.ofSeconds(10)).until(() -> !alive((int) keeper));
    Path trees = new Cgroups(Cgroups.homeName(directory)).trees();
    assertThat(trees == null || Files.notExists(trees)).as("control groups left over").isTrue();
  }

  private List<String> records() throws IOException {
    try (var files = Files.list(directory.resolve("state/inc"))) {
      return files.map(Path::toString).toList();
    }
  }

  /// Living processes whose environment carries the mark of an incarnation of this test.
  List<String> marked() {
    return found(proc -> environment(proc.pid()).contains("SEMPER_TEST=" + directory));
  }

  /// Nothing lives now, and the keeper soon has reaped what has died.
  void assertNothingLeft() {
    assertThat(marked()).as("processes left over").isEmpty();
    await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> found(proc -> proc.parent() == keeper() && !proc.alive()).isEmpty());
  }

  private static List<String> found(Predicate<Proc> wanted) {
    return new ProcTable()
        .now().byPid().values().stream().filter(wanted).map(Proc::toString).toList();
  }

  static boolean alive(int pid) {
    Proc proc = ProcTable.one(pid);
    return proc != null && proc.alive();
  }
}
