package dev.semper.driver.process;

import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The forest of now, for many askers at once: all who ask while a pass over `/proc` runs share the
/// next one. (A plain lock would serve them one by one, each with a pass of its own.)
final class Forests {
  private final ProcTable table;
  private final Supplier<Collection<Tracked>> roots;
  private final Object lock = new Object();
  private @Nullable CompletableFuture<Forest> next;
  private boolean passing;
  private volatile Forest last;

  Forests(ProcTable table, Supplier<Collection<Tracked>> roots) {
    this.table = table;
    this.roots = roots;
    this.last = new Forest(table, ProcTable.NOTHING, roots.get());
  }

  /// Of processes seen after this call.
  Forest now() {
    CompletableFuture<Forest> mine;
    boolean lead;
    synchronized (lock) {
      if (next == null) {
        next = new CompletableFuture<>();
      }
      mine = next;
      lead = !passing;
      passing = true;
    }
    if (lead) {
      pass();
    }
    return mine.join();
  }

  /// Of processes seen after a moment.
  Forest since(long nanos) {
    Forest known = last;
    return known.takenNanos() - nanos >= 0 ? known : now();
  }

  /// One pass for all who have asked so far; another thread does the next, if somebody has asked
  /// meanwhile.
  private void pass() {
    CompletableFuture<Forest> asked;
    synchronized (lock) {
      asked = next;
      next = null;
    }
    try {
      Forest seen = new Forest(table, table.now(), roots.get());
      last = seen;
      if (asked != null) {
        asked.complete(seen);
      }
    } catch (RuntimeException e) {
      if (asked != null) {
        asked.completeExceptionally(e);
      }
    } finally {
      boolean again;
      synchronized (lock) {
        again = next != null;
        passing = again;
      }
      if (again) {
        Thread.ofVirtual().name("semper-proc").start(this::pass);
      }
    }
  }
}
