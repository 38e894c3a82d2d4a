package dev.semper.traces;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Spans on their way to the receiver. Adding never waits; one thread sends, and sleeps while there
/// is nothing to send. Everything of OpenTelemetry is loaded by that thread, with the first span.
final class SpanQueue implements AutoCloseable {
  static final int CAPACITY = 2048;
  private static final Logger LOG = LoggerFactory.getLogger(SpanQueue.class);
  private static final int AT_ONCE = 512;
  private static final Duration GATHERING = Duration.ofSeconds(1);
  private static final Duration CLOSE_WITHIN = Duration.ofSeconds(2);

  private final BlockingQueue<Span> queue = new LinkedBlockingQueue<>(CAPACITY);
  private final LongAdder exported = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final LongAdder dropped = new LongAdder();
  private final Target target;
  private final Thread thread =
      Thread.ofPlatform().daemon().name("semper-traces").unstarted(this::run);
  private volatile boolean closed;
  private boolean failing;

  SpanQueue(Target target) {
    this.target = target;
    thread.start();
  }

  void add(Span span) {
    if (closed || !queue.offer(span)) {
      dropped.increment();
    }
  }

  SpanCounts counts() {
    return new SpanCounts(exported.sum(), failed.sum(), dropped.sum());
  }

  private void run() {
    List<Span> spans = new ArrayList<>();
    try {
      first(spans);
      if (spans.isEmpty()) {
        return;
      }
      try (Otlp otlp = new Otlp(target)) {
        while (!spans.isEmpty()) {
          gather(spans);
          send(otlp, spans);
          spans.clear();
          first(spans);
        }
      }
    } catch (RuntimeException | Error e) {
      LOG.error("No more spans are sent to {}", target, e);
    } finally {
      closed = true;
      dropped.add(queue.size());
      queue.clear();
    }
  }

  /// Waits for a span; empty if it is closed and there is none.
  private void first(List<Span> spans) {
    Span span = queue.poll();
    while (span == null && !closed) {
      try {
        span = queue.take();
      } catch (InterruptedException _) {
        span = queue.poll(); // closed: what is there is still sent
      }
    }
    if (span != null) {
      spans.add(span);
    }
  }

  /// Waits a moment for others, so that they go together.
  private void gather(List<Span> spans) {
    long deadline = System.nanoTime() + GATHERING.toNanos();
    while (spans.size() < AT_ONCE) {
      try {
        Span span =
            closed ? queue.poll() : queue.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        if (span == null) {
          return;
        }
        spans.add(span);
      } catch (InterruptedException _) {
        // closed: what is there goes at once
      }
    }
  }

  private void send(Otlp otlp, List<Span> spans) {
    boolean taken = otlp.send(spans);
    (taken ? exported : failed).add(spans.size());
    if (failing == taken) {
      failing = !taken;
      if (failing) {
        LOG.warn("{} does not take spans; they are lost until it does", target);
      } else {
        LOG.info("{} takes spans again", target);
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    try {
      thread.join(CLOSE_WITHIN);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
