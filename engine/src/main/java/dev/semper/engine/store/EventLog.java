package dev.semper.engine.store;

import java.time.Duration;
import java.util.List;

/// Reads events. A reader asks for what comes after the last one it has seen and can wait for more:
/// the engine never waits for a reader.
public final class EventLog {
  /// Number of the newest durable event; 0 if there is none.
  public long last() {
    throw new UnsupportedOperationException();
  }

  /// Number of the oldest event still kept; `last() + 1` if there is none.
  public long first() {
    throw new UnsupportedOperationException();
  }

  /// Events after `filter.after()`, oldest first.
  public List<Event> read(EventFilter filter, int limit) {
    throw new UnsupportedOperationException();
  }

  /// The newest events that match, newest first.
  public List<Event> newest(EventFilter filter, int limit) {
    throw new UnsupportedOperationException();
  }

  /// Waits until there is an event after `seq` (whether or not a filter matches it).
  ///
  /// @return the newest number; `seq` if the time is over
  public long await(long seq, Duration timeout) throws InterruptedException {
    throw new UnsupportedOperationException();
  }
}
