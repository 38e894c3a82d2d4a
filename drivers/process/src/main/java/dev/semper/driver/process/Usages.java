package dev.semper.driver.process;

import dev.semper.spi.Usage;
import java.io.File;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What trees use; one pass over `/proc` serves all who ask within a second.
final class Usages {
  private static final long FRESH = Duration.ofSeconds(1).toNanos();

  private record Pass(long nanos, Forest forest) {}

  private final ProcTable table;
  private final Supplier<Collection<Tracked>> roots;
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable Pass last;

  Usages(ProcTable table, Supplier<Collection<Tracked>> roots) {
    this.table = table;
    this.roots = roots;
  }

  Usage of(Tracked tracked) {
    List<Proc> tree = forest(FRESH).tree(tracked.name());
    if (tree.isEmpty()) {
      tree = forest(0).tree(tracked.name()); // it is younger than the last pass
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

  private Forest forest(long maxAge) {
    lock.lock();
    try {
      Pass pass = last;
      if (pass == null || System.nanoTime() - pass.nanos() > maxAge) {
        ProcTable.Snapshot snapshot = table.now();
        pass = new Pass(snapshot.takenNanos(), new Forest(table, snapshot, roots.get()));
        last = pass;
      }
      return pass.forest();
    } finally {
      lock.unlock();
    }
  }
}
