package dev.semper.server;

import java.lang.management.ManagementFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Says at level debug what the start spends its time on.
final class Timeline {
  private static final Logger LOG = LoggerFactory.getLogger(Timeline.class);
  private final long start = System.nanoTime();
  private final long before;

  /// @param sinceProcess whether the time since the process began counts
  Timeline(boolean sinceProcess) {
    this.before =
        sinceProcess
            ? System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime()
            : 0;
  }

  long millis() {
    return before + (System.nanoTime() - start) / 1_000_000;
  }

  void mark(String what) {
    LOG.debug("{} ms: {}", millis(), what);
  }
}
