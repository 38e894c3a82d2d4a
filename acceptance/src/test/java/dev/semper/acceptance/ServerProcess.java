package dev.semper.acceptance;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.semper.api.SemperClient;
import dev.semper.api.Wire;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// A real server in a process of its own, on a home of its own: started, killed, started again.
///
/// ```java
/// try (ServerProcess server = ServerProcess.create().start()) {
///   server.client().apply(…);
///   server.kill9();
///   server.start();
/// }
/// ```
///
/// It is the one of `dist/` if the modules on the class path are packaged (`mvn verify`), with its
/// AOT cache; else the one on the class path. Everything it leaves is ended by [#close].
final class ServerProcess implements AutoCloseable {
  /// A process that belongs to a workload of the home, the main one or any below it.
  ///
  /// @param instance e.g. `web-0`
  record Member(long pid, String workload, String instance, String incarnation) {}

  private static final String LOG_END = "; the end of the log of ";
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Path home;
  private final List<String> options = new ArrayList<>();
  private final Map<String, String> variables = new java.util.HashMap<>();
  private @Nullable Process process;
  private @Nullable SemperClient client;

  private ServerProcess(Path home) {
    this.home = home;
  }

  /// On a new home below the folder for temporary files; not started yet.
  static ServerProcess create() {
    try {
      return on(Files.createTempDirectory("semper-"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// On that home, which [#close] deletes.
  static ServerProcess on(Path home) {
    return new ServerProcess(home.toAbsolutePath());
  }

  /// Writes `semper.toml` of the home; for the next start.
  ServerProcess settings(String toml) {
    try {
      Files.createDirectories(home);
      Files.writeString(home.resolve("semper.toml"), toml);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return this;
  }

  /// Options of the JVM for the next starts, in place of those given before.
  ServerProcess options(String... jvm) {
    options.clear();
    options.addAll(List.of(jvm));
    return this;
  }

  /// Adds a variable to its environment, for the next starts.
  ServerProcess environment(String name, String value) {
    variables.put(name, value);
    return this;
  }

  /// Starts it and waits until it takes requests.
  ///
  /// @throws AssertionError with the end of its log if it does not come up
  ServerProcess start() {
    launch();
    awaitReady();
    return this;
  }

  /// Starts it without waiting.
  ServerProcess launch() {
    if (running()) {
      throw new IllegalStateException("the server runs already, as process " + pid());
    }
    forgetClient();
    try {
      Files.createDirectories(home.resolve("logs"));
      ProcessBuilder builder =
          new ProcessBuilder(Program.find().server(options, home))
              .directory(home.toFile())
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(output().toFile()));
      // Workloads inherit HOME from the server: by it the processes of this home are known.
      builder.environment().put("HOME", home.toString());
      builder.environment().putAll(variables);
      process = builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return this;
  }

  void awaitReady() {
    long pid = pid();
    Awaitility.await("the server takes requests")
        .pollInterval(Duration.ofMillis(10))
        .atMost(PATIENCE)
        .until(() -> {
          if (!running()) {
            throw failure("The server ended with code " + process().exitValue());
          }
          return address().filter(a -> a.pid() == pid).isPresent();
        });
  }

  private record Address(long pid, URI url) {}

  private Optional<Address> address() {
    try {
      JsonNode facts = Wire.JSON.readTree(Files.readString(home.resolve("run/server.json")));
      return Optional.of(
          new Address(facts.path("pid").asLong(), URI.create(facts.path("url").asString())));
    } catch (NoSuchFileException | JacksonException _) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// An administrator's client of the server that runs now.
  SemperClient client() {
    SemperClient known = client;
    if (known == null) {
      known = new SemperClient(url(), token(), null);
      client = known;
    }
    return known;
  }

  URI url() {
    return address().orElseThrow(() -> failure("The server has not said its address")).url();
  }

  String token() {
    try {
      return Files.readString(home.resolve("run/token")).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path home() {
    return home;
  }

  long pid() {
    return process().pid();
  }

  boolean running() {
    return process != null && process.isAlive();
  }

  /// SIGKILL; returns when it is gone.
  void kill9() {
    process().destroyForcibly();
    awaitEnd(PATIENCE);
  }

  /// SIGTERM; returns its exit code.
  int stop() {
    process().destroy();
    return awaitEnd(PATIENCE);
  }

  /// SIGKILL and start.
  void crashAndStart() {
    kill9();
    start();
  }

  /// SIGTERM and start.
  void restart() {
    stop();
    start();
  }

  /// Waits until it has ended, by itself or because of a signal.
  ///
  /// @return its exit code
  int awaitEnd(Duration patience) {
    if (!ends(patience)) {
      throw failure("The server is still there after " + patience.toSeconds() + " s");
    }
    return process().exitValue();
  }

  /// Waits that long for it to end.
  boolean ends(Duration patience) {
    try {
      return process().waitFor(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while the server was ending", e);
    }
  }

  /// What it has written to standard output and error since the home was made.
  String log() {
    try {
      return Files.exists(output()) ? Files.readString(output()) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// A failure with the end of the log.
  AssertionError failure(String message) {
    return failure(message, null);
  }

  AssertionError failure(String message, @Nullable Throwable cause) {
    if (message.contains(LOG_END)) {
      return new AssertionError(message, cause);
    }
    List<String> lines = log().lines().toList();
    List<String> tail = lines.subList(Math.max(0, lines.size() - 60), lines.size());
    return new AssertionError(message + LOG_END + home + ":\n" + String.join("\n", tail), cause);
  }

  /// Every process of the home's workloads that lives now, children included.
  List<Member> members() {
    List<Member> members = new ArrayList<>();
    for (Proc proc : Proc.all()) {
      Map<String, String> env = proc.environment();
      String incarnation = env.get("SEMPER_INCARNATION");
      if (incarnation != null && home.toString().equals(env.get("HOME"))) {
        members.add(
            new Member(
                proc.pid(),
                env.getOrDefault("SEMPER_WORKLOAD", ""),
                env.getOrDefault("SEMPER_INSTANCE", ""),
                incarnation));
      }
    }
    return members;
  }

  /// The keepers of the home: one at most. What a keeper has just forked bears its name until it
  /// has one of its own.
  List<Long> keepers() {
    String name = "semper-keeper " + home.resolve("run/process");
    List<Proc> named =
        Proc.all().stream()
            .filter(p -> p.command().getFirst().stripTrailing().equals(name))
            .toList();
    Set<Long> pids = named.stream().map(Proc::pid).collect(Collectors.toSet());
    return named.stream().filter(p -> !pids.contains(p.parent())).map(Proc::pid).toList();
  }

  /// Ends the server, its keeper and all processes of its workloads, and deletes the home.
  @Override
  public void close() {
    forgetClient();
    if (process != null) {
      kill9();
    }
    Awaitility.await("everything of " + home + " has ended")
        .pollInterval(Duration.ofMillis(20))
        .atMost(PATIENCE)
        .until(() -> {
          List<Long> left = new ArrayList<>(keepers());
          members().forEach(m -> left.add(m.pid()));
          left.forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
          return left.isEmpty();
        });
    delete();
  }

  private void delete() {
    try (Stream<Path> files = Files.walk(home)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (NoSuchFileException _) {
      // nothing to delete
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void forgetClient() {
    if (client != null) {
      client.close();
      client = null;
    }
  }

  private Path output() {
    return home.resolve("logs/server.out");
  }

  private Process process() {
    if (process == null) {
      throw new IllegalStateException("the server was not started");
    }
    return process;
  }

  /// The built program.
  ///
  /// @param dist null = what is on the class path
  private record Program(@Nullable Path dist) {
    static Program find() {
      String told = System.getProperty("semper.dist");
      if (told != null) {
        return new Program(Path.of(told));
      }
      Path root = Path.of("").toAbsolutePath();
      while (root != null && !Files.exists(root.resolve("packaging/server.jvm"))) {
        root = root.getParent();
      }
      Path dist = root == null ? null : root.resolve("dist");
      boolean packaged =
          Stream.of(System.getProperty("java.class.path").split(":"))
              .noneMatch(entry -> entry.endsWith("server/target/classes"));
      boolean built = dist != null && Files.exists(dist.resolve("classpath"));
      return new Program(packaged && built ? dist : null);
    }

    List<String> server(List<String> options, Path home) throws IOException {
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
      String path = System.getProperty("java.class.path");
      if (dist == null) {
        command.addAll(
            List.of(
                "-XX:+UseSerialGC",
                "-XX:+UseCompactObjectHeaders",
                "-XX:TieredStopAtLevel=1",
                "-Xmx512m",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow"));
      } else {
        Path real = dist.toRealPath();
        command.add("@" + real.resolve("server.jvm"));
        if (Files.exists(real.resolve("server.aot"))) {
          command.add("-XX:AOTCache=" + real.resolve("server.aot"));
        }
        path =
            String.join(
                ":",
                Files.readAllLines(real.resolve("classpath")).stream()
                    .map(jar -> real.resolve("lib").resolve(jar).toString())
                    .toList());
      }
      command.addAll(options);
      command.addAll(List.of("-cp", path, "dev.semper.server.Main"));
      command.addAll(List.of("--home", home.toString(), "--port", "0"));
      return command;
    }
  }

  /// A process of this machine, as `/proc` has it.
  private record Proc(long pid) {
    static List<Proc> all() {
      try (Stream<Path> entries = Files.list(Path.of("/proc"))) {
        return entries
            .map(entry -> entry.getFileName().toString())
            .filter(name -> name.matches("[0-9]+"))
            .map(name -> new Proc(Long.parseLong(name)))
            .toList();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /// 0 if it has gone meanwhile.
    long parent() {
      return ProcessHandle.of(pid)
          .flatMap(ProcessHandle::parent)
          .map(ProcessHandle::pid)
          .orElse(0L);
    }

    List<String> command() {
      return texts("cmdline");
    }

    Map<String, String> environment() {
      Map<String, String> env = new HashMap<>();
      for (String variable : texts("environ")) {
        int equals = variable.indexOf('=');
        if (equals > 0) {
          env.put(variable.substring(0, equals), variable.substring(equals + 1));
        }
      }
      return env;
    }

    /// Empty if it has gone meanwhile, or is a zombie or a thread of the kernel.
    private List<String> texts(String file) {
      try {
        byte[] bytes = Files.readAllBytes(Path.of("/proc/" + pid + "/" + file));
        return List.of(new String(bytes, UTF_8).split("\0"));
      } catch (IOException _) {
        return List.of("");
      }
    }
  }
}
