package dev.semper.spi;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/// Reads the log of an instance by **position**: the number of bytes ever written before it.
/// Rotation moves bytes between files but never changes their position.
public interface InstanceLog {
  /// Position of the first byte still kept.
  long start() throws IOException;

  /// Position after the last byte written.
  long end() throws IOException;

  /// Position from which the last `lines` lines can be read.
  long tail(int lines) throws IOException;

  /// Up to `max` bytes from a position on. Bytes that rotation has dropped are skipped: look at
  /// [Chunk#position].
  Chunk read(long position, int max) throws IOException;

  /// Waits until there is something after the position.
  ///
  /// @return false if the time is over
  boolean await(long position, Duration timeout) throws IOException, InterruptedException;

  /// @param position of the first byte returned; later than asked for if bytes were dropped
  /// @param bytes empty at the end of the log
  record Chunk(long position, ByteBuffer bytes) {
    public long next() {
      return position + bytes.remaining();
    }
  }
}
