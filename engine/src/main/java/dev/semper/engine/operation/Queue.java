package dev.semper.engine.operation;

import dev.semper.engine.operation.Journal.Head;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Operations that have not ended: which wait, which run, and which is next. Higher priority first,
/// first come first served within one; one at a time per workload; members of a batch after those
/// they depend on.
final class Queue {
  private static final Comparator<Work> ORDER =
      Comparator.<Work, Priority>comparing(w -> w.head().priority())
          .reversed()
          .thenComparingLong(w -> w.head().seq());

  private final Slots slots;
  private final Consumer<Work> starter;
  private final TreeSet<Work> waiting = new TreeSet<>(ORDER);
  private final Map<String, Work> open = new HashMap<>();
  private final Map<String, Work> working = new HashMap<>();
  private final Map<String, Integer> membersAtWork = new HashMap<>();
  private boolean closed;

  /// @param starter runs an operation that has got a slot, on a thread of its own
  Queue(int slots, Consumer<Work> starter) {
    this.slots = new Slots(slots, this::dispatch);
    this.starter = starter;
  }

  Slots slots() {
    return slots;
  }

  synchronized void add(Collection<Work> works) {
    for (Work work : works) {
      open.put(work.id(), work);
      if (work.head().kind() != OperationKind.BATCH) {
        waiting.add(work);
      }
    }
  }

  synchronized Optional<Work> find(String id) {
    return Optional.ofNullable(open.get(id));
  }

  synchronized List<Work> matching(Predicate<Head> condition) {
    return open.values().stream()
        .filter(w -> condition.test(w.head()))
        .sorted(Comparator.comparingLong(w -> w.head().seq()))
        .toList();
  }

  /// The operation that works on or waits for a workload, the first of them. One that has ended is
  /// in nobody's way, even if it has not left the queue yet: its end has been told already.
  synchronized Optional<Work> on(String tenant, String workload) {
    return matching(
            h -> !h.status().ended() && h.tenant().equals(tenant) && workload.equals(h.workload()))
        .stream()
        .findFirst();
  }

  /// Takes an operation that has not started out of the queue.
  ///
  /// @return whether it was there
  synchronized boolean withdraw(Work work) {
    return waiting.remove(work);
  }

  /// Starts what can start now.
  void dispatch() {
    while (true) {
      Work next;
      synchronized (this) {
        next = closed ? null : next();
        if (next == null || !slots.tryTake()) {
          return;
        }
        waiting.remove(next);
        working.put(key(next), next);
        String parent = next.head().parent();
        if (parent != null) {
          membersAtWork.merge(parent, 1, Integer::sum);
        }
      }
      starter.accept(next);
    }
  }

  private @Nullable Work next() {
    // Behind an earlier operation of the same workload, whatever its priority.
    Map<String, Long> first = new HashMap<>();
    waiting.forEach(w -> first.merge(key(w), w.head().seq(), Math::min));
    for (Work work : waiting) {
      boolean free =
          !working.containsKey(key(work))
              && Objects.equals(first.get(key(work)), work.head().seq());
      if (free && earlierEnded(work) && batchHasRoom(work)) {
        return work;
      }
    }
    return null;
  }

  private boolean earlierEnded(Work work) {
    return work.head().after().stream().noneMatch(open::containsKey);
  }

  private boolean batchHasRoom(Work work) {
    Work parent = work.head().parent() == null ? null : open.get(work.head().parent());
    return parent == null
        || membersAtWork.getOrDefault(parent.id(), 0) < parent.head().parallelism();
  }

  /// An operation has ended.
  synchronized void ended(Work work) {
    open.remove(work.id());
    waiting.remove(work);
    if (working.remove(key(work), work) && work.head().parent() != null) {
      membersAtWork.computeIfPresent(
          work.head().parent(), (_, n) -> n == 1 ? null : Integer.valueOf(n - 1));
    }
    notifyAll();
  }

  /// Waits until an operation is no longer open, or the time is over.
  synchronized void await(String id, long millis) throws InterruptedException {
    long deadline = System.nanoTime() + millis * 1_000_000;
    while (open.containsKey(id) && !closed) {
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        return;
      }
      wait(left);
    }
  }

  synchronized void close() {
    closed = true;
    notifyAll();
  }

  private static String key(Work work) {
    return work.head().tenant() + "/" + work.head().workload();
  }
}
