package dev.semper.engine.alert;

import dev.semper.engine.error.SemperException;
import dev.semper.engine.spec.AlertChannel;
import dev.semper.engine.spec.AlertSettings;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Row;
import dev.semper.engine.store.Store;
import dev.semper.engine.webhook.Backoff;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sends deliveries, each channel on a thread of its own: one that is down holds up no other. What
/// is to be sent is in the database; in memory there is only what an attempt has failed for. At
/// least once: who dies between sending and recording it sends it again, under the same id.
final class Outbox {
  private static final Logger LOG = LoggerFactory.getLogger(Outbox.class);

  /// How many of those that wait are looked at; more wait in the database.
  private static final int PAGE = 200;

  /// A jump of the clock alone gives nothing up.
  private static final int LEAST_ATTEMPTS = 10;

  static final Backoff BACKOFF = new Backoff(Duration.ofSeconds(1), Duration.ofMinutes(5));
  private static final Duration GRACE = Duration.ofSeconds(5);

  /// @param outcome delivered, failed or dead
  record Counted(String channel, String outcome) {}

  private final Store store;
  private final InstantSource wall;
  private final RandomGenerator random;
  private final Backoff backoff;
  private final Map<Counted, LongAdder> counts = new ConcurrentHashMap<>();
  private final Map<String, Worker> workers = new TreeMap<>();
  private volatile AlertSettings settings = AlertSettings.DEFAULT;

  Outbox(Store store, InstantSource wall, RandomGenerator random, Backoff backoff) {
    this.backoff = backoff;
    this.store = store;
    this.wall = wall;
    this.random = random;
  }

  /// Sends by these channels from now on. What waits for a channel that is no more is given up.
  synchronized void start(AlertSettings changed) throws InterruptedException {
    settings = changed;
    Map<String, AlertChannel> wanted = new HashMap<>();
    changed.channels().forEach(channel -> wanted.put(channel.name(), channel));
    for (Worker worker : List.copyOf(workers.values())) {
      if (!worker.channel.equals(wanted.get(worker.channel.name()))) {
        worker.close();
        workers.remove(worker.channel.name());
      }
    }
    wanted.forEach((name, channel) ->
        workers.computeIfAbsent(
            name,
            _ -> {
              Worker worker = new Worker(channel);
              worker.start();
              return worker;
            }));
    abandonOthers();
  }

  private void abandonOthers() throws InterruptedException {
    for (String channel : store.deliveriesByChannel(Delivery.Status.PENDING.id()).keySet()) {
      if (workers.containsKey(channel)) {
        continue;
      }
      List<Row.Delivery> rows;
      do {
        rows = store.oldestDeliveries(channel, Delivery.Status.PENDING.id(), PAGE);
        Batch batch = new Batch();
        for (Row.Delivery row : rows) {
          Delivery dead =
              Delivery.of(row)
                  .dead("there is no channel " + channel + " any more", wall.instant(), false);
          died(batch, dead);
        }
        store.commit(batch);
      } while (!rows.isEmpty());
    }
  }

  /// There is something new to send.
  synchronized void wake() {
    workers.values().forEach(Worker::wake);
  }

  synchronized boolean has(String channel) {
    return workers.containsKey(channel);
  }

  Map<Counted, LongAdder> counts() {
    return counts;
  }

  /// Tries once, now, and records what came of it.
  Delivery once(AlertChannel channel, Delivery delivery) throws InterruptedException {
    Delivery ended;
    try (Sender sender = Sender.of(channel)) {
      Attempt attempt = attempt(sender, channel, delivery);
      ended =
          attempt.error() == null
              ? delivery.delivered(wall.instant())
              : delivery.dead(attempt.error(), wall.instant(), true);
    }
    count(channel.name(), ended.status().id());
    store.commit(new Batch().put(ended.row()));
    return ended;
  }

  /// @param error null = delivered
  /// @param refused whether the fault is with this one only
  private record Attempt(@Nullable String error, boolean refused) {}

  /// On a thread of its own, because nothing of it is trusted to come to an end.
  private Attempt attempt(Sender sender, AlertChannel channel, Delivery delivery)
      throws InterruptedException {
    AtomicReference<Attempt> result = new AtomicReference<>();
    Thread thread =
        Thread.startVirtualThread(() -> {
          try {
            sender.send(delivery.notification(), delivery.attempts() + 1);
            result.set(new Attempt(null, false));
          } catch (Sender.Refused e) {
            result.set(new Attempt(e.getMessage(), true));
          } catch (IOException e) {
            String words = e.getMessage();
            result.set(new Attempt(words == null ? e.toString() : words, false));
          } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
          } catch (RuntimeException | LinkageError e) {
            LOG.error("Channel {} failed by a defect", channel.name(), e);
            result.set(new Attempt("failed by a defect: " + e, false));
          }
        });
    try {
      if (!thread.join(channel.timeout().plus(GRACE))) {
        thread.interrupt();
        thread.join(GRACE);
      }
    } catch (InterruptedException e) {
      thread.interrupt();
      throw e;
    }
    Attempt attempt = result.get();
    return attempt == null ? new Attempt("not done in time", false) : attempt;
  }

  /// Less up to a fifth by chance.
  private Duration backoff(int failures) {
    long millis = backoff.after(failures).toMillis();
    return Duration.ofMillis(millis - (long) (random.nextDouble() * millis / 5));
  }

  private void count(String channel, String outcome) {
    counts.computeIfAbsent(new Counted(channel, outcome), _ -> new LongAdder()).increment();
  }

  private void died(Batch batch, Delivery dead) {
    count(dead.channel(), dead.status().id());
    batch.put(dead.row());
    event(batch, "alert.delivery_dead", dead);
    LOG.warn("Gave up {} to {}: {}", dead.id(), dead.channel(), dead.error());
  }

  private void event(Batch batch, String type, Delivery delivery) {
    batch.event(
        wall.instant(),
        delivery.tenant(),
        null,
        null,
        type,
        Map.of(
            "delivery_id",
            delivery.id(),
            "channel",
            delivery.channel(),
            "error",
            String.valueOf(delivery.error())),
        null,
        "system");
  }

  synchronized void close() throws InterruptedException {
    for (Worker worker : workers.values()) {
      worker.close();
    }
    workers.clear();
  }

  /// Sends what is for one channel.
  private final class Worker implements Runnable {
    final AlertChannel channel;
    private final Sender sender;
    private final Semaphore woken = new Semaphore(0);
    private final Thread thread;

    /// Until when a delivery is left alone.
    private final Map<String, Long> resting = new HashMap<>();

    private int failures;
    private long restsUntil = System.nanoTime();
    private volatile boolean closed;

    Worker(AlertChannel channel) {
      this.channel = channel;
      sender = Sender.of(channel);
      thread = Thread.ofVirtual().name("semper-alerts-" + channel.name()).unstarted(this);
    }

    void start() {
      thread.start();
    }

    void wake() {
      woken.release();
    }

    @Override
    public void run() {
      try (sender) {
        while (!closed) {
          turn();
        }
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }

    private void turn() throws InterruptedException {
      long wait;
      try {
        wait = work();
      } catch (SemperException e) {
        if (closed) {
          return;
        }
        LOG.warn("Channel {} waits: {}", channel.name(), e.getMessage());
        wait = TimeUnit.SECONDS.toNanos(1);
      }
      if (wait > 0) {
        boolean _ = woken.tryAcquire(wait, TimeUnit.NANOSECONDS);
        woken.drainPermits();
      }
    }

    /// Sends one.
    ///
    /// @return nanoseconds until there may be more to do
    private long work() throws InterruptedException {
      long now = System.nanoTime();
      if (restsUntil - now > 0) {
        return restsUntil - now;
      }
      List<Row.Delivery> rows =
          store.oldestDeliveries(channel.name(), Delivery.Status.PENDING.id(), PAGE);
      resting.keySet().retainAll(rows.stream().map(Row.Delivery::id).collect(Collectors.toSet()));
      Optional<Row.Delivery> next = next(rows, now);
      if (next.isEmpty()) {
        return resting.values().stream()
            .mapToLong(until -> Math.max(1, until - now))
            .min()
            .orElse(TimeUnit.HOURS.toNanos(1));
      }
      send(Delivery.of(next.get()));
      return 0;
    }

    /// The oldest that does not rest and is not behind another one of its group.
    private Optional<Row.Delivery> next(List<Row.Delivery> rows, long now) {
      Set<String> waiting = new HashSet<>();
      for (Row.Delivery row : rows) {
        Long until = resting.get(row.id());
        boolean rests = until != null && until - now > 0;
        if (!rests && !waiting.contains(row.group())) {
          return Optional.of(row);
        }
        waiting.add(row.group());
      }
      return Optional.empty();
    }

    private void send(Delivery delivery) throws InterruptedException {
      Attempt attempt = attempt(sender, channel, delivery);
      Instant at = wall.instant();
      if (attempt.error() == null) {
        count(channel.name(), "delivered");
        resting.remove(delivery.id());
        failures = 0;
        store.commit(new Batch().put(delivery.delivered(at).row()));
        return;
      }
      int tries = delivery.attempts() + 1;
      Duration pause = backoff(attempt.refused() ? tries : ++failures);
      resting.put(delivery.id(), System.nanoTime() + pause.toNanos());
      if (!attempt.refused()) {
        restsUntil = System.nanoTime() + pause.toNanos();
      }
      Duration age = Duration.between(delivery.since(), at);
      Batch batch = new Batch();
      if (tries >= LEAST_ATTEMPTS && age.compareTo(settings.giveUpAfter()) >= 0) {
        died(batch, delivery.dead(attempt.error(), at, true));
        resting.remove(delivery.id());
      } else {
        count(channel.name(), "failed");
        Delivery failed = delivery.failed(attempt.error(), at.plus(pause));
        batch.put(failed.row());
        if (tries == 1) {
          event(batch, "alert.delivery_failed", failed);
          LOG.warn(
              "{} could not be delivered to {}, it is tried again: {}",
              delivery.id(),
              channel.name(),
              attempt.error());
        }
      }
      store.commit(batch);
    }

    void close() throws InterruptedException {
      closed = true;
      thread.interrupt();
      thread.join(GRACE);
    }
  }

  /// Removes what was delivered or given up long ago.
  static List<Row> expired(Store store, Instant now, int limit) {
    List<Row> rows = new ArrayList<>();
    rows.addAll(store.deliveriesBefore("delivered", now.minus(Duration.ofDays(7)), limit));
    rows.addAll(store.deliveriesBefore("dead", now.minus(Duration.ofDays(90)), limit));
    return rows;
  }
}
