package dev.semper.engine.store;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Held by the one server that uses a SQLite file: an exclusive lock of the operating system on
/// `FILE.lock`, which vanishes with the process. The file holds the owner's process id, for
/// messages only, and is never removed (a lock on a removed file would protect nothing).
final class FileLease implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FileLease.class);
  private static final int PID_DIGITS = 20;

  private final FileChannel channel;

  private FileLease(FileChannel channel) {
    this.channel = channel;
  }

  static FileLease take(Path database) throws IOException {
    Path file = Path.of(database + ".lock");
    FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    boolean taken = false;
    try {
      if (tryLock(channel) == null) {
        throw inUse(database, file);
      }
      writeOwner(channel);
      taken = true;
      return new FileLease(channel);
    } finally {
      if (!taken) {
        channel.close();
      }
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null; // held by this very process
    }
  }

  private static SemperException inUse(Path database, Path file) throws IOException {
    String owner = Files.readString(file, StandardCharsets.US_ASCII).strip();
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
    try {
      channel.close();
    } catch (IOException e) {
      LOG.warn("The lock file did not close: {}", e.toString());
    }
  }
}
