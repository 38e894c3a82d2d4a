package dev.semper.engine.health;

import dev.semper.engine.health.ProbeWindow.Stats;
import dev.semper.engine.spec.HealthSpec;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.Prober;
import dev.semper.engine.workload.State;
import dev.semper.engine.workload.Workload;
import dev.semper.engine.workload.Workloads;
import dev.semper.spi.Exit;
import dev.semper.spi.Usage;
import java.io.File;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Measures workloads: what their instances use, by their drivers, and what their probes have seen.
/// Called by the sampler's thread, but for [#settled].
final class Meter {
  private static final Logger LOG = LoggerFactory.getLogger(Meter.class);

  /// A driver that takes longer has not answered.
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /// Drivers may answer with what they read a second ago.
  private static final double LEAST_SECONDS = 1.5;

  private final Workloads workloads;
  private final Path home;
  private final double cores = Runtime.getRuntime().availableProcessors();
  private final Map<String, ProbeWindow> windows = new ConcurrentHashMap<>();
  private final Map<String, Reading> readings = new HashMap<>();

  /// Kinds whose driver has not answered yet.
  private final Set<String> busy = ConcurrentHashMap.newKeySet();

  /// @param cpuPercent of one core, since the reading before; null for the first
  private record Reading(long cpuMillis, long nanos, @Nullable Double cpuPercent) {}

  /// What a driver said of an incarnation, and when.
  record Used(Usage usage, long nanos) {}

  /// What the instances of a workload put on the machine.
  record Load(
      @Nullable Double cpuPercent, @Nullable Double memoryMb, @Nullable Double diskPercent) {
    static final Load NONE = new Load(null, null, null);
  }

  Meter(Workloads workloads, Path home) {
    this.workloads = workloads;
    this.home = home;
  }

  /// A probe was checked; from the prober's thread. What it says in maintenance counts for nothing
  /// after it.
  void settled(Prober.Watch watch, ProbeResult result) {
    boolean counts =
        result.kind() == ProbeResult.Kind.PASSED || result.kind() == ProbeResult.Kind.FAILED;
    if (counts && !isInMaintenance(watch)) {
      windows
          .computeIfAbsent(watch.incarnation(), _ -> new ProbeWindow())
          .add(System.nanoTime(), result);
    }
  }

  private boolean isInMaintenance(Prober.Watch watch) {
    return workloads
        .find(watch.tenant(), watch.workload())
        .map(w -> w.state() == State.MAINTENANCE)
        .orElse(false);
  }

  /// Forgets all but these incarnations.
  void retain(Set<String> incarnations) {
    windows.keySet().retainAll(incarnations);
    readings.keySet().retainAll(incarnations);
  }

  /// Asks the drivers what all instances of some workloads use: the kinds at the same time, the
  /// instances of a kind one after the other, so that a driver can answer them from one look.
  ///
  /// @return by incarnation; without those that did not answer in time
  Map<String, Used> usages(List<Workload> asked) throws InterruptedException {
    Map<String, List<Workload>> byKind = new HashMap<>();
    for (Workload workload : asked) {
      byKind.computeIfAbsent(workload.spec().kind(), _ -> new ArrayList<>()).add(workload);
    }
    Map<String, Used> usages = new ConcurrentHashMap<>();
    byKind.keySet().removeIf(kind -> !busy.add(kind));
    CountDownLatch done = new CountDownLatch(byKind.size());
    byKind.forEach((kind, ofKind) ->
        Thread.startVirtualThread(() -> {
          try {
            ofKind.forEach(workload -> usages(workload, usages));
          } finally {
            busy.remove(kind);
            done.countDown();
          }
        }));
    if (!done.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
      LOG.warn("Drivers do not say what is used within {}: {}", PATIENCE, busy);
    }
    return usages;
  }

  private void usages(Workload workload, Map<String, Used> usages) {
    for (Instance instance : workload.instances()) {
      if (instance.phase() == Instance.Phase.RUNNING) {
        try {
          Usage usage = workloads.usage(workload, instance);
          if (usage.processes() > 0) {
            usages.put(instance.incarnation(), new Used(usage, System.nanoTime()));
          }
        } catch (RuntimeException e) {
          LOG.debug("What {} uses cannot be told: {}", instance.incarnation(), e.toString());
        }
      }
    }
  }

  /// What a workload puts on the machine, from what the drivers have just said.
  ///
  /// @param disks filled as they are looked at: many workloads share one
  Load load(Workload workload, Map<String, Used> usages, Map<Path, Double> disks) {
    Double cpu = null;
    Double memory = null;
    for (Instance instance : workload.instances()) {
      Used used = usages.get(instance.incarnation());
      if (used != null) {
        cpu = max(cpu, cpu(workload.spec(instance), instance.incarnation(), used));
        memory = max(memory, used.usage().residentBytes() / HealthSpec.MEGABYTE);
      }
    }
    return memory == null ? Load.NONE : new Load(cpu, memory, disk(workload.spec(), disks));
  }

  private static @Nullable Double max(@Nullable Double a, @Nullable Double b) {
    return a == null ? b : b == null ? a : Double.valueOf(Math.max(a, b));
  }

  private @Nullable Double cpu(WorkloadSpec spec, String incarnation, Used used) {
    Reading before = readings.get(incarnation);
    double seconds = before == null ? 0 : (used.nanos() - before.nanos()) / 1e9;
    Reading now;
    if (before == null) {
      now = new Reading(used.usage().cpuMillis(), used.nanos(), null);
    } else if (seconds < LEAST_SECONDS) {
      now = before;
    } else {
      // Children that have ended may no longer be counted.
      long millis = Math.max(0, used.usage().cpuMillis() - before.cpuMillis());
      now = new Reading(used.usage().cpuMillis(), used.nanos(), millis / 10.0 / seconds);
    }
    readings.put(incarnation, now);
    double allowed = spec.resources().cpu() > 0 ? Math.min(cores, spec.resources().cpu()) : cores;
    return now.cpuPercent() == null
        ? null
        : Double.valueOf(Math.clamp(now.cpuPercent() / allowed, 0, 100));
  }

  private @Nullable Double disk(WorkloadSpec spec, Map<Path, Double> disks) {
    Path path =
        spec.settings().get("working_dir") instanceof String directory ? Path.of(directory) : home;
    Double percent =
        disks.computeIfAbsent(
            path,
            p -> {
              File file = p.toFile();
              double total = file.getTotalSpace();
              return total > 0 ? 100 * (total - file.getUsableSpace()) / total : Double.NaN;
            });
    return percent.isNaN() ? null : percent;
  }

  /// All measures of a workload.
  Measures measures(Workload workload, Load load, Instant now) {
    String lastError = null;
    Instant youngest = null;
    int restarts = 0;
    for (Instance instance : workload.instances()) {
      restarts += instance.restarts();
      ProbeWindow window = windows.get(instance.incarnation());
      String error = window == null ? null : window.lastError();
      lastError = error != null ? error : lastError != null ? lastError : lastExit(instance);
      Instant started = instance.phase() == Instance.Phase.RUNNING ? instance.startedAt() : null;
      youngest =
          started != null && (youngest == null || started.isAfter(youngest)) ? started : youngest;
    }
    Stats stats = ProbeWindow.stats(results(workload));
    return new Measures(
        load.cpuPercent(),
        load.memoryMb(),
        load.diskPercent(),
        stats.errorPercent(),
        stats.meanMillis(),
        stats.p95Millis(),
        youngest == null || youngest.isAfter(now) ? null : Duration.between(youngest, now),
        restarts,
        lastError);
  }

  /// What the probes of the present instances have said within the window.
  int[] results(Workload workload) {
    long from = System.nanoTime() - workload.spec().health().window().toNanos();
    int[] results = {};
    for (Instance instance : workload.instances()) {
      ProbeWindow window = windows.get(instance.incarnation());
      if (window != null && instance.isLive()) {
        int[] more = window.since(from);
        results = Arrays.copyOf(results, results.length + more.length);
        System.arraycopy(more, 0, results, results.length - more.length, more.length);
      }
    }
    return results;
  }

  /// How the incarnation before ended, if that was why there is a new one.
  private static @Nullable String lastExit(Instance instance) {
    Exit exit = instance.lastExit();
    return exit == null || instance.attempts().isEmpty() ? null : "ended: " + exit;
  }

  /// What the checks of the probes of a workload's instances have taken.
  ProbeWindow.Total checks(Workload workload) {
    long checks = 0;
    double seconds = 0;
    for (Instance instance : workload.instances()) {
      ProbeWindow window = windows.get(instance.incarnation());
      ProbeWindow.Total total = window == null ? null : window.total();
      checks += total == null ? 0 : total.checks();
      seconds += total == null ? 0 : total.seconds();
    }
    return new ProbeWindow.Total(checks, seconds);
  }

  static Stream<String> incarnations(Workload workload) {
    return workload.instances().stream().map(Instance::incarnation);
  }
}
