package dev.semper.engine.hook;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Does things one after the other in each lane, and lanes beside each other. A lane has a thread
/// while there is something to do in it.
final class Lanes {
  /// What is done; ends early if interrupted.
  interface Job {
    void run() throws InterruptedException;
  }

  private static final Logger LOG = LoggerFactory.getLogger(Lanes.class);

  private final Map<String, Deque<Job>> lanes = new HashMap<>();
  private final List<Thread> threads = new ArrayList<>();
  private boolean closed;

  synchronized void add(String lane, Job job) {
    if (closed) {
      return;
    }
    Deque<Job> waiting = lanes.get(lane);
    if (waiting != null) {
      waiting.add(job);
      return;
    }
    lanes.put(lane, new ArrayDeque<>(List.of(job)));
    Thread thread = Thread.ofVirtual().name("hooks-" + lane).unstarted(() -> run(lane));
    threads.add(thread);
    thread.start();
  }

  synchronized int waiting(String lane) {
    Deque<Job> jobs = lanes.get(lane);
    return jobs == null ? 0 : jobs.size();
  }

  private void run(String lane) {
    try {
      for (Optional<Job> job = next(lane); job.isPresent(); job = next(lane)) {
        guarded(lane, job.get());
      }
    } catch (InterruptedException _) {
      // The server is closing: what is open is done by the next one.
    } finally {
      gone();
    }
  }

  private static void guarded(String lane, Job job) throws InterruptedException {
    try {
      job.run();
    } catch (RuntimeException e) {
      LOG.error("What was to be done for {} failed", lane, e);
    }
  }

  private synchronized Optional<Job> next(String lane) {
    Deque<Job> waiting = lanes.get(lane);
    Job job = closed || waiting == null ? null : waiting.poll();
    if (job == null) {
      lanes.remove(lane);
    }
    return Optional.ofNullable(job);
  }

  private synchronized void gone() {
    threads.remove(Thread.currentThread());
  }

  /// Interrupts what is under way and does nothing more.
  void close() throws InterruptedException {
    List<Thread> last;
    synchronized (this) {
      closed = true;
      last = List.copyOf(threads);
    }
    last.forEach(Thread::interrupt);
    for (Thread thread : last) {
      thread.join(Duration.ofSeconds(5));
    }
  }
}
