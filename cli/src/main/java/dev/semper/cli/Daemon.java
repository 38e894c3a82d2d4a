package dev.semper.cli;

import dev.semper.api.SemperClient;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Starts and ends the server of a home in the background.
final class Daemon {
  private static final long LOOK_MILLIS = 50;
  private static final Duration POLL = Duration.ofMillis(20);

  private final RunFiles files;

  Daemon(Path home) {
    files = RunFiles.of(home);
  }

  RunFiles files() {
    return files;
  }

  ServerProcess find() {
    return ServerProcess.find(files);
  }

  /// Removes a PID file that names no server.
  void forget(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UsageException(
          ExitStatus.FAILED,
          "cannot remove the PID file " + file + ": " + RunFiles.reason(e) + ". Remove it by hand");
    }
  }

  /// Starts the server in a session of its own and waits until it answers.
  RunFiles.Server start(Duration patience) throws InterruptedException {
    Process process = launch();
    long deadline = System.nanoTime() + patience.toNanos();
    while (System.nanoTime() < deadline) {
      Optional<RunFiles.Server> server = answering(process.pid());
      if (server.isPresent()) {
        return server.get();
      }
      if (process.waitFor(POLL)) {
        throw new UsageException(
            ExitStatus.FAILED,
            "the server ended at once with exit code "
                + process.exitValue()
                + ". The end of its output:\n"
                + output());
      }
    }
    throw new UsageException(
        ExitStatus.TIMEOUT,
        "the server (process "
            + process.pid()
            + ") does not answer after "
            + Times.span(patience)
            + "; it goes on trying. See: semper daemon logs. The end of its output:\n"
            + output());
  }

  private Process launch() {
    List<String> command = new ArrayList<>();
    for (String setsid : List.of("/usr/bin/setsid", "/bin/setsid")) {
      if (command.isEmpty() && Files.isExecutable(Path.of(setsid))) {
        command.add(setsid);
      }
    }
    command.addAll(ServerProcess.command(files.home(), "--daemon"));
    try {
      Files.createDirectories(files.console().getParent());
      Files.write(files.console(), new byte[0]);
      return new ProcessBuilder(command)
          .redirectInput(new File("/dev/null"))
          .redirectOutput(ProcessBuilder.Redirect.appendTo(files.console().toFile()))
          .redirectErrorStream(true)
          .start();
    } catch (IOException e) {
      throw new UsageException(
          ExitStatus.FAILED,
          "cannot start the server on " + files.home() + ": " + RunFiles.reason(e));
    }
  }

  private Optional<RunFiles.Server> answering(long pid) {
    Optional<RunFiles.Server> server;
    try {
      server = files.server().filter(found -> found.pid() == pid);
    } catch (UsageException _) {
      return Optional.empty();
    }
    return server.filter(found -> {
      try (SemperClient client = new SemperClient(URI.create(found.url()), null, null)) {
        return client.healthy();
      }
    });
  }

  /// The end of what the server has said: its own output, or its log if that is empty.
  private String output() {
    List<String> lines = LogTail.last(files.console(), 20);
    if (lines.isEmpty()) {
      lines = LogTail.last(files.log(), 20);
    }
    return lines.isEmpty() ? "  (nothing)" : "  " + String.join("\n  ", lines);
  }

  /// Asks it to end, kills it after the patience is over.
  ///
  /// @return whether it ended by itself
  boolean stop(ServerProcess.Alive server, Duration patience) throws InterruptedException {
    if (!server.handle().destroy() && server.handle().isAlive()) {
      throw new UsageException(
          ExitStatus.DENIED,
          "process " + server.pid() + " cannot be signalled: it belongs to another user");
    }
    if (ended(server.handle(), patience)) {
      return true;
    }
    server.handle().destroyForcibly();
    if (!ended(server.handle(), Duration.ofSeconds(5))) {
      throw new UsageException(
          ExitStatus.FAILED,
          "process "
              + server.pid()
              + " is still alive after SIGKILL: the kernel holds it, probably in I/O");
    }
    if (find() instanceof ServerProcess.Stale stale) {
      forget(stale.file());
    }
    return false;
  }

  /// Whether the process has ended within the patience.
  static boolean ended(ProcessHandle handle, Duration patience) throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (ServerProcess.lives(handle)) {
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        return false;
      }
      try {
        handle.onExit().get(Math.min(left, LOOK_MILLIS), TimeUnit.MILLISECONDS);
      } catch (TimeoutException _) {
        // its parent may not have collected it
      } catch (ExecutionException e) {
        throw new IllegalStateException("cannot wait for process " + handle.pid(), e);
      }
    }
    return true;
  }

  /// Makes the home, for its owner only.
  void makeHome() {
    try {
      if (!Files.isDirectory(files.home())) {
        Files.createDirectories(
            files.home(),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      }
    } catch (IOException e) {
      throw new UsageException(
          ExitStatus.FAILED, "cannot make the home " + files.home() + ": " + RunFiles.reason(e));
    }
  }
}
