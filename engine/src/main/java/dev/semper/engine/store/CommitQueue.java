package dev.semper.engine.store;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Batches that wait for the writer. A batch is in the queue or taken by the writer; only while it
/// is in the queue can its caller withdraw it, so a withdrawn batch is never written.
final class CommitQueue {
  /// Bounds how long one transaction takes.
  private static final int MAX_GROUP = 256;

  private static final long FOR_EVER = Long.MAX_VALUE;

  private final Lock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<Pending> queue = new ArrayDeque<>();
  private boolean closing;
  private Pending.@Nullable Refused shut;

  /// @throws SemperException if nothing is accepted any more
  void add(Pending pending) {
    lock.lock();
    try {
      if (shut != null) {
        throw new SemperException(shut.code(), shut.message());
      }
      if (closing) {
        throw new SemperException(ErrorCode.SHUTTING_DOWN, Writer.CLOSED);
      }
      queue.addLast(pending);
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /// Waits for what comes of a batch. When the time is over, or the thread interrupted, the batch
  /// is withdrawn; if the writer has just taken it, its outcome is awaited first.
  ///
  /// @throws InterruptedException if interrupted and the batch was not written
  Pending.Outcome await(Pending pending, long nanos) throws InterruptedException {
    boolean interrupted = false;
    long wait = nanos;
    Pending.@Nullable Outcome outcome = null;
    while (outcome == null) {
      try {
        outcome = get(pending, wait);
      } catch (TimeoutException e) {
        wait = FOR_EVER;
        outcome = withdraw(pending);
      } catch (InterruptedException e) {
        interrupted = true;
        wait = FOR_EVER;
        outcome = withdraw(pending);
      }
    }
    if (interrupted && outcome instanceof Pending.Withdrawn) {
      throw new InterruptedException("interrupted before the batch was written");
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return outcome;
  }

  private static Pending.Outcome get(Pending pending, long nanos)
      throws InterruptedException, TimeoutException {
    try {
      return nanos == FOR_EVER
          ? pending.outcome().get()
          : pending.outcome().get(nanos, TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw new IllegalStateException("an outcome is never exceptional", e);
    }
  }

  /// @return null if the writer has it
  private Pending.@Nullable Outcome withdraw(Pending pending) {
    lock.lock();
    try {
      if (queue.remove(pending)) {
        return new Pending.Withdrawn();
      }
      pending.unwanted = true;
      return null;
    } finally {
      lock.unlock();
    }
  }

  /// Waits for batches and takes them all, in their order.
  ///
  /// @return empty when the time is over or the queue is closing
  List<Pending> take(long nanos) {
    lock.lock();
    try {
      long left = nanos;
      while (queue.isEmpty() && !closing && left > 0) {
        left = awaitNanos(left);
      }
      return poll();
    } finally {
      lock.unlock();
    }
  }

  private List<Pending> poll() {
    List<Pending> group = new ArrayList<>(queue.size());
    while (!queue.isEmpty() && group.size() < MAX_GROUP) {
      if (queue.getFirst().alone && !group.isEmpty()) {
        break;
      }
      Pending pending = queue.removeFirst();
      group.add(pending);
      if (pending.alone) {
        break;
      }
    }
    return group;
  }

  /// Puts batches that were certainly not written back to where they were.
  void giveBack(List<Pending> group, boolean alone) {
    List<Pending> unwanted = new ArrayList<>();
    lock.lock();
    try {
      for (Pending pending : group.reversed()) {
        pending.alone |= alone;
        if (pending.unwanted) {
          unwanted.add(pending);
        } else {
          queue.addFirst(pending);
        }
      }
    } finally {
      lock.unlock();
    }
    unwanted.forEach(pending -> pending.outcome().complete(new Pending.Withdrawn()));
  }

  /// Waits; less long if the queue is closing.
  void pause(long nanos) {
    lock.lock();
    try {
      long left = nanos;
      boolean wasClosing = closing;
      while (closing == wasClosing && left > 0) {
        left = awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /// The writer belongs to the store: nobody interrupts it but by mistake.
  @SuppressWarnings("WaitNotInLoop")
  private long awaitNanos(long nanos) {
    try {
      return changed.awaitNanos(nanos);
    } catch (InterruptedException e) {
      return nanos;
    }
  }

  /// Accepts no more; what is there will still be written.
  void close() {
    lock.lock();
    try {
      closing = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  boolean isClosing() {
    lock.lock();
    try {
      return closing;
    } finally {
      lock.unlock();
    }
  }

  boolean isEmpty() {
    lock.lock();
    try {
      return queue.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /// Refuses everything that waits and everything that will come; the first reason stays.
  void shut(ErrorCode code, String message) {
    List<Pending> refused;
    lock.lock();
    try {
      if (shut == null) {
        shut = new Pending.Refused(code, message, null);
      }
      refused = List.copyOf(queue);
      queue.clear();
    } finally {
      lock.unlock();
    }
    refused.forEach(pending -> pending.refuse(code, message, null));
  }
}
