package dev.semper.cli;

import dev.semper.api.ApiException;
import dev.semper.api.EventInfo;
import dev.semper.api.EventQuery;
import dev.semper.api.InstanceInfo;
import dev.semper.api.SemperClient;
import dev.semper.api.UnreachableException;
import dev.semper.api.WorkloadInfo;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Where the demo plays: a home of its own, its server, and every process that was seen there, so
/// that nothing is left at the end.
final class DemoStage {
  private static final Duration POLL = Duration.ofMillis(20);

  private final Terminal terminal;
  private final Path home;
  private final Daemon daemon;
  private final Set<Long> seen = ConcurrentHashMap.newKeySet();
  private @Nullable SemperClient client;
  private boolean struck;

  DemoStage(Terminal terminal, Path home) {
    this.terminal = terminal;
    this.home = home;
    daemon = new Daemon(home);
  }

  Path home() {
    return home;
  }

  /// Folder of the sample's programs.
  Path samples() {
    return home.resolve("samples");
  }

  /// Copies the sample, and tells it where the JDK is.
  void prepare(Path from) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path to = samples().resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(to);
        } else {
          Files.copy(file, to);
        }
      }
    }
    Files.writeString(
        samples().resolve("demo/web.env"),
        "JAVA_HOME=" + System.getProperty("java.home") + "\n",
        StandardOpenOption.APPEND);
    Files.writeString(home.resolve("semper.toml"), "[api]\nport = 0\n");
  }

  /// Runs a command of this program, shown as it would be typed.
  void semper(String... words) {
    terminal.say(terminal.paint(Colour.QUIET, "$ semper " + String.join(" ", words)));
    int status = quietly(words);
    if (status != 0) {
      throw new DemoFailure(
          "semper " + String.join(" ", words) + " ended with " + status + " instead of 0");
    }
  }

  int quietly(String... words) {
    String[] args =
        Stream.concat(Stream.of("--home", home.toString()), Stream.of(words))
            .toArray(String[]::new);
    return Main.run(terminal, args);
  }

  SemperClient client() {
    SemperClient open = client;
    if (open == null) {
      Globals globals = new Globals();
      globals.home = home;
      open = new Session(globals, terminal).client();
      client = open;
    }
    return open;
  }

  /// Forgets the old server's address.
  void reconnect() {
    client = null;
  }

  long serverPid() {
    return RunFiles.of(home).requireServer().pid();
  }

  WorkloadInfo workload(String name) {
    WorkloadInfo workload = client().workload(name);
    workload.instances().forEach(instance -> pid(instance).ifPresent(seen::add));
    return workload;
  }

  List<WorkloadInfo> workloads() {
    return client().workloads().items().stream().map(w -> workload(w.name())).toList();
  }

  /// The only instance that is up and no candidate of an update.
  InstanceInfo instance(String workload) {
    return workload(workload).instances().stream()
        .filter(i -> i.phase().equals("running") && !i.candidate())
        .findFirst()
        .orElseThrow(() -> new DemoFailure(workload + " should have a running instance"));
  }

  static Optional<Long> pid(InstanceInfo instance) {
    String handle = instance.handle();
    return handle == null || !handle.matches("[0-9]+")
        ? Optional.empty()
        : Optional.of(Long.parseLong(handle));
  }

  static long requirePid(InstanceInfo instance) {
    return pid(instance)
        .orElseThrow(() ->
            new DemoFailure(
                "instance " + instance.name() + " should tell its PID, not " + instance.handle()));
  }

  static boolean alive(long pid) {
    return ProcessHandle.of(pid).map(ServerProcess::lives).orElse(false);
  }

  static void kill(long pid) {
    if (!ProcessHandle.of(pid).map(ProcessHandle::destroyForcibly).orElse(false)) {
      throw new DemoFailure("process " + pid + " should be there to be killed");
    }
  }

  long lastEvent() {
    return client().events(EventQuery.ALL, 1).last();
  }

  /// Events of a workload after a number, oldest first.
  List<EventInfo> events(@Nullable String workload, String type, long after) {
    return client().events(new EventQuery(workload, null, type, null, after), 1000).items();
  }

  /// Waits until something is there; the demo fails if it does not come in time.
  <T> T await(String what, Duration patience, Supplier<Optional<T>> look)
      throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (true) {
      Optional<T> found = look.get();
      if (found.isPresent()) {
        return found.get();
      }
      if (System.nanoTime() > deadline) {
        throw new DemoFailure(
            "within " + Times.span(patience) + " " + what + "; it did not happen");
      }
      Thread.sleep(POLL);
    }
  }

  /// What helps to understand a failure.
  void explain() {
    if (ServerProcess.find(RunFiles.of(home)) instanceof ServerProcess.Alive) {
      quietly("status");
      quietly("events", "--limit", "15");
    }
    List<String> log = LogTail.last(RunFiles.of(home).log(), 15);
    if (!log.isEmpty()) {
      terminal.note("the end of the server's log:");
      log.forEach(line -> terminal.note("  " + line));
    }
  }

  /// Processes of the workloads that still live.
  List<Long> left() {
    return seen.stream().filter(DemoStage::alive).sorted().toList();
  }

  /// Processes that have to do with this home in any way.
  private Stream<ProcessHandle> strays() {
    String name = home.toString();
    return ProcessHandle.allProcesses()
        .filter(process -> process.pid() != ProcessHandle.current().pid())
        .filter(process -> seen.contains(process.pid()) || commandLine(process).contains(name));
  }

  private static String commandLine(ProcessHandle process) {
    return process.info().commandLine().orElse("");
  }

  /// Ends everything and makes sure that nothing is left.
  void strikeAndCheck() throws InterruptedException {
    strike();
    await(
        "nothing of the demo should be left running",
        Duration.ofSeconds(5),
        () ->
            strays().findAny().isEmpty() && !Files.exists(home)
                ? Optional.of(true)
                : Optional.empty());
  }

  /// Ends the server and everything it runs, and removes the home.
  synchronized void strike() {
    if (struck) {
      return;
    }
    struck = true;
    try {
      if (ServerProcess.find(RunFiles.of(home)) instanceof ServerProcess.Alive server) {
        end(server);
      }
      for (long pid : left()) {
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
      }
      delete(home);
    } catch (IOException e) {
      terminal.note("could not remove " + home + ": " + RunFiles.reason(e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void end(ServerProcess.Alive server) throws InterruptedException {
    try {
      client().shutdown(true);
    } catch (ApiException | UnreachableException | UsageException e) {
      terminal.note("the server could not be asked to stop its workloads: " + e.getMessage());
    }
    if (!Daemon.ended(server.handle(), Duration.ofSeconds(15))) {
      daemon.stop(server, Duration.ofSeconds(5));
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  /// The end of an instance's log.
  String log(String workload) throws IOException {
    java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
    client().logs(workload, new dev.semper.api.LogQuery(0, 20, false, null), out);
    return out.toString(StandardCharsets.UTF_8);
  }
}
