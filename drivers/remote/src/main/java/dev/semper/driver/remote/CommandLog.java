package dev.semper.driver.remote;

import dev.semper.spi.InstanceLog;
import dev.semper.spi.LogTarget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// The log of an instance: what its commands print. A part is set aside when a command begins and
/// the file has its size, by renaming; a command that goes on writing into an older part is no
/// longer heard.
///
/// The positions at which parts begin are kept in `FILE.pos`, the newest first. Setting aside: the
/// new positions are noted as pending, the parts are moved up, the oldest first, and the positions
/// are noted as done. What was pending at a crash is completed.
final class CommandLog implements InstanceLog {
  private static final String PENDING = "pending ";
  private static final int LONGEST_LINE = 1000;
  private static final int LOOK = 1 << 16;
  private static final Duration PAUSE = Duration.ofMillis(100);

  private final Path file;
  private volatile long maxBytes;
  private volatile int maxFiles;

  CommandLog(Path file) {
    this.file = file;
  }

  /// The latest limits asked for count.
  CommandLog limit(LogTarget target) {
    maxBytes = target.maxBytes();
    maxFiles = target.maxFiles();
    return this;
  }

  Path file() {
    return file;
  }

  /// Sets a part aside if it is time, and makes the directory.
  ///
  /// @return the position at which the next output begins
  synchronized long prepare() {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      List<Long> starts = starts();
      long size = size(file);
      if (maxBytes > 0 && size >= maxBytes) {
        List<Long> next = new ArrayList<>(starts);
        next.addFirst(starts.getFirst() + size);
        while (next.size() > maxFiles + 1) {
          next.removeLast();
        }
        note(PENDING, next);
        moveUp(next);
        starts = next;
      }
      return starts.getFirst() + size(file);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the log " + file, e);
    }
  }

  /// Goes on from wherever an earlier server got to: the missing part is the one to fill.
  private void moveUp(List<Long> starts) throws IOException {
    if (Files.exists(file)) {
      int gap = 1;
      while (gap < starts.size() && Files.exists(part(gap))) {
        gap++;
      }
      if (gap == starts.size()) {
        Files.deleteIfExists(part(gap - 1));
        gap--;
      }
      for (int i = gap; i > 0; i--) {
        Files.move(part(i - 1), part(i), StandardCopyOption.ATOMIC_MOVE);
      }
    }
    note("", starts);
  }

  /// Where each part begins, that of the live file first; there is always one.
  private List<Long> starts() throws IOException {
    String text;
    try {
      text = Files.readString(positions()).strip();
    } catch (NoSuchFileException e) {
      return List.of(0L);
    }
    List<Long> starts = new ArrayList<>();
    for (String number : text.replace(PENDING.strip(), "").strip().split(" ", -1)) {
      starts.add(Long.parseLong(number));
    }
    if (text.startsWith(PENDING)) {
      moveUp(starts);
    }
    return starts;
  }

  private void note(String how, List<Long> starts) throws IOException {
    StringBuilder text = new StringBuilder(how);
    starts.forEach(start -> text.append(start).append(' '));
    Path unfinished = file.resolveSibling(file.getFileName() + ".pos.tmp");
    Files.writeString(unfinished, text.toString().strip());
    Files.move(unfinished, positions(), StandardCopyOption.ATOMIC_MOVE);
  }

  private Path positions() {
    return file.resolveSibling(file.getFileName() + ".pos");
  }

  private Path part(int number) {
    return number == 0 ? file : file.resolveSibling(file.getFileName() + "." + number);
  }

  private static long size(Path file) {
    return file.toFile().length();
  }

  @Override
  public synchronized long start() throws IOException {
    return starts().getLast();
  }

  @Override
  public synchronized long end() throws IOException {
    return starts().getFirst() + size(file);
  }

  @Override
  public synchronized Chunk read(long asked, int max) throws IOException {
    List<Long> starts = starts();
    long end = starts.getFirst() + size(file);
    long position = Math.min(Math.max(asked, starts.getLast()), end);
    int part = 0;
    while (position < starts.get(part)) {
      end = starts.get(part);
      part++;
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(max, end - position));
    if (bytes.hasRemaining()) {
      try (FileChannel channel = FileChannel.open(part(part))) {
        long offset = position - starts.get(part);
        while (bytes.hasRemaining() && channel.read(bytes, offset + bytes.position()) >= 0) {}
      }
    }
    return new Chunk(position, bytes.flip());
  }

  @Override
  public long tail(int lines) throws IOException {
    long end = end();
    long start = start();
    long at = end;
    int seen = 0;
    while (lines > 0 && at > start) {
      long from = Math.max(startOfPart(at), at - LOOK);
      ByteBuffer bytes = read(from, (int) (at - from)).bytes();
      for (int i = bytes.limit() - 1; i >= 0; i--) {
        boolean last = from + i == end - 1; // ends the last line, begins none
        if (bytes.get(i) == '\n' && !last && ++seen >= lines) {
          return from + i + 1;
        }
      }
      at = from;
    }
    return lines > 0 ? start : end;
  }

  /// Of the one with the byte before a position.
  private synchronized long startOfPart(long position) throws IOException {
    return starts().stream().filter(start -> start < position).findFirst().orElse(0L);
  }

  /// The last line with anything in it from a position on, cut to what fits into a message.
  String lastLine(long from) {
    try {
      long end = end();
      long position = Math.max(from, end - LONGEST_LINE);
      return StandardCharsets.UTF_8
          .decode(read(position, (int) Math.max(0, end - position)).bytes())
          .toString()
          .lines()
          .map(String::strip)
          .filter(line -> !line.isEmpty())
          .reduce("", (_, line) -> line);
    } catch (IOException e) {
      return "its output cannot be read: " + e.getMessage();
    }
  }

  @Override
  public boolean await(long position, Duration timeout) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (end() <= position) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        return false;
      }
      Thread.sleep(Duration.ofNanos(Math.min(left, PAUSE.toNanos())));
    }
    return true;
  }
}
