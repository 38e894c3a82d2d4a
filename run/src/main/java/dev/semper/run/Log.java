package dev.semper.run;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// One JSON object a line on standard error; standard output is the program's alone.
///
/// Written by a thread of its own: whoever reads the log and stalls must not hold a restart or the
/// end. When 1,000 lines wait, further ones are dropped and counted.
final class Log {
  private static final byte[] LAST = {};

  private final String container;
  private final String flow;
  private final BlockingQueue<byte[]> lines = new ArrayBlockingQueue<>(1000);
  private final AtomicInteger dropped = new AtomicInteger();
  private final CountDownLatch written = new CountDownLatch(1);
  private volatile int level;
  private volatile boolean structured = true;

  Log(String container, String flow, String level) {
    this.container = container;
    this.flow = flow;
    this.level = Options.LEVELS.indexOf(level);
    Thread writer = new Thread(this::write, "log");
    writer.setDaemon(true);
    writer.start();
  }

  void setLevel(String name) {
    level = Options.LEVELS.indexOf(name);
  }

  /// Plain text instead of JSON.
  void setStructured(boolean json) {
    structured = json;
  }

  /// @param durationMs how long what is told has taken, if it took time
  void line(String severity, String event, @Nullable Long durationMs, Map<String, ?> details) {
    if (Options.LEVELS.indexOf(severity) < level) {
      return;
    }
    Map<String, @Nullable Object> line = new LinkedHashMap<>();
    line.put("timestamp", now());
    line.put("level", severity);
    line.put("component", "lifecycle_manager");
    line.put("container_id", container);
    line.put("flow", flow);
    line.put("event", event);
    line.put("duration_ms", durationMs);
    line.put("details", details);
    String text =
        structured
            ? Json.of(line)
            : line.get("timestamp")
                + " "
                + severity
                + " "
                + flow
                + " "
                + event
                + (durationMs == null ? "" : " " + durationMs + " ms")
                + (details.isEmpty() ? "" : " " + Json.of(details));
    if (!lines.offer((text + "\n").getBytes(StandardCharsets.UTF_8))) {
      dropped.incrementAndGet();
    }
  }

  static String now() {
    return Instant.now().truncatedTo(ChronoUnit.MILLIS).toString();
  }

  private void write() {
    try (FileOutputStream errors = new FileOutputStream(FileDescriptor.err)) {
      while (true) {
        byte[] line = lines.take();
        if (line.length == 0) {
          return;
        }
        errors.write(line); // one call, so that lines do not mix with the program's
        int lost = dropped.getAndSet(0);
        if (lost > 0) {
          line("WARNING", "log_lines_dropped", null, Map.of("lines", lost));
        }
      }
    } catch (IOException e) {
      // Nobody reads errors any more, and there is no other place to say so.
      level = Integer.MAX_VALUE;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      written.countDown();
    }
  }

  /// Writes what waits, for at most a second.
  void close() {
    try {
      if (lines.offer(LAST, 1, TimeUnit.SECONDS)) {
        written.await(1, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
