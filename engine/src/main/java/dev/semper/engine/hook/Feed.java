package dev.semper.engine.hook;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.store.Event;
import dev.semper.engine.store.EventFilter;
import dev.semper.engine.store.EventLog;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Reads the events, in order and each once, and hands them on. Where it is to begin after a crash
/// is for its reader to remember.
final class Feed {
  private static final Logger LOG = LoggerFactory.getLogger(Feed.class);
  private static final int PAGE = 500;
  private static final Duration LONG = Duration.ofHours(1);

  /// Takes events.
  interface Reader {
    /// @param last number of the last one looked at
    void take(List<Event> events, long last) throws InterruptedException;
  }

  private final EventLog log;
  private final Reader reader;
  private final Thread thread;
  private long at;

  /// @param after the first event is the one after it
  Feed(EventLog log, long after, Reader reader) {
    this.log = log;
    this.at = after;
    this.reader = reader;
    this.thread = Thread.ofVirtual().name("hooks-feed").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  private void run() {
    try {
      while (true) {
        List<Event> events = log.read(EventFilter.ALL.after(at()), PAGE);
        if (events.isEmpty()) {
          log.await(at(), LONG);
          if (Thread.interrupted()) {
            return;
          }
          continue;
        }
        long last = events.getLast().seq();
        take(events, last);
        moveTo(last);
      }
    } catch (InterruptedException _) {
      // The server is closing; the next one goes on where this one was.
    } catch (SemperException e) {
      if (e.code() != ErrorCode.SHUTTING_DOWN) {
        LOG.error("No more hooks become due: {}", e.getMessage());
      }
    }
  }

  /// A defect met with some events must not keep the next ones from being heard.
  private void take(List<Event> events, long last) throws InterruptedException {
    try {
      reader.take(events, last);
    } catch (SemperException e) {
      throw e; // The database is no longer ours.
    } catch (RuntimeException e) {
      LOG.error("Events up to {} brought no hooks about", last, e);
    }
  }

  private synchronized long at() {
    return at;
  }

  private synchronized void moveTo(long seq) {
    at = seq;
    notifyAll();
  }

  /// Waits until all events there are now have been taken.
  void catchUp() throws InterruptedException {
    long last = log.last();
    synchronized (this) {
      while (at < last && thread.isAlive()) {
        wait(1000);
      }
    }
  }

  void close() throws InterruptedException {
    thread.interrupt();
    thread.join(Duration.ofSeconds(5));
  }
}
