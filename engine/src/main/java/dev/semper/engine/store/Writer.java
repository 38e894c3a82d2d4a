package dev.semper.engine.store;

import dev.semper.engine.error.ErrorCode;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The one thread that writes. It takes every batch that waits, writes them in one transaction and
/// makes it durable at the price of one; while it does, the next ones gather. There is no delay to
/// let more gather: a single caller pays nothing for the others.
final class Writer implements Runnable {
  static final String CLOSED =
      "Cannot write to the database: this server is shutting down; nothing was written";
  private static final Logger LOG = LoggerFactory.getLogger(Writer.class);
  private static final long FIRST_BACKOFF = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long LAST_BACKOFF = TimeUnit.SECONDS.toNanos(1);

  /// How often an idle server looks whether the database is still there and its own.
  private static final long CHECK_PERIOD = TimeUnit.SECONDS.toNanos(5);

  /// How long the end of an outage is awaited when the store is closed.
  private static final Duration CLOSING_PATIENCE = Duration.ofSeconds(5);

  private final Database database;
  private final CommitQueue queue;
  private final EventLog events;
  private final Retention retention;
  private final Thread thread;

  private volatile Head head; // written by this thread only
  private @Nullable Session session;

  /// A transaction of which only the database knows whether it was committed.
  private @Nullable Plan doubtful;

  private long backoff = FIRST_BACKOFF;
  private long nextCheck;
  private long closingSince;
  private boolean stopped;
  private volatile @Nullable String trouble;

  Writer(
      Database database,
      CommitQueue queue,
      EventLog events,
      Retention retention,
      Session session,
      Head head) {
    this.database = database;
    this.queue = queue;
    this.events = events;
    this.retention = retention;
    this.session = session;
    this.head = head;
    this.thread = Thread.ofPlatform().name("semper-store-writer").daemon().unstarted(this);
  }

  void start() {
    nextCheck = System.nanoTime() + CHECK_PERIOD;
    thread.start();
  }

  /// Why nothing can be written now.
  Optional<String> trouble() {
    return Optional.ofNullable(trouble);
  }

  /// The newest durable state.
  Head head() {
    return head;
  }

  @Override
  public void run() {
    try {
      while (!stopped) {
        turn();
      }
    } finally {
      queue.shut(ErrorCode.SHUTTING_DOWN, CLOSED); // does nothing if it is shut already
      giveUpDoubtful(ErrorCode.SHUTTING_DOWN, "this server is shutting down");
      disconnect();
    }
  }

  private void turn() {
    try {
      Session open = connected();
      if (trouble != null && !stopped) {
        write(open, Plan.empty(head));
      }
      if (!stopped) {
        work(open);
      }
    } catch (SQLException e) {
      waitOut(database.explain(e).words());
    } catch (RuntimeException | Error e) {
      LOG.error("The writer met a defect and goes on", e);
      disconnect();
      waitOut("the writer met a defect: " + e);
    }
  }

  private void work(Session open) throws SQLException {
    List<Pending> group = queue.take(untilNextChore());
    if (!group.isEmpty()) {
      write(open, Plan.of(head, group));
    } else if (queue.isClosing() && queue.isEmpty()) {
      stopped = true;
    }
    if (!stopped && session == open) {
      chores(open);
    }
  }

  private long untilNextChore() {
    long now = System.nanoTime();
    return Math.max(0, Math.min(nextCheck - now, retention.nanosToNext(now)));
  }

  private void chores(Session open) throws SQLException {
    long now = System.nanoTime();
    if (nextCheck - now <= 0) {
      nextCheck = now + CHECK_PERIOD;
      check(open);
    }
    if (!stopped && retention.nanosToNext(now) <= 0) {
      long upTo = expired(open, now);
      if (upTo > 0) {
        write(open, Plan.drop(head, upTo));
      }
    }
  }

  private void check(Session open) throws SQLException {
    Optional<String> lost = database.lost();
    if (lost.isPresent()) {
      disconnect();
      throw new SQLException(lost.get());
    }
    Head now;
    try {
      open.begin();
      now = open.head();
      open.rollback();
    } catch (SQLException e) {
      disconnect();
      throw e;
    }
    if (!now.equals(head)) {
      fenced(now);
    }
  }

  private long expired(Session open, long now) throws SQLException {
    try {
      open.begin();
      long upTo = retention.expired(open, head.event(), now);
      open.rollback();
      return upTo;
    } catch (SQLException e) {
      disconnect();
      throw e;
    }
  }

  /// Writes a plan. Its batches are answered, or back in the queue, or [#doubtful].
  private void write(Session open, Plan plan) throws SQLException {
    boolean committing = false;
    try {
      open.begin();
      if (!open.moveHead(plan.before(), plan.after())) {
        refuseAsFenced(open, plan);
        return;
      }
      plan.write(open);
      committing = true;
      open.commit();
    } catch (SQLException e) {
      failed(open, plan, committing, e, database.explain(e));
      return;
    } catch (RuntimeException | Error e) {
      failed(
          open, plan, committing, e, new Database.Failure(Database.Fault.BAD_DATA, e.toString()));
      return;
    }
    committed(plan);
  }

  private void committed(Plan plan) {
    head = plan.after();
    if (trouble != null) {
      LOG.info("The database can be written again");
      trouble = null;
    }
    backoff = FIRST_BACKOFF;
    plan.publish(events);
  }

  private void failed(
      Session open, Plan plan, boolean committing, Throwable e, Database.Failure failure)
      throws SQLException {
    if (committing) {
      doubtful = plan;
      disconnect();
      throw outage(e, failure);
    }
    undo(open);
    if (failure.fault() == Database.Fault.OUTAGE || plan.group().isEmpty()) {
      disconnect();
      queue.giveBack(plan.group(), false);
      throw outage(e, failure);
    }
    if (plan.group().size() > 1) {
      queue.giveBack(plan.group(), true);
      return;
    }
    blame(plan.group().getFirst(), e, failure);
  }

  private static SQLException outage(Throwable e, Database.Failure failure) {
    return e instanceof SQLException sql ? sql : new SQLException(failure.words(), e);
  }

  private void undo(Session open) {
    try {
      open.rollback();
    } catch (SQLException e) {
      // A dead connection has rolled back by itself.
      LOG.debug("Rollback failed: {}", e.toString());
      disconnect();
    }
  }

  private static void blame(Pending pending, Throwable e, Database.Failure failure) {
    ErrorCode code =
        failure.fault() == Database.Fault.DUPLICATE ? ErrorCode.ALREADY_EXISTS : ErrorCode.INTERNAL;
    pending.refuse(
        code, "The database refuses the change; nothing of it was written: " + failure.words(), e);
  }

  /// The open session; a new one after an outage, once it is known what became of the last
  /// transaction.
  private Session connected() throws SQLException {
    Session open = session;
    if (open != null) {
      return open;
    }
    Session fresh = Session.open(database);
    try {
      settle(fresh);
    } catch (SQLException | RuntimeException e) {
      fresh.close();
      throw e;
    }
    session = fresh;
    return fresh;
  }

  private void settle(Session fresh) throws SQLException {
    fresh.begin();
    Head now = fresh.lockHead();
    fresh.rollback();
    Plan plan = doubtful;
    if (plan != null && now.equals(plan.after())) {
      doubtful = null;
      committed(plan);
    } else if (plan != null && now.equals(plan.before())) {
      doubtful = null;
      queue.giveBack(plan.group(), false);
    } else if (!now.equals(head)) {
      fenced(now);
    }
  }

  private void refuseAsFenced(Session open, Plan plan) throws SQLException {
    Head now;
    try {
      now = open.head();
    } catch (SQLException e) {
      undo(open);
      disconnect();
      queue.giveBack(plan.group(), false);
      throw e;
    }
    undo(open);
    queue.giveBack(plan.group(), false);
    fenced(now);
  }

  /// For ever: whatever this server knows is out of date.
  private void fenced(Head now) {
    String why =
        now.epoch() == head.epoch()
            ? "the database was replaced or changed by somebody else (it is at transaction %d, this server at %d)"
                .formatted(now.commit(), head.commit())
            : "another server has taken over this database (it is number %d, this one was number %d)"
                .formatted(now.epoch(), head.epoch());
    String words = why + ": stop this server";
    LOG.error("{}: {}", database.name(), words);
    trouble = words;
    stopped = true;
    giveUpDoubtful(ErrorCode.FENCED, words);
    queue.shut(ErrorCode.FENCED, "Cannot write to the database " + database.name() + ": " + words);
  }

  private void waitOut(String words) {
    if (trouble == null) {
      LOG.warn("The database cannot be written: {}", words);
    }
    trouble = words;
    if (closingIsOverdue()) {
      stopped = true;
      return;
    }
    queue.pause(backoff);
    backoff = Math.min(LAST_BACKOFF, backoff * 2);
  }

  private boolean closingIsOverdue() {
    if (!queue.isClosing()) {
      return false;
    }
    if (queue.isEmpty() && doubtful == null) {
      return true;
    }
    long now = System.nanoTime();
    closingSince = closingSince == 0 ? now : closingSince;
    return now - closingSince > CLOSING_PATIENCE.toNanos();
  }

  private void giveUpDoubtful(ErrorCode code, String words) {
    Plan plan = doubtful;
    doubtful = null;
    if (plan != null) {
      String message =
          "The connection to the database was lost during the commit, so the change may have been written or not; now "
              + words;
      plan.group().forEach(pending -> pending.refuse(code, message, null));
    }
  }

  private void disconnect() {
    Session open = session;
    session = null;
    if (open != null) {
      open.close();
    }
  }

  /// Writes what waits and ends.
  void close() {
    queue.close();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
