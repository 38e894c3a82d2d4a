package dev.semper.driver.remote;

import dev.semper.spi.ExecRequest;
import dev.semper.spi.ExecResult;
import dev.semper.spi.Exit;
import dev.semper.spi.LaunchException;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/// Runs commands of this host, in `/`, with nothing on standard input.
final class Commands {
  private static final File NOTHING = new File("/dev/null");
  private static final Duration LAST_OUTPUT = Duration.ofSeconds(1);

  private Commands() {}

  /// @param what which setting it is, for messages
  /// @param begun is told the process as soon as there is one
  /// @throws LaunchException if it cannot be run, takes too long or ends with another code than 0
  /// @throws InterruptedException with the command left to run on
  static void run(
      String what,
      List<String> command,
      Map<String, String> env,
      Duration timeout,
      CommandLog log,
      Consumer<ProcessHandle> begun)
      throws LaunchException, InterruptedException {
    long start = log.prepare();
    Process process =
        start(
            what,
            builder(command, env, Path.of("/"))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.file().toFile())));
    begun.accept(process.toHandle());
    if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
      Trees.end(process.toHandle());
      throw new LaunchException(
          "%s was ended after %d s (command_timeout)%s"
              .formatted(what, timeout.toSeconds(), said(log, start)),
          true);
    }
    if (process.exitValue() != 0) {
      throw new LaunchException(
          "%s ended with code %d%s".formatted(what, process.exitValue(), said(log, start)), true);
    }
  }

  private static String said(CommandLog log, long start) {
    String line = log.lastLine(start);
    return line.isEmpty() ? "" : ": " + line;
  }

  private static ProcessBuilder builder(
      List<String> command, Map<String, String> env, Path directory) {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectInput(ProcessBuilder.Redirect.from(NOTHING));
    builder.environment().clear();
    builder.environment().putAll(env);
    return builder;
  }

  private static Process start(String what, ProcessBuilder builder) throws LaunchException {
    try {
      return builder.start();
    } catch (IOException e) {
      throw new LaunchException(what + " cannot be run: " + e.getMessage(), false);
    }
  }

  /// As [dev.semper.spi.Driver#exec].
  static ExecResult exec(ExecRequest request, Map<String, String> env) throws LaunchException {
    String directory = request.workingDir() == null ? "/" : request.workingDir();
    Process process =
        start(
            "command " + request.command().getFirst(),
            builder(request.command(), env, Path.of(directory)).redirectErrorStream(true));
    FutureTask<String> output =
        new FutureTask<>(() -> head(process.getInputStream(), request.maxOutput()));
    Thread.ofVirtual().name("output of " + process.pid()).start(output);
    try {
      boolean ended = process.waitFor(request.timeout().toMillis(), TimeUnit.MILLISECONDS);
      if (!ended) {
        Trees.kill(process.toHandle());
        process.waitFor();
      }
      return new ExecResult(Exit.code(Instant.now(), process.exitValue()), text(output), !ended);
    } catch (InterruptedException e) {
      Trees.kill(process.toHandle());
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while running a command", e);
    } finally {
      close(process.getInputStream());
    }
  }

  /// What it has left running may hold the pipe open for ever.
  private static String text(FutureTask<String> output) throws InterruptedException {
    try {
      return output.get(LAST_OUTPUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      return "";
    } catch (ExecutionException e) {
      throw new IllegalStateException("cannot read the output of a command", e);
    }
  }

  private static String head(InputStream in, int max) throws IOException {
    ByteArrayOutputStream kept = new ByteArrayOutputStream();
    byte[] buffer = new byte[8192];
    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
      kept.write(buffer, 0, Math.min(n, max - kept.size()));
    }
    return kept.toString(StandardCharsets.UTF_8);
  }

  private static void close(InputStream in) {
    try {
      in.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
