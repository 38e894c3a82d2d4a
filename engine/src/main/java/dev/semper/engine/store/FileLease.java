package dev.semper.engine.store;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Held by the one server that uses a SQLite file: an exclusive lock of the operating system on
/// `FILE.lock`, which vanishes with the process. The file holds the owner's process id, for
/// messages only, and is never removed (a lock on a removed file would protect nothing).
final class FileLease implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FileLease.class);
  private static final int PID_DIGITS = 20;

  /// Held by this process. A second channel on a locked file must not even be opened: closing it
  /// would release the lock (so POSIX has it).
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path file;
  private final FileChannel channel;
  private final AtomicBoolean closed = new AtomicBoolean();

  private FileLease(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  static FileLease take(Path database) throws IOException {
    Path file = lockFile(database);
    if (!HELD.add(file)) {
      throw inUse(database, file, String.valueOf(ProcessHandle.current().pid()));
    }
    boolean taken = false;
    try {
      FileLease lease = new FileLease(file, lock(database, file));
      taken = true;
      return lease;
    } finally {
      if (!taken) {
        HELD.remove(file);
      }
    }
  }

  /// The same whatever symbolic links lead to the database.
  private static Path lockFile(Path database) throws IOException {
    Path directory = Objects.requireNonNull(database.getParent());
    Path name = Objects.requireNonNull(database.getFileName());
    Path real =
        Files.exists(database)
            ? database.toRealPath()
            : directory.toRealPath().resolve(name.toString());
    return Path.of(real + ".lock");
  }

  private static FileChannel lock(Path database, Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    boolean locked = false;
    try {
      if (channel.tryLock() == null) {
        throw inUse(database, file, Files.readString(file, StandardCharsets.US_ASCII).strip());
      }
      writeOwner(channel);
      locked = true;
      return channel;
    } finally {
      if (!locked) {
        channel.close();
      }
    }
  }

  private static SemperException inUse(Path database, Path file, String owner) {
    return new SemperException(
        ErrorCode.STORE_UNAVAILABLE,
        "Cannot open the database %s: another Semper server uses it (process %s, which holds %s). Stop that one or give this one another home directory."
            .formatted(database, owner.isEmpty() ? "unknown" : owner, file));
  }

  /// A full disk must not keep the server from starting: the id is only for messages.
  private static void writeOwner(FileChannel channel) {
    String pid = ("%-" + PID_DIGITS + "d\n").formatted(ProcessHandle.current().pid());
    try {
      channel.write(ByteBuffer.wrap(pid.getBytes(StandardCharsets.US_ASCII)), 0);
    } catch (IOException e) {
      LOG.debug("The process id was not written into the lock file: {}", e.toString());
    }
  }

  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    try {
      channel.close();
    } catch (IOException e) {
      LOG.warn("The lock file did not close: {}", e.toString());
    } finally {
      HELD.remove(file);
    }
  }
}
