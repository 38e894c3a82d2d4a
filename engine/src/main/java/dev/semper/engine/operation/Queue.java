package dev.semper.engine.operation;

import dev.semper.engine.operation.Journal.Head;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
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

  private static final Comparator<Work> ARRIVAL =
      Comparator.comparingLong((Work w) -> w.head().seq()).thenComparing(Work::id);

  private static final SortedSet<Work> NONE = Collections.emptySortedSet();

  /// What an operation works on; a batch works on nothing.
  private record Target(String tenant, @Nullable String workload) {
    static Target of(Work work) {
      return new Target(work.head().tenant(), work.head().workload());
    }
  }

  private final Slots slots;
  private final Consumer<Work> starter;
  private final TreeSet<Work> waiting = new TreeSet<>(ORDER);
  private final Map<String, Work> open = new HashMap<>();

  /// Open operations by what they are about, each in the order of arrival: batches have 10,000
  /// members, and nothing that is asked for each of them may look at all of them.
  private final Map<Target, SortedSet<Work>> onTarget = new HashMap<>();

  private final Map<String, SortedSet<Work>> members = new HashMap<>();
  private final Map<Target, Work> working = new HashMap<>();
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
        onTarget.computeIfAbsent(Target.of(work), _ -> new TreeSet<>(ARRIVAL)).add(work);
      }
      String parent = work.head().parent();
      if (parent != null) {
        members.computeIfAbsent(parent, _ -> new TreeSet<>(ARRIVAL)).add(work);
      }
    }
  }

  synchronized Optional<Work> find(String id) {
    return Optional.ofNullable(open.get(id));
  }

  synchronized List<Work> matching(Predicate<Head> condition) {
    return open.values().stream().filter(w -> condition.test(w.head())).sorted(ARRIVAL).toList();
  }

  /// Members of a batch that have not ended, in the order of arrival.
  synchronized List<Work> members(String batch) {
    return List.copyOf(members.getOrDefault(batch, NONE));
  }

  synchronized boolean hasMembers(String batch) {
    return members.containsKey(batch);
  }

  /// Operations on a workload, in the order of arrival.
  synchronized List<Work> all(String tenant, String workload) {
    return List.copyOf(onTarget.getOrDefault(new Target(tenant, workload), NONE));
  }

  /// The operation that works on or waits for a workload, the first of them. One that has ended is
  /// in nobody's way, even if it has not left the queue yet: its end has been told already.
  synchronized Optional<Work> on(String tenant, String workload) {
    return all(tenant, workload).stream().filter(w -> !w.head().status().ended()).findFirst();
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
        working.put(Target.of(next), next);
        String parent = next.head().parent();
        if (parent != null) {
          membersAtWork.merge(parent, 1, Integer::sum);
        }
      }
      starter.accept(next);
    }
  }

  private @Nullable Work next() {
    for (Work work : waiting) {
      if (isFirst(work) && earlierEnded(work) && batchHasRoom(work)) {
        return work;
      }
    }
    return null;
  }

  /// Behind an earlier operation of the same workload, whatever its priority.
  private boolean isFirst(Work work) {
    Target target = Target.of(work);
    return !working.containsKey(target)
        && onTarget.getOrDefault(target, NONE).headSet(work).stream().noneMatch(waiting::contains);
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
    Target target = Target.of(work);
    leave(onTarget, target, work);
    String parent = work.head().parent();
    boolean worked = working.remove(target, work);
    if (parent != null) {
      leave(members, parent, work);
      if (worked) {
        membersAtWork.computeIfPresent(parent, (_, n) -> n == 1 ? null : Integer.valueOf(n - 1));
      }
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

  private static <K> void leave(Map<K, SortedSet<Work>> index, K key, Work work) {
    index.computeIfPresent(
        key,
        (_, works) -> {
          works.remove(work);
          return works.isEmpty() ? null : works;
        });
  }
}
