package dev.semper.driver.process;

import java.util.Collection;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// The forest of now, for many askers at once: whoever asks while a pass over `/proc` runs shares
/// the next one.
final class Forests {
  private final ProcTable table;
  private final Supplier<Collection<Tracked>> roots;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile Forest last;

  Forests(ProcTable table, Supplier<Collection<Tracked>> roots) {
    this.table = table;
    this.roots = roots;
    this.last = new Forest(table, ProcTable.NOTHING, roots.get());
  }

  /// Of processes seen after this call.
  Forest now() {
    return since(System.nanoTime());
  }

  /// Of processes seen after a moment.
  Forest since(long nanos) {
    if (last.takenNanos() - nanos >= 0) {
      return last;
    }
    lock.lock();
    try {
      if (last.takenNanos() - nanos < 0) {
        last = new Forest(table, table.now(), roots.get());
      }
      return last;
    } finally {
      lock.unlock();
    }
  }
}
