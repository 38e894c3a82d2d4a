package dev.semper.server;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps a home to one server at a time. The lock on `run/semper.lock` decides, because the kernel
/// frees it however the server ends; the PID file tells others who it is.
final class PidFile implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PidFile.class);

  private final Path file;
  private final FileChannel channel;
  private final FileLock lock;

  private PidFile(Path file, FileChannel channel, FileLock lock) {
    this.file = file;
    this.channel = channel;
    this.lock = lock;
  }

  /// Takes the home.
  ///
  /// @throws SemperException ALREADY_EXISTS with the PID if a server runs on it
  static PidFile take(Settings settings) {
    Path file = settings.pidFile();
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Path lockFile = settings.home().resolve("run/semper.lock");
      FileChannel channel =
          FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      FileLock lock = lock(channel);
      if (lock == null) {
        channel.close();
        throw running(settings, content(file));
      }
      try {
        refuseLive(settings, file);
        SmallFiles.write(file, ProcessHandle.current().pid() + "\n");
      } catch (RuntimeException | IOException e) {
        channel.close();
        throw e;
      }
      return new PidFile(file, channel, lock);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot take the home " + settings.home(), e);
    }
  }

  @Override
  public void close() {
    try {
      if (content(file).equals(String.valueOf(ProcessHandle.current().pid()))) {
        Files.deleteIfExists(file);
      }
      lock.release();
      channel.close();
    } catch (IOException e) {
      LOG.warn("cannot remove the PID file {}: {}", file, e.getMessage());
    }
  }

  private static @Nullable FileLock lock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException _) {
      return null; // another server within this process
    }
  }

  private static SemperException running(Settings settings, String pid) {
    return new SemperException(
        ErrorCode.ALREADY_EXISTS,
        "A server runs on %s already%s; stop it first, or use another --home"
            .formatted(settings.home(), pid.isEmpty() ? "" : " (PID " + pid + ")"));
  }

  /// The lock is ours, so no server of this home lives; the PID may still be that of a server with
  /// another home and the same PID file.
  private static void refuseLive(Settings settings, Path file) {
    if (!Files.exists(file)) {
      return;
    }
    String content = content(file);
    if (!content.matches("[1-9][0-9]{0,9}")) {
      LOG.warn("replaced the PID file {}: its content was not a PID", file);
      return;
    }
    long pid = Long.parseLong(content);
    Optional<ProcessHandle> process = ProcessHandle.of(pid).filter(ProcessHandle::isAlive);
    if (process.isEmpty()) {
      LOG.warn("replaced the PID file {}: process {} has ended", file, pid);
    } else if (pid == ProcessHandle.current().pid() || !isServer(process.get(), file)) {
      LOG.warn("replaced the PID file {}: process {} is another program now", file, pid);
    } else {
      throw running(settings, content);
    }
  }

  /// Whether a process is a server of Semper that was there when the file was written.
  private static boolean isServer(ProcessHandle process, Path file) {
    String command = "";
    try {
      command = Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"));
      Optional<Instant> started = process.info().startInstant();
      Instant written = Files.getLastModifiedTime(file).toInstant().plus(Duration.ofSeconds(2));
      if (started.isPresent() && started.get().isAfter(written)) {
        return false;
      }
    } catch (IOException e) {
      LOG.debug("cannot look at process {}: {}", process.pid(), e.getMessage());
    }
    return command.contains("dev.semper.server") || command.contains("semper");
  }

  private static String content(Path file) {
    try {
      return Files.size(file) > 64 ? "" : Files.readString(file).strip();
    } catch (IOException _) {
      return "";
    }
  }
}
