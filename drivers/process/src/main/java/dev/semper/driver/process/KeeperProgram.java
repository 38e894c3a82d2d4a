package dev.semper.driver.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// The keeper's script on disk, and how to run it.
final class KeeperProgram {
  private static final int ANOTHER_RUNS = 3;
  private final Path state;
  private final Path script;

  private KeeperProgram(Path state, Path script) {
    this.state = state;
    this.script = script;
  }

  /// Writes the script of this version beside those of others that may still run.
  static KeeperProgram in(Path state) throws IOException {
    byte[] text = text();
    Path script = state.resolve("keeper-" + hash(text) + ".pl");
    if (!Files.exists(script)) {
      Path fresh = Files.createTempFile(state, "keeper", ".tmp");
      Files.write(fresh, text);
      Files.move(fresh, script, StandardCopyOption.ATOMIC_MOVE);
    }
    return new KeeperProgram(state, script);
  }

  String script() {
    return script.toString();
  }

  private static byte[] text() {
    try (InputStream in = KeeperProgram.class.getResourceAsStream("keeper.pl")) {
      if (in == null) {
        throw new IllegalStateException("keeper.pl is missing in the jar of the process driver");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String hash(byte[] text) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(text);
      return HexFormat.of().formatHex(hash, 0, 6);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  static void makePrivate(Path directory) throws IOException {
    Files.createDirectories(directory);
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
  }

  /// Starts a keeper, detached from this process; returns once its socket listens. Harmless if one
  /// runs.
  void start() throws IOException {
    Path log = state.resolve("keeper.log");
    ProcessBuilder builder =
        new ProcessBuilder(List.of("perl", script.toString(), state.toString()))
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
    Map<String, String> env = builder.environment();
    String path = env.getOrDefault("PATH", Environment.DEFAULT_PATH);
    env.clear();
    env.put("PATH", path);
    env.put("LC_ALL", "C");
    int code = run(builder);
    if (code != 0 && code != ANOTHER_RUNS) {
      throw new IOException("the process keeper ended with code " + code + " at start; see " + log);
    }
  }

  private static int run(ProcessBuilder builder) throws IOException {
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new IOException(
          "cannot run perl, which the process driver needs: install the package perl-base", e);
    }
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IOException("the process keeper was not ready within 10 s");
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the process keeper started", e);
    }
  }
}
