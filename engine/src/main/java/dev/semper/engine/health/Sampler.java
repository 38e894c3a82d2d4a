package dev.semper.engine.health;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.health.Meter.Used;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Row;
import dev.semper.engine.store.Store;
import dev.semper.engine.workload.Workload;
import dev.semper.engine.workload.Workloads;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Looks at workloads: at each interval, and soon after one has changed. One thread does it for
/// all; samples with the same interval fall together, so that one look at the machine serves them
/// all, and one commit writes what has changed. It sleeps while nothing is due: workloads that are
/// not meant to run are looked at only when they change.
///
/// During an outage of the database it waits, because a change of status is durable before it is
/// seen; that time counts as not known.
final class Sampler implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Sampler.class);
  private static final long NEVER = Long.MAX_VALUE;
  private static final long MINUTE = Duration.ofMinutes(1).toNanos();

  /// What changes in it is looked at together, and out of the way of what is changing.
  private static final Duration GATHER = Duration.ofMillis(50);

  private static final Duration CLOSE_WITHIN = Duration.ofSeconds(2);

  /// Retention that was shortened is caught up with that many minutes at a time.
  private static final long DROP_AT_ONCE = 10;

  private final Store store;
  private final Workloads workloads;
  private final Probes probes;
  private final Meter meter;
  private final Clock clock;
  private final long retentionMinutes;
  private final Map<Key, Chart> charts = new ConcurrentSkipListMap<>();
  private final Set<Key> changed = ConcurrentHashMap.newKeySet();

  /// Workloads that are gone, but what was known of them is not.
  private final List<String> gone = new ArrayList<>();

  private final List<HealthListener> listeners = new CopyOnWriteArrayList<>();
  private final Thread thread =
      Thread.ofPlatform().daemon().name("semper-health").unstarted(this::run);
  private long nextSample = NEVER;
  private long nextMinute = NEVER;
  private volatile boolean closed;

  /// Of a workload.
  record Key(String tenant, String name) implements Comparable<Key> {
    static Key of(Workload workload) {
      return new Key(workload.tenant(), workload.name());
    }

    @Override
    public int compareTo(Key other) {
      int byTenant = tenant.compareTo(other.tenant);
      return byTenant != 0 ? byTenant : name.compareTo(other.name);
    }
  }

  /// One look to be taken.
  private record Task(Chart chart, Workload workload, boolean sample) {}

  Sampler(
      Store store, Workloads workloads, Probes probes, Path home, Clock clock, Duration retention) {
    this.store = store;
    this.workloads = workloads;
    this.probes = probes;
    this.meter = new Meter(workloads, home);
    this.clock = clock;
    this.retentionMinutes = retention.toMinutes();
  }

  Meter meter() {
    return meter;
  }

  void listen(HealthListener listener) {
    listeners.add(listener);
  }

  @Nullable Chart chart(String tenant, String name) {
    return charts.get(new Key(tenant, name));
  }

  /// A workload has changed, or is gone.
  void changed(Workload workload) {
    boolean first = changed.isEmpty();
    changed.add(Key.of(workload));
    if (first) {
      LockSupport.unpark(thread);
    }
  }

  /// Takes up what an earlier server knew, and begins.
  void start() {
    Map<String, Row.HealthStatus> known = new HashMap<>();
    store.healthStatuses().forEach(row -> known.put(row.uid(), row));
    Map<String, Outage> outages = new HashMap<>();
    store.openOutages().forEach(row -> outages.put(row.uid(), Outage.of(row)));
    for (Workload workload : workloads.list(null)) {
      Chart chart = newChart(workload, known.remove(workload.uid()));
      Outage open = outages.get(workload.uid());
      if (open != null) {
        Instant until =
            store
                .newestHealthMinute(workload.uid())
                .map(minute -> Instant.ofEpochSecond(60 * (minute + 1)))
                .orElse(open.startedAt());
        chart.resume(open, until);
      }
      charts.put(Key.of(workload), chart);
      changed.add(Key.of(workload));
    }
    gone.addAll(known.keySet());
    thread.start();
  }

  private Chart newChart(Workload workload, Row.@Nullable HealthStatus known) {
    Instant now = clock.instant();
    return known == null
        ? new Chart(workload, HealthStatus.UNKNOWN, now, now, nanos())
        : new Chart(workload, Health.status(known.status()), known.since(), now, nanos());
  }

  private long nanos() {
    return System.nanoTime();
  }

  private void run() {
    while (!closed) {
      try {
        sleep();
        turn();
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException e) {
        if (isEnd(e)) {
          LOG.info("Health is no longer looked at: {}", e.getMessage());
          return;
        }
        if (!closed) {
          LOG.error("Health could not be looked at; again in a second", e);
          LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
        }
      }
    }
  }

  /// Whether the database is closed, or not ours any more.
  private static boolean isEnd(RuntimeException failure) {
    return failure instanceof SemperException e
        && (e.code() == ErrorCode.FENCED || e.code() == ErrorCode.SHUTTING_DOWN);
  }

  private void sleep() throws InterruptedException {
    while (changed.isEmpty() && !closed) {
      long now = nanos();
      long next = Math.min(nextSample, nextMinute);
      if (next <= now) {
        return;
      }
      if (next == NEVER) {
        LockSupport.park(this);
      } else {
        LockSupport.parkNanos(this, next - now);
      }
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
    if (!closed) {
      Thread.sleep(GATHER);
    }
  }

  private void turn() throws InterruptedException {
    if (nanos() >= nextMinute) {
      endMinute();
    }
    List<Task> tasks = tasks();
    try {
      look(tasks);
    } catch (RuntimeException e) {
      tasks.forEach(task -> changed.add(Key.of(task.workload())));
      throw e;
    }
    arrange();
  }

  /// What has changed, and what is due.
  private List<Task> tasks() {
    Map<Key, Task> tasks = new LinkedHashMap<>();
    for (Key key : Set.copyOf(changed)) {
      changed.remove(key);
      Chart chart = charts.get(key);
      Optional<Workload> workload = workloads.find(key.tenant(), key.name());
      if (chart != null && workload.map(w -> !w.uid().equals(chart.uid)).orElse(true)) {
        charts.remove(key);
        gone.add(chart.uid);
      }
      workload.ifPresent(w ->
          tasks.put(key, new Task(charts.computeIfAbsent(key, _ -> newChart(w, null)), w, false)));
    }
    long now = nanos();
    charts.forEach((key, chart) -> {
      if (chart.nextSample <= now) {
        workloads
            .find(key.tenant(), key.name())
            .filter(w -> w.uid().equals(chart.uid))
            .ifPresent(w -> tasks.put(key, new Task(chart, w, true)));
      }
    });
    return List.copyOf(tasks.values());
  }

  private void look(List<Task> tasks) throws InterruptedException {
    List<Workload> asked =
        tasks.stream()
            .filter(t -> t.sample() || t.chart().isOther(t.workload()))
            .map(Task::workload)
            .toList();
    Map<String, Used> usages = asked.isEmpty() ? Map.of() : meter.usages(asked);
    Set<String> askedUids = asked.stream().map(Workload::uid).collect(Collectors.toSet());
    Map<Path, Double> disks = new HashMap<>();
    Map<Task, Chart.Finding> findings = new LinkedHashMap<>();
    Batch batch = new Batch();
    Instant now = clock.instant();
    for (Task task : tasks) {
      Workload workload = task.workload();
      Chart chart = task.chart();
      if (askedUids.contains(workload.uid())) {
        chart.load(workload, meter.load(workload, usages, disks));
      }
      Measures measures = meter.measures(workload, chart.load(), now);
      Chart.Finding finding = chart.look(workload, measures, probes(workload), task.sample(), now);
      chart.record(finding, batch);
      findings.put(task, finding);
    }
    gone.forEach(batch::dropHealth);
    store.commit(batch);
    gone.clear();
    findings.forEach((task, finding) -> take(task, finding, now));
  }

  private List<ProbeReport> probes(Workload workload) {
    List<ProbeReport> reports = new ArrayList<>();
    if (!workload.spec().probes().isEmpty()) {
      for (var instance : workload.instances()) {
        for (ProbeResult result : probes.recent(instance.incarnation())) {
          reports.add(new ProbeReport(workload.instanceName(instance), result));
        }
      }
    }
    return reports;
  }

  private void take(Task task, Chart.Finding finding, Instant now) {
    HealthStatus before = task.chart().report().status();
    task.chart().take(finding, task.sample(), now, nanos());
    HealthReport report = finding.report();
    Duration interval = task.workload().spec().health().interval();
    task.chart().nextSample = next(task, report, interval.toNanos());
    for (HealthListener listener : listeners) {
      try {
        listener.checked(report);
        if (report.status() != before) {
          listener.changed(before, report);
        }
      } catch (RuntimeException e) {
        LOG.error("A listener did not take the health of {}", report.workload(), e);
      }
    }
  }

  /// At the next whole interval, with all others that have the same, and with the alerts.
  private long next(Task task, HealthReport report, long interval) {
    boolean due = report.score() != null || report.status() != HealthStatus.UNKNOWN;
    if (!due && !task.workload().state().isMeantToRun()) {
      return NEVER;
    }
    return (Math.floorDiv(nanos(), interval) + 1) * interval;
  }

  private void arrange() {
    nextSample = charts.values().stream().mapToLong(c -> c.nextSample).min().orElse(NEVER);
    if (nextSample != NEVER && nextMinute == NEVER) {
      nextMinute = nanos() + untilNextMinute();
    }
  }

  private long untilNextMinute() {
    long intoMinute = Math.floorMod(clock.instant().toEpochMilli(), 60_000L) * 1_000_000;
    return Math.clamp(MINUTE - intoMinute, 1_000_000, MINUTE);
  }

  private void endMinute() throws InterruptedException {
    boolean known = writeMinute(Long.MAX_VALUE);
    nextMinute = known ? nanos() + untilNextMinute() : NEVER;
    Set<String> incarnations = new HashSet<>();
    workloads.list(null).forEach(w -> Meter.incarnations(w).forEach(incarnations::add));
    meter.retain(incarnations);
  }

  /// @return whether anything was known of it
  private boolean writeMinute(long patienceMillis) throws InterruptedException {
    Instant now = clock.instant();
    long cutoff = Minute.number(now) - retentionMinutes;
    // Asked first: what a failure would lose are the minutes.
    Optional<Long> oldest = store.oldestHealthMinute();
    Batch batch = new Batch();
    charts.values().forEach(c -> c.endMinute(now, nanos()).ifPresent(batch::put));
    boolean known = !batch.isEmpty();
    oldest
        .filter(minute -> minute < cutoff)
        .ifPresent(minute -> batch.dropHealthBefore(Math.min(cutoff, minute + DROP_AT_ONCE)));
    store.commit(batch, Duration.ofMillis(patienceMillis));
    return known;
  }

  /// Ends sampling and writes the minute under way.
  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    try {
      if (thread.join(CLOSE_WITHIN)) {
        writeMinute(CLOSE_WITHIN.toMillis());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (SemperException e) {
      LOG.debug("The last minute of health is not written: {}", e.getMessage());
    }
  }
}
