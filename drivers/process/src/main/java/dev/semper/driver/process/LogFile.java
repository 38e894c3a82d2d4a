package dev.semper.driver.process;

import dev.semper.spi.InstanceLog;
import dev.semper.spi.LogTarget;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/// The log of an instance: the live file, into which programs write by themselves, and its older
/// parts `.1`, `.2`, ….
///
/// The live file's first byte has a position, the **base**, kept in `FILE.pos`. Setting a part
/// aside: (1) copy the head into `.0`; (2) note the intent with a random mark in `.pos`; (3)
/// overwrite the head of the live file, now a duplicate, with the mark; (4) move the parts up, `.0`
/// last; (5) take the head off the live file, in one step of the file system that no writer
/// notices; (6) note the new base. After a crash the noted intent is completed: while `.0` exists,
/// it went no further than (4), so it goes on at (3); otherwise the mark tells whether (5) was
/// done, as it vanishes with the head. Nothing is lost or seen twice at any point; parts end at
/// blocks, maybe in the middle of a line.
///
/// A file system that cannot take off a head (tmpfs, overlay, btrfs) gets copy and truncate: what a
/// program writes between the last look and the truncation, some microseconds, is lost.
final class LogFile implements InstanceLog {
  static final int BLOCK = 4096;
  private static final int MARK = 16;
  private static final int COPY = 1 << 16;

  private final Path file;
  private final File plain;
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private volatile long maxBytes;
  private volatile int maxFiles;
  private volatile boolean loaded;
  private long base;
  private long lastSize;
  private boolean collapsible = true;

  LogFile(Path file) {
    this.file = file;
    this.plain = file.toFile();
  }

  /// The latest limits asked for count.
  void limit(LogTarget target) {
    maxBytes = target.maxBytes();
    maxFiles = target.maxFiles();
  }

  Path path() {
    return file;
  }

  boolean exists() {
    return plain.exists();
  }

  long maxBytes() {
    return maxBytes;
  }

  Path part(int number) {
    return file.resolveSibling(file.getFileName() + "." + number);
  }

  private long size() {
    return plain.length();
  }

  // ---- reading

  @Override
  public long start() throws IOException {
    return locked(this::firstKept);
  }

  @Override
  public long end() throws IOException {
    return locked(() -> base + size());
  }

  private long firstKept() {
    long first = base;
    for (int i = 1; part(i).toFile().exists(); i++) {
      first -= part(i).toFile().length();
    }
    return first;
  }

  @Override
  public Chunk read(long position, int max) throws IOException {
    return locked(() -> chunk(position, max));
  }

  private Chunk chunk(long asked, int max) throws IOException {
    long end = base + size();
    long position = Math.min(Math.max(asked, firstKept()), end);
    if (position >= base) {
      return read(file, position, position - base, (int) Math.min(max, end - position));
    }
    long partEnd = base;
    int number = 1;
    while (position < partEnd - part(number).toFile().length()) {
      partEnd -= part(number).toFile().length();
      number++;
    }
    long offset = position - (partEnd - part(number).toFile().length());
    return read(part(number), position, offset, (int) Math.min(max, partEnd - position));
  }

  private static Chunk read(Path from, long position, long offset, int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    if (bytes > 0) {
      try (FileChannel channel = FileChannel.open(from)) {
        while (buffer.hasRemaining() && channel.read(buffer, offset + buffer.position()) >= 0) {}
      }
    }
    return new Chunk(position, buffer.flip());
  }

  @Override
  public long tail(int lines) throws IOException {
    long end = end();
    if (lines <= 0) {
      return end;
    }
    long start = start();
    long at = end;
    int seen = 0;
    while (at > start) {
      int step = (int) Math.min(COPY, at - start);
      Chunk chunk = readFully(at - step, step);
      ByteBuffer bytes = chunk.bytes();
      for (int i = bytes.limit() - 1; i >= 0; i--) {
        long position = chunk.position() + i;
        boolean last = position == end - 1; // ends the last line, begins none
        if (bytes.get(i) == '\n' && !last && ++seen >= lines) {
          return position + 1;
        }
      }
      if (chunk.position() > at - step) {
        return chunk.position(); // rotation has dropped the rest meanwhile
      }
      at -= step;
    }
    return start;
  }

  private Chunk readFully(long position, int bytes) throws IOException {
    Chunk first = read(position, bytes);
    ByteBuffer all = ByteBuffer.allocate(bytes).put(first.bytes().duplicate());
    while (first.position() == position && all.hasRemaining()) {
      Chunk next = read(position + all.position(), all.remaining());
      if (next.position() != position + all.position() || !next.bytes().hasRemaining()) {
        break;
      }
      all.put(next.bytes());
    }
    return new Chunk(first.position(), all.flip());
  }

  @Override
  public boolean await(long position, Duration timeout) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    long pause = 5_000_000;
    while (end() <= position) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        return false;
      }
      Thread.sleep(Duration.ofNanos(Math.min(left, pause)));
      pause = Math.min(pause * 2, 100_000_000);
    }
    return true;
  }

  private interface Reading<T> {
    T run() throws IOException;
  }

  private <T> T locked(Reading<T> reading) throws IOException {
    load();
    lock.readLock().lock();
    try {
      return reading.run();
    } finally {
      lock.readLock().unlock();
    }
  }

  // ---- rotating

  /// Looks at the size and sets parts aside if it is over the limit. Only the sampler calls it.
  ///
  /// @return bytes written since the last look
  long tick() throws IOException {
    load();
    long size = size();
    long grown = size - lastSize;
    if (grown < 0) {
      truncatedByOthers();
      grown = size;
    }
    if (maxBytes > 0 && size > partSize()) {
      shrink();
      size = size();
    }
    lastSize = size;
    return grown;
  }

  private long partSize() {
    return Math.max(maxBytes / BLOCK * BLOCK, BLOCK);
  }

  private void shrink() throws IOException {
    long kept = partSize() * (maxFiles + 1L);
    for (long size = size(); size > partSize(); size = size()) {
      if (size > kept) {
        drop(size, kept); // a flood, begun just now perhaps: it is split into parts once it is over
        return;
      }
      setAside(partSize(), true);
    }
  }

  private void drop(long size, long kept) throws IOException {
    lock.writeLock().lock();
    try {
      int last = 1;
      while (Files.exists(part(last))) {
        last++;
      }
      for (int i = last; i > 0; i--) {
        Files.deleteIfExists(part(i));
      }
    } finally {
      lock.writeLock().unlock();
    }
    long excess = (size - kept) / BLOCK * BLOCK + BLOCK;
    setAside(Math.min(excess, (size - 1) / BLOCK * BLOCK), false);
  }

  private void setAside(long bytes, boolean keep) throws IOException {
    copy(0, keep ? bytes : 0, part(0), false);
    lock.writeLock().lock();
    try {
      Intent intent = Intent.of(base, bytes, keep);
      intent.write(side());
      loaded = false; // until it is complete: a failure is made good at the next look
      complete(intent);
      loaded = true;
    } finally {
      lock.writeLock().unlock();
    }
  }

  /// Steps 3 to 6, from wherever an earlier run got to.
  private void complete(Intent intent) throws IOException {
    if (Files.exists(part(0))) {
      writeMark(intent.mark());
      if (intent.keep()) {
        moveUp();
      } else {
        Files.delete(part(0));
      }
    }
    long taken = intent.keep() ? Files.size(part(1)) : intent.bytes();
    if (marked(intent.mark())) {
      taken = takeOff(intent);
    }
    base = intent.base() + taken;
    Intent.none(base).write(side());
  }

  private long takeOff(Intent intent) throws IOException {
    if (collapsible && Native.collapse(file, intent.bytes()) == 0) {
      return intent.bytes();
    }
    collapsible = false;
    long taken = intent.keep() ? Files.size(part(1)) : size();
    if (intent.keep()) {
      for (long size = size(); taken < size; size = size()) {
        copy(taken, size - taken, part(1), true);
        taken = size;
      }
    }
    try (FileChannel live = FileChannel.open(file, StandardOpenOption.WRITE)) {
      live.truncate(0);
    }
    return taken;
  }

  private void copy(long from, long bytes, Path to, boolean append) throws IOException {
    StandardOpenOption how =
        append ? StandardOpenOption.APPEND : StandardOpenOption.TRUNCATE_EXISTING;
    try (FileChannel in = FileChannel.open(file);
        FileChannel out =
            FileChannel.open(to, StandardOpenOption.CREATE, StandardOpenOption.WRITE, how)) {
      long done = 0;
      while (done < bytes) {
        long n = in.transferTo(from + done, bytes - done, out);
        if (n <= 0) {
          throw new IOException("cannot copy the head of " + file + " to " + to);
        }
        done += n;
      }
    }
  }

  /// Fills the first gap, so that it can be repeated after a crash in the middle.
  private void moveUp() throws IOException {
    int gap = 1;
    while (gap < maxFiles && Files.exists(part(gap))) {
      gap++;
    }
    for (int i = maxFiles + 1; Files.deleteIfExists(part(i)); i++) {}
    for (int i = gap - 1; i >= 0; i--) {
      Files.move(part(i), part(i + 1), StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private void writeMark(String mark) throws IOException {
    try (FileChannel live = FileChannel.open(file, StandardOpenOption.WRITE)) {
      live.write(ByteBuffer.wrap(mark.getBytes(StandardCharsets.US_ASCII)), 0);
    }
  }

  private boolean marked(String mark) throws IOException {
    try (FileChannel live = FileChannel.open(file)) {
      ByteBuffer head = ByteBuffer.allocate(MARK);
      while (head.hasRemaining() && live.read(head, head.position()) >= 0) {}
      return mark.equals(new String(head.array(), StandardCharsets.US_ASCII));
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private void truncatedByOthers() throws IOException {
    lock.writeLock().lock();
    try {
      for (int i = 1; Files.deleteIfExists(part(i)); i++) {}
      base += lastSize;
      Intent.none(base).write(side());
    } finally {
      lock.writeLock().unlock();
    }
  }

  private Path side() {
    return file.resolveSibling(file.getFileName() + ".pos");
  }

  private void load() throws IOException {
    if (loaded) {
      return;
    }
    lock.writeLock().lock();
    try {
      if (loaded) {
        return;
      }
      Intent intent = Intent.read(side());
      base = intent.base();
      if (intent.pending()) {
        complete(intent);
      } else {
        Files.deleteIfExists(part(0));
      }
      lastSize = size();
      loaded = true;
    } finally {
      lock.writeLock().unlock();
    }
  }
}
