package dev.semper.acceptance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// The command line as a process: `./semper` if the modules are packaged, else what is on the class
/// path.
final class Cli {
  /// What a call came to.
  record Result(int code, String output) {}

  private Cli() {}

  /// Runs `semper --home HOME WORDS…`; output and errors together.
  static Result semper(Path home, String... words) {
    try {
      Path log = Files.createTempFile("semper-cli", ".out");
      try {
        Process process = start(home, ProcessBuilder.Redirect.to(log.toFile()), List.of(words));
        if (!process.waitFor(90, TimeUnit.SECONDS)) {
          process.destroyForcibly();
          throw new AssertionError(
              "semper " + String.join(" ", words) + " hangs: " + Files.readString(log));
        }
        return new Result(process.exitValue(), Files.readString(log, StandardCharsets.UTF_8));
      } finally {
        Files.delete(log);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }

  static Process start(Path home, ProcessBuilder.Redirect output, List<String> words)
      throws IOException {
    List<String> command = new ArrayList<>(program());
    command.add("--home");
    command.add(home.toString());
    command.addAll(words);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(output);
    // Workloads inherit HOME from the server: by it the processes of this home are known.
    builder.environment().put("HOME", home.toString());
    builder.environment().put("SEMPER_QUIET", "1");
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    return builder.start();
  }

  private static List<String> program() {
    boolean packaged =
        Stream.of(System.getProperty("java.class.path").split(":"))
            .noneMatch(entry -> entry.endsWith("cli/target/classes"));
    Path root = root();
    if (packaged && Files.exists(root.resolve("dist/classpath"))) {
      return List.of(root.resolve("semper").toString());
    }
    return List.of(
        Path.of(System.getProperty("java.home"), "bin/java").toString(),
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "--enable-native-access=ALL-UNNAMED",
        "-cp",
        System.getProperty("java.class.path"),
        "dev.semper.cli.Main");
  }

  /// The checkout.
  static Path root() {
    Path root = Path.of("").toAbsolutePath();
    while (root != null && !Files.exists(root.resolve("packaging/server.jvm"))) {
      root = root.getParent();
    }
    if (root == null) {
      throw new IllegalStateException("the tests must run somewhere in a checkout of Semper");
    }
    return root;
  }
}
