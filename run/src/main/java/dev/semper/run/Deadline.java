package dev.semper.run;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Work that is given a time, and left behind when it is over.
final class Deadline {
  private final long end;

  private Deadline(long end) {
    this.end = end;
  }

  static Deadline in(double seconds) {
    return new Deadline(System.nanoTime() + (long) (seconds * 1e9));
  }

  /// This one, or the one in so many seconds, whichever comes first.
  Deadline orIn(double seconds) {
    Deadline other = in(seconds);
    return other.end - end < 0 ? other : this;
  }

  Deadline minus(double seconds) {
    return new Deadline(end - (long) (seconds * 1e9));
  }

  long nanosLeft() {
    return Math.max(0, end - System.nanoTime());
  }

  double secondsLeft() {
    return nanosLeft() / 1e9;
  }

  boolean isOver() {
    return nanosLeft() == 0;
  }

  /// At least one millisecond, as timeouts of sockets take 0 for never.
  int millisLeft() {
    return Math.clamp(nanosLeft() / 1_000_000, 1, Integer.MAX_VALUE);
  }

  /// Does work on a thread of its own, which is interrupted and left behind when time is over.
  ///
  /// @throws TimeoutException if it was not done in time
  <T> T within(String name, Callable<T> work) throws Exception {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                result.complete(work.call());
              } catch (Throwable e) {
                result.completeExceptionally(e);
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
    try {
      return result.get(nanosLeft(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      thread.interrupt();
      throw e;
    } catch (InterruptedException e) {
      thread.interrupt();
      throw e;
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case Exception cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> throw e;
      }
    } catch (CancellationException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Waits for it; false if time was over first.
  boolean await(CompletableFuture<?> future) throws InterruptedException {
    try {
      future.get(nanosLeft(), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException | CancellationException e) {
      return true;
    }
  }

  Duration left() {
    return Duration.ofNanos(nanosLeft());
  }
}
