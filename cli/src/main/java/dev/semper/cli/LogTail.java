package dev.semper.cli;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The end of a log file of this machine.
final class LogTail {
  private static final int BLOCK = 1 << 16;
  private static final Duration POLL = Duration.ofMillis(250);

  private LogTail() {}

  /// The last lines; none if there is no such file. Reads the end of the file only.
  static List<String> last(Path file, int lines) {
    if (lines == 0) {
      return List.of();
    }
    try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
      long from = in.length();
      byte[] tail = new byte[0];
      while (from > 0 && newlines(tail) <= lines) {
        long start = Math.max(0, from - BLOCK);
        byte[] longer = new byte[(int) (from - start) + tail.length];
        in.seek(start);
        in.readFully(longer, 0, (int) (from - start));
        System.arraycopy(tail, 0, longer, (int) (from - start), tail.length);
        tail = longer;
        from = start;
      }
      List<String> all = new String(tail, StandardCharsets.UTF_8).lines().toList();
      return all.subList(Math.max(0, all.size() - lines), all.size());
    } catch (java.io.FileNotFoundException e) {
      return List.of();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file, e);
    }
  }

  private static long newlines(byte[] bytes) {
    long count = 0;
    for (byte b : bytes) {
      count += b == '\n' ? 1 : 0;
    }
    return count;
  }

  /// Goes on with what is written to the file, also to a new one of its name, until interrupted.
  static void follow(Path file, Consumer<byte[]> out) throws InterruptedException {
    @Nullable Object key = key(file);
    long position = size(file);
    while (true) {
      Thread.sleep(POLL);
      Object now = key(file);
      if (now == null) {
        continue;
      }
      if (!now.equals(key) || size(file) < position) {
        key = now;
        position = 0;
      }
      position = copy(file, position, out);
    }
  }

  private static long copy(Path file, long from, Consumer<byte[]> out) {
    try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
      in.seek(from);
      byte[] block = new byte[BLOCK];
      long position = from;
      for (int n = in.read(block); n > 0; n = in.read(block)) {
        out.accept(java.util.Arrays.copyOf(block, n));
        position += n;
      }
      return position;
    } catch (java.io.FileNotFoundException e) {
      return from;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file, e);
    }
  }

  private static @Nullable Object key(Path file) {
    try {
      return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    } catch (NoSuchFileException e) {
      return null;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot look at " + file, e);
    }
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (NoSuchFileException e) {
      return 0;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot look at " + file, e);
    }
  }
}
