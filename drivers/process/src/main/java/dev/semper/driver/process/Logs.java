package dev.semper.driver.process;

import dev.semper.spi.LogTarget;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// All log files, and the one thread that keeps them within their limits.
final class Logs implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Logs.class);
  private static final long STEP = Duration.ofMillis(10).toNanos();
  private static final long NEWCOMERS = Duration.ofMillis(100).toNanos();
  private static final long USUAL = Duration.ofMillis(500).toNanos();
  private static final long LONG = Duration.ofSeconds(10).toNanos();
  private static final long QUIET = Duration.ofSeconds(2).toNanos();

  private final Map<Path, LogFile> files = new ConcurrentHashMap<>();
  private final Map<LogFile, Watch> watched = new ConcurrentHashMap<>();
  private final Thread sampler;
  private volatile long wakesAt = System.nanoTime();
  private volatile boolean closed;

  /// A file that running programs write to. Counted, as two incarnations may share one.
  private static final class Watch {
    private int writers;
    private long lastLook = System.nanoTime();
    private long nextLook = lastLook;
    private long lastGrown = lastLook;
    private long pause = STEP;
    private boolean failing;
  }

  Logs() {
    sampler = Thread.ofPlatform().daemon().name("semper-log-sampler").unstarted(this::run);
  }

  void start() {
    sampler.start();
  }

  LogFile file(LogTarget target) {
    Path path = target.file().toAbsolutePath().normalize();
    LogFile file = files.computeIfAbsent(path, LogFile::new);
    file.limit(target);
    return file;
  }

  void watch(LogTarget target) {
    watched.compute(
        file(target),
        (_, watch) -> {
          Watch now = watch == null ? new Watch() : watch;
          now.writers++;
          return now;
        });
    lookSoon();
  }

  /// The last writer has ended: a last look, then no more.
  void unwatch(LogTarget target) {
    watched.computeIfPresent(
        file(target),
        (_, watch) -> {
          watch.writers--;
          watch.nextLook = System.nanoTime();
          return watch;
        });
    lookSoon();
  }

  /// Wakes the sampler if it sleeps for long; else it comes by itself.
  private void lookSoon() {
    if (wakesAt - System.nanoTime() > NEWCOMERS) {
      LockSupport.unpark(sampler);
    }
  }

  private void run() {
    while (!closed) {
      long next = System.nanoTime() + QUIET;
      wakesAt = next;
      for (Map.Entry<LogFile, Watch> entry : watched.entrySet()) {
        Watch watch = entry.getValue();
        if (watch.nextLook - System.nanoTime() <= 0) {
          look(entry.getKey(), watch);
        }
        if (watch.nextLook - next < 0) {
          next = watch.nextLook;
        }
      }
      wakesAt = next;
      LockSupport.parkNanos(this, Math.max(STEP, next - System.nanoTime()));
    }
  }

  private void look(LogFile file, Watch watch) {
    boolean over = watch.writers <= 0;
    if (over && !file.exists()) {
      end(file);
      release(file);
      return;
    }
    long now = System.nanoTime();
    try {
      watch.pause = pause(watch, file.tick(), now, file.maxBytes());
      watch.failing = false;
    } catch (IOException | RuntimeException e) {
      if (!watch.failing && file.exists()) {
        LOG.warn("cannot rotate a log; trying again", e);
      }
      watch.failing = true;
    }
    watch.lastLook = now;
    watch.nextLook = inStep(now + watch.pause, watch.pause);
    if (over && !watch.failing) {
      end(file);
    }
  }

  private void end(LogFile file) {
    watched.computeIfPresent(file, (_, current) -> current.writers <= 0 ? null : current);
  }

  /// Nobody will ask for it again, if it was deleted.
  void release(LogTarget target) {
    LogFile file = files.get(target.file().toAbsolutePath().normalize());
    if (file != null) {
      release(file);
    }
  }

  private void release(LogFile file) {
    if (!watched.containsKey(file) && !file.exists()) {
      files.remove(file.path(), file);
    }
  }

  /// Long pauses end together, so that many quiet files wake the processor no oftener than one.
  private static long inStep(long time, long pause) {
    long grid = pause < NEWCOMERS ? 1 : pause < QUIET ? NEWCOMERS : QUIET;
    return time - Math.floorMod(time, grid);
  }

  /// The faster it grows, the sooner the next look: at the latest after half of a part. A pause
  /// grows step by step, so that what has just started or just been quick is looked at soon.
  private static long pause(Watch watch, long grown, long now, long maxBytes) {
    long last = watch.pause;
    long nanos = now - watch.lastLook;
    watch.lastGrown = grown > 0 ? now : watch.lastGrown;
    long quiet = now - watch.lastGrown;
    if (grown <= 0) {
      return Math.min(2 * last, quiet > LONG ? QUIET : USUAL);
    }
    double perNano = (double) grown / Math.max(nanos, 1);
    long until = (long) (maxBytes / 2.0 / perNano);
    return Math.clamp(Math.min(until, 2 * last), STEP, USUAL);
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(sampler);
    try {
      sampler.join(Duration.ofSeconds(5));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
