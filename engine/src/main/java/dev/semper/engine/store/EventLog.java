package dev.semper.engine.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Reads events. A reader asks for what comes after the last one it has seen and can wait for more:
/// the engine never waits for a reader.
///
/// The newest 10,000 are kept in memory in a ring (place: number modulo size), so that followers do
/// not touch the database. Readers take no lock: who finds another number in a place was overtaken
/// and goes on in the database.
public final class EventLog {
  private static final int RING = 10_000;
  private static final String SELECT =
      "SELECT seq, at, tenant, workload, instance, type, data, operation_id, actor FROM event";

  private final Database database;
  private final AtomicReferenceArray<@Nullable Event> ring = new AtomicReferenceArray<>(RING);
  private final Lock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private volatile long first;
  private volatile long last;
  private volatile boolean closed;

  EventLog(Database database, long first, long last) {
    this.database = database;
    this.first = first;
    this.last = last;
  }

  /// Number of the newest durable event; 0 if there is none.
  public long last() {
    return last;
  }

  /// Number of the oldest event still kept; `last() + 1` if there is none.
  public long first() {
    return first;
  }

  /// Events after `filter.after()`, oldest first.
  public List<Event> read(EventFilter filter, int limit) {
    long newest = last;
    List<Event> found = new ArrayList<>();
    for (long seq = Math.max(filter.after() + 1, first);
        seq <= newest && found.size() < limit;
        seq++) {
      Event event = remembered(seq);
      if (event == null) {
        found.addAll(stored(filter, seq, newest, "ORDER BY seq LIMIT ?", limit - found.size()));
        return found;
      }
      addIfMatches(found, filter, event);
    }
    return found;
  }

  /// The newest events that match, newest first.
  public List<Event> newest(EventFilter filter, int limit) {
    long oldest = Math.max(filter.after() + 1, first);
    List<Event> found = new ArrayList<>();
    for (long seq = last; seq >= oldest && found.size() < limit; seq--) {
      Event event = remembered(seq);
      if (event == null) {
        found.addAll(
            stored(filter, oldest, seq, "ORDER BY seq DESC LIMIT ?", limit - found.size()));
        return found;
      }
      addIfMatches(found, filter, event);
    }
    return found;
  }

  /// Waits until there is an event after `seq` (whether or not a filter matches it).
  ///
  /// @return the newest number; `seq` if the time is over or the store was closed
  public long await(long seq, Duration timeout) throws InterruptedException {
    long nanos = timeout.toNanos();
    lock.lockInterruptibly();
    try {
      while (last <= seq && !closed && nanos > 0) {
        nanos = changed.awaitNanos(nanos);
      }
      return Math.max(last, seq);
    } finally {
      lock.unlock();
    }
  }

  private @Nullable Event remembered(long seq) {
    Event event = ring.get(place(seq));
    return event != null && event.seq() == seq ? event : null;
  }

  private static int place(long seq) {
    return (int) (seq % RING);
  }

  private static void addIfMatches(List<Event> found, EventFilter filter, Event event) {
    if (matches(filter.tenant(), event.tenant())
        && matches(filter.workload(), event.workload())
        && matches(filter.instance(), event.instance())
        && matches(filter.operationId(), event.operationId())
        && matchesType(filter.type(), event.type())) {
      found.add(event);
    }
  }

  private static boolean matches(@Nullable String wanted, @Nullable String value) {
    return wanted == null || wanted.equals(value);
  }

  private static boolean matchesType(@Nullable String wanted, String type) {
    return wanted == null
        || (isPrefix(wanted) ? type.startsWith(prefix(wanted)) : wanted.equals(type));
  }

  private static boolean isPrefix(String type) {
    return type.endsWith(".*");
  }

  /// With the dot.
  private static String prefix(String type) {
    return type.substring(0, type.length() - 1);
  }

  private List<Event> stored(
      EventFilter filter, long from, long to, String orderAndLimit, int limit) {
    Query query =
        new Query(SELECT)
            .where("seq >= ? AND seq <= ?", from, to)
            .whereEqual("tenant", filter.tenant())
            .whereEqual("workload", filter.workload())
            .whereEqual("instance", filter.instance())
            .whereEqual("operation_id", filter.operationId());
    String type = filter.type();
    if (type != null && isPrefix(type)) {
      String prefix = prefix(type);
      // '/' is the character after '.'; both databases compare bytes.
      query.where("type >= ? AND type < ?", prefix, type.substring(0, type.length() - 2) + "/");
    } else {
      query.whereEqual("type", type);
    }
    return query.then(orderAndLimit, limit).list(database, EventLog::event);
  }

  private static Event event(ResultSet row) throws SQLException {
    return new Event(
        row.getLong(1),
        Micros.toInstant(row.getLong(2)),
        row.getString(3),
        row.getString(4),
        row.getString(5),
        row.getString(6),
        Collections.unmodifiableMap(Json.read(row.getString(7))),
        row.getString(8),
        row.getString(9));
  }

  /// From now on readers see these. Only the writer calls this, with durable events in order.
  void add(List<Event> events) {
    for (Event event : events) {
      ring.set(place(event.seq()), event);
    }
    if (!events.isEmpty()) {
      last = events.getLast().seq();
    }
  }

  /// Wakes those who wait for what was added.
  void wake() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /// Only the writer calls this.
  void dropped(long upTo) {
    first = upTo + 1;
  }

  /// Wakes everybody who waits.
  void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
