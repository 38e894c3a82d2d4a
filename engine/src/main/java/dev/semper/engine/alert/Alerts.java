package dev.semper.engine.alert;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.health.Health;
import dev.semper.engine.health.HealthListener;
import dev.semper.engine.health.HealthReport;
import dev.semper.engine.health.HealthStatus;
import dev.semper.engine.health.Probes;
import dev.semper.engine.spec.AlertChannel;
import dev.semper.engine.spec.AlertMatch;
import dev.semper.engine.spec.AlertRule.Severity;
import dev.semper.engine.spec.AlertSettings;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Docs;
import dev.semper.engine.store.Event;
import dev.semper.engine.store.EventFilter;
import dev.semper.engine.store.Row;
import dev.semper.engine.store.Store;
import dev.semper.engine.workload.Workloads;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Alerts, silences and what is told of them. One thread looks at all rules at an interval, and at
/// those of a workload whenever something happens to it; it alone changes alerts and silences.
public final class Alerts implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Alerts.class);
  private static final int EVENTS_PER_READ = 500;
  private static final Duration CLEAN_EVERY = Duration.ofHours(1);
  private static final Duration KEPT = Duration.ofDays(90);
  private static final int MOST_LETTERS = 1_000;
  private static final Duration CLOSE_WITHIN = Duration.ofSeconds(5);

  /// What happens in it is looked at together, and out of the way of what is happening.
  private static final Duration GATHER = Duration.ofMillis(100);

  /// An alert as it stands.
  ///
  /// @param heldBy why nobody is told of it now, e.g. `silence si-…`; null if nothing holds it
  public record Standing(Alert alert, @Nullable String heldBy) {}

  /// How much was tried to be delivered since the start.
  ///
  /// @param outcome delivered, failed (and tried again) or dead
  public record Count(String channel, String outcome, long count) {}

  private record Place(String tenant, String workload) {}

  /// What the thread is asked to do.
  ///
  /// @param work null = only to look what has happened
  private record Letter(@Nullable Runnable work) {}

  private final Store store;
  private final Workloads workloads;
  private final InstantSource wall;
  private final Board board;
  private final Outbox outbox;
  private final LinkedBlockingQueue<Letter> letters = new LinkedBlockingQueue<>(MOST_LETTERS);
  private final AtomicBoolean awake = new AtomicBoolean();
  private final Map<Place, Boolean> touched = new ConcurrentHashMap<>();
  private final List<Thread> threads = new ArrayList<>();
  private volatile AlertSettings settings;
  private volatile List<Standing> open = List.of();
  private volatile List<Silence> silences = List.of();
  private volatile boolean closed;
  private long nextLook = System.nanoTime();
  private long nextClean = System.nanoTime() + CLEAN_EVERY.toNanos();

  /// @param wall for what is shown, and for silences and windows; nothing else is timed by it
  public static Alerts start(
      AlertSettings settings,
      Store store,
      Workloads workloads,
      Probes probes,
      Health health,
      InstantSource wall,
      RandomGenerator random)
      throws InterruptedException {
    EngineMeasures measures = new EngineMeasures(workloads, probes, health, System::nanoTime);
    Alerts alerts = new Alerts(settings, store, workloads, measures, wall, random);
    workloads.onChange(workload -> alerts.changed(workload.tenant(), workload.name()));
    health.listen(
        new HealthListener() {
          @Override
          public void checked(HealthReport report) {}

          @Override
          public void changed(HealthStatus from, HealthReport now) {
            measures.changed(from, now);
            alerts.changed(now.tenant(), now.workload());
          }
        });
    alerts.start();
    return alerts;
  }

  private Alerts(
      AlertSettings settings,
      Store store,
      Workloads workloads,
      Measures measures,
      InstantSource wall,
      RandomGenerator random) {
    this.settings = settings;
    this.store = store;
    this.workloads = workloads;
    this.wall = wall;
    board = new Board(settings, measures, workloads::find, wall, System::nanoTime, random);
    outbox = new Outbox(store, wall, random, Outbox.BACKOFF);
  }

  private void start() throws InterruptedException {
    if (store.alertCursor().isEmpty()) {
      // From the first start on nothing that happens is missed, whenever the server dies.
      store.commit(new Batch().put(new Row.AlertCursor(store.events().last())));
    }
    load();
    outbox.start(settings);
    threads.add(Thread.ofVirtual().name("semper-alerts").start(this::run));
    threads.add(Thread.ofVirtual().name("semper-alerts-events").start(this::follow));
  }

  private void load() {
    board.load(
        store.openAlerts().stream().map(Alerts::alert).toList(),
        store.silences().stream().map(row -> Docs.read(row.doc(), Silence.class)).toList(),
        store.lastDeliverySeq(),
        store.alertCursor().orElse(store.events().last()));
    publish();
  }

  private static Alert alert(Row.Alert row) {
    return Docs.read(row.doc(), Alert.class);
  }

  private void publish() {
    open = board.alerts();
    silences = board.silences();
  }

  /// Has its rules looked at. Events will not do for that: they can be read before the state that
  /// they tell of is shown.
  private void changed(String tenant, String workload) {
    touched.put(new Place(tenant, workload), true);
    wake();
  }

  private void wake() {
    if (awake.compareAndSet(false, true)) {
      boolean _ = letters.offer(new Letter(null)); // if there is no room it is awake anyway
    }
  }

  /// Wakes the thread when something has happened.
  private void follow() {
    long seen = board.cursor();
    try {
      while (!closed) {
        long last = store.events().await(seen, Duration.ofMinutes(10));
        if (last > seen) {
          wake();
        }
        seen = last;
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    long wait = 0;
    while (!closed) {
      try {
        Letter letter = letters.poll(wait, TimeUnit.NANOSECONDS);
        if (letter != null && letter.work() == null) {
          letter = letters.poll(GATHER.toNanos(), TimeUnit.NANOSECONDS);
        }
        if (letter != null && letter.work() != null) {
          letter.work().run();
        }
        wait = turn();
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
        return;
      } catch (SemperException e) {
        if (closed || e.code() == ErrorCode.SHUTTING_DOWN || e.code() == ErrorCode.FENCED) {
          return;
        }
        wait = afterFailure(e);
      } catch (RuntimeException e) {
        wait = afterFailure(e);
      }
    }
  }

  /// What could not be written did not happen.
  private long afterFailure(RuntimeException e) {
    LOG.error("Alerts go on from what is in the database", e);
    try {
      load();
    } catch (SemperException again) {
      LOG.warn("Alerts cannot be read: {}", again.getMessage());
    }
    return TimeUnit.SECONDS.toNanos(1);
  }

  /// Does all that is due.
  ///
  /// @return nanoseconds until something more is
  private long turn() throws InterruptedException {
    if (!settings.enabled()) {
      write();
      return TimeUnit.HOURS.toNanos(1);
    }
    awake.set(false);
    events();
    for (Place place : List.copyOf(touched.keySet())) {
      touched.remove(place);
      workloads.find(place.tenant(), place.workload()).ifPresent(board::look);
    }
    long now = System.nanoTime();
    if (nextLook - now <= 0) {
      // At whole intervals, as health does: then one look of a driver at the machine serves both.
      long interval = settings.interval().toNanos();
      nextLook = (Math.floorDiv(now, interval) + 1) * interval;
      board.look(workloads.list(null));
      board.saveCursor();
    }
    long toTell = board.tell();
    write();
    if (nextClean - now <= 0) {
      nextClean = now + CLEAN_EVERY.toNanos();
      clean();
    }
    return Math.max(0, Math.min(toTell, nextLook - System.nanoTime()));
  }

  private void events() throws InterruptedException {
    List<Event> events;
    do {
      events = store.events().read(EventFilter.ALL.after(board.cursor()), EVENTS_PER_READ);
      board.take(events);
      if (events.size() == EVENTS_PER_READ) {
        board.saveCursor();
        write();
      }
    } while (events.size() == EVENTS_PER_READ);
  }

  private void write() throws InterruptedException {
    Batch batch = board.takeBatch();
    if (!batch.isEmpty()) {
      store.commit(batch);
      outbox.wake();
    }
    publish();
  }

  private void clean() throws InterruptedException {
    Instant now = wall.instant();
    Batch batch = new Batch();
    store.alertsOverBefore(now.minus(KEPT), EVENTS_PER_READ).forEach(batch::delete);
    Outbox.expired(store, now, EVENTS_PER_READ).forEach(batch::delete);
    store.commit(batch);
  }

  /// Has something done by the thread, and waits until it is durable.
  private <T> T ask(Supplier<T> work) throws InterruptedException {
    CompletableFuture<T> answer = new CompletableFuture<>();
    Letter letter =
        new Letter(() -> {
          T done;
          try {
            done = work.get();
          } catch (SemperException e) {
            answer.completeExceptionally(e); // refused, and nothing has changed
            return;
          }
          try {
            write();
            answer.complete(done);
          } catch (RuntimeException e) {
            answer.completeExceptionally(e);
            throw e;
          } catch (InterruptedException e) {
            answer.completeExceptionally(
                new SemperException(ErrorCode.SHUTTING_DOWN, "This server is shutting down"));
            Thread.currentThread().interrupt();
          }
        });
    letters.put(letter);
    if (closed) {
      throw new SemperException(ErrorCode.SHUTTING_DOWN, "This server is shutting down");
    }
    try {
      return answer.get(30, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof SemperException known) {
        throw known;
      }
      throw SemperException.wrap(ErrorCode.INTERNAL, "Internal error: " + e.getCause(), e);
    } catch (java.util.concurrent.TimeoutException e) {
      throw SemperException.wrap(
          ErrorCode.STORE_UNAVAILABLE, "Not done in time: the database is slow or down", e);
    }
  }

  /// Goes on with other settings.
  public void reload(AlertSettings changed) throws InterruptedException {
    ask(() -> {
      settings = changed;
      board.settings(changed);
      nextLook = System.nanoTime();
      return true;
    });
    outbox.start(changed);
  }

  public AlertSettings settings() {
    return settings;
  }

  /// Alerts that are pending or fire, the worst and then the oldest first; and with `all` those
  /// that are over, newest first, at most `limit` of all. Null does not matter.
  public List<Standing> list(
      @Nullable String tenant,
      @Nullable String workload,
      Alert.@Nullable Status status,
      @Nullable Severity severity,
      boolean all,
      int limit) {
    List<Standing> found = new ArrayList<>();
    for (Standing standing : open) {
      Alert alert = standing.alert();
      boolean over = alert.status() == Alert.Status.RESOLVED;
      if (!over && fits(alert, tenant, workload, status, severity)) {
        found.add(standing);
      }
    }
    found.sort(
        Comparator.comparing((Standing s) -> s.alert().status())
            .reversed()
            .thenComparing(s -> s.alert().severity(), Comparator.reverseOrder())
            .thenComparing(s -> s.alert().since()));
    if (all || status == Alert.Status.RESOLVED) {
      for (Row.Alert row :
          store.alerts(tenant, workload, Alert.Status.RESOLVED.id(), Math.max(limit, 1))) {
        Alert alert = alert(row);
        if (fits(alert, tenant, workload, status, severity)) {
          found.add(new Standing(alert, null));
        }
      }
    }
    return found.subList(0, Math.min(limit, found.size()));
  }

  private static boolean fits(
      Alert alert,
      @Nullable String tenant,
      @Nullable String workload,
      Alert.@Nullable Status status,
      @Nullable Severity severity) {
    return (tenant == null || tenant.equals(alert.tenant()))
        && (workload == null || workload.equals(alert.workload()))
        && (status == null || status == alert.status())
        && (severity == null || severity == alert.severity());
  }

  public Optional<Standing> find(String id) {
    Optional<Standing> standing = open.stream().filter(s -> s.alert().id().equals(id)).findFirst();
    return standing.isPresent()
        ? standing
        : store.alert(id).map(row -> new Standing(alert(row), null));
  }

  /// Says that somebody looks after an alert: it is not repeated and not escalated any more.
  ///
  /// @throws SemperException PRECONDITION_FAILED if it does not fire
  public Standing acknowledge(String id, String actor, @Nullable String comment)
      throws InterruptedException {
    ask(() -> board.acknowledge(id, actor, comment));
    return find(id).orElseThrow();
  }

  /// Newest first.
  public List<Silence> silences(@Nullable String tenant) {
    return silences.stream()
        .filter(s -> tenant == null || s.tenant().equals(tenant))
        .sorted(Comparator.comparing(Silence::startsAt).reversed())
        .toList();
  }

  /// @param startsAt null = now
  /// @param key of the request: said again, it makes no other; null = none
  public Silence silence(
      String tenant,
      AlertMatch match,
      @Nullable Instant startsAt,
      Duration length,
      String comment,
      String actor,
      @Nullable String key)
      throws InterruptedException {
    return ask(() -> board.silence(tenant, match, startsAt, length, comment, actor, key));
  }

  /// @throws SemperException NOT_FOUND
  public Silence endSilence(String id, String actor) throws InterruptedException {
    return ask(() -> board.endSilence(id, actor));
  }

  /// Newest first; null does not matter.
  public List<Delivery> deliveries(
      @Nullable String tenant,
      @Nullable String channel,
      Delivery.@Nullable Status status,
      int limit) {
    return store.deliveries(tenant, channel, status == null ? null : status.id(), limit).stream()
        .map(Delivery::of)
        .toList();
  }

  public Optional<Delivery> delivery(String id) {
    return store.delivery(id).map(Delivery::of);
  }

  /// Sends a delivery that was given up, or has arrived, again.
  ///
  /// @throws SemperException NOT_FOUND, PRECONDITION_FAILED if its channel is no more
  public Delivery resend(String id) throws InterruptedException {
    Delivery delivery =
        delivery(id)
            .orElseThrow(
                () -> new SemperException(ErrorCode.NOT_FOUND, "There is no delivery " + id));
    if (delivery.status() == Delivery.Status.PENDING) {
      return delivery;
    }
    channel(delivery.channel());
    Delivery again = delivery.again(wall.instant());
    store.commit(new Batch().put(again.row()));
    outbox.wake();
    return again;
  }

  /// Sends a test to a channel, once.
  ///
  /// @return delivered, or dead with the reason
  /// @throws SemperException NOT_FOUND if there is no such channel
  public Delivery test(String channel, String tenant, String actor) throws InterruptedException {
    AlertChannel to = channel(channel);
    long seq = ask(board::nextSeq);
    Instant now = wall.instant();
    Map<String, String> labels =
        new TreeMap<>(Map.of("alertname", "test", "severity", "info", "tenant", tenant));
    Notification.Item item =
        new Notification.Item(
            "test",
            Words.fingerprint(labels),
            "firing",
            Severity.INFO,
            "test",
            tenant,
            null,
            null,
            "A test of channel " + channel + ", asked for by " + actor,
            labels,
            Map.of(),
            now,
            now,
            null,
            null);
    Notification notification =
        Notification.of(
            Board.deliveryId(now, seq),
            Notification.Reason.TEST,
            Map.of("tenant", tenant),
            now,
            List.of(item));
    return outbox.once(to, Delivery.of(seq, tenant, channel, "test", notification));
  }

  private AlertChannel channel(String name) {
    return settings.channels().stream()
        .filter(c -> c.name().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new SemperException(
                ErrorCode.NOT_FOUND,
                "There is no channel %s; known: %s"
                    .formatted(
                        name,
                        settings.channels().stream().map(AlertChannel::name).sorted().toList())));
  }

  /// Alerts that fire, by severity.
  public Map<Severity, Long> firing() {
    Map<Severity, Long> counts = new EnumMap<>(Severity.class);
    for (Severity severity : Severity.values()) {
      counts.put(severity, 0L);
    }
    for (Standing standing : open) {
      if (standing.alert().status() == Alert.Status.FIRING) {
        counts.merge(standing.alert().severity(), 1L, Long::sum);
      }
    }
    return counts;
  }

  public List<Count> counts() {
    return outbox.counts().entrySet().stream()
        .map(e -> new Count(e.getKey().channel(), e.getKey().outcome(), e.getValue().sum()))
        .toList();
  }

  /// Deliveries that wait, or that were given up, by channel.
  public Map<String, Long> deliveries(Delivery.Status status) {
    return store.deliveriesByChannel(status.id());
  }

  /// Stops looking and sending; what waits is sent by the next server.
  @Override
  public void close() {
    closed = true;
    try {
      for (Thread thread : threads) {
        thread.interrupt();
        thread.join(CLOSE_WITHIN);
      }
      outbox.close();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
