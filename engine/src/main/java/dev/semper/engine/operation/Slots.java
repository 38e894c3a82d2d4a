package dev.semper.engine.operation;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Semaphore;

/// Bounds how many operations work at once. One that only waits gives its slot away meanwhile.
final class Slots {
  /// Something that waits at most so long.
  interface Waiting<T> {
    Optional<T> upTo(Duration patience) throws InterruptedException;
  }

  private final Semaphore free;
  private final Runnable freed;

  /// @param freed is told when a slot has become free
  Slots(int slots, Runnable freed) {
    free = new Semaphore(slots, true);
    this.freed = freed;
  }

  /// Takes a slot for a new operation, unless there is none or one that has waited wants it.
  boolean tryTake() {
    return !free.hasQueuedThreads() && free.tryAcquire();
  }

  void give() {
    free.release();
    freed.run();
  }

  <T> Optional<T> whileWaiting(Work work, Duration patience, Waiting<T> waiting)
      throws InterruptedException {
    give();
    try {
      return waiting.upTo(patience);
    } finally {
      free.acquire();
      work.waitingFor("");
      freed.run(); // Who came while this one stood in line was sent away, though more may be free.
    }
  }
}
