package dev.semper.driver.process;

import dev.semper.spi.Usage;
import java.io.File;
import java.time.Duration;
import java.util.List;

/// What trees use; one pass over `/proc` serves all who ask within a second.
final class Usages {
  private static final long FRESH = Duration.ofSeconds(1).toNanos();

  private final Forests forests;

  Usages(Forests forests) {
    this.forests = forests;
  }

  Usage of(Tracked tracked) {
    List<Proc> tree = forests.since(System.nanoTime() - FRESH).tree(tracked.name());
    if (tree.isEmpty()) {
      tree = forests.now().tree(tracked.name()); // it is younger than the last pass
    }
    long ticks = 0;
    long pages = 0;
    for (Proc proc : tree) {
      ticks += proc.ticks();
      pages += proc.pages();
    }
    String[] files = new File("/proc/" + tracked.pid() + "/fd").list();
    return new Usage(
        ticks * 1000 / Machine.TICKS,
        pages * Machine.PAGE,
        tree.size(),
        files == null ? -1 : files.length);
  }
}
