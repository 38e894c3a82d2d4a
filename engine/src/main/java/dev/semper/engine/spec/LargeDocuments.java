package dev.semper.engine.spec;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// Parses large documents one after the other, on a platform thread. A document may take seconds
/// and 100 MiB; callers are virtual threads, which would keep the engine's owners off the processor
/// for as long, and many at once would exhaust the heap.
final class LargeDocuments {
  private static final int SMALL = 8 << 10;
  private static final int MOST_WAITING = 64;
  private static final ThreadPoolExecutor THREAD = thread();

  private LargeDocuments() {}

  private static ThreadPoolExecutor thread() {
    ThreadPoolExecutor executor =
        new ThreadPoolExecutor(
            1,
            1,
            10,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(MOST_WAITING),
            Thread.ofPlatform().daemon().name("large-documents").factory());
    executor.allowCoreThreadTimeOut(true);
    return executor;
  }

  /// @throws SemperException TIMEOUT if too many wait, or the caller was interrupted in the queue
  static Node parse(String text, Callable<Node> parser) {
    try {
      return text.length() <= SMALL ? parser.call() : await(THREAD.submit(parser));
    } catch (RejectedExecutionException e) {
      throw SemperException.wrap(
          ErrorCode.TIMEOUT,
          "The document was not read: %d large ones are waiting already; try again in some seconds"
              .formatted(MOST_WAITING),
          e);
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("a parser threw a checked exception", e);
    }
  }

  private static Node await(Future<Node> node) {
    try {
      return node.get();
    } catch (InterruptedException e) {
      node.cancel(true);
      Thread.currentThread().interrupt();
      throw SemperException.wrap(
          ErrorCode.TIMEOUT,
          "The document was not read in time: other large ones came first; try again later",
          e);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException failure -> throw failure;
        case Error error -> throw error;
        case null, default -> throw new IllegalStateException(e);
      }
    }
  }
}
