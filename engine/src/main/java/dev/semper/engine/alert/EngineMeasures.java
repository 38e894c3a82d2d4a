package dev.semper.engine.alert;

import dev.semper.engine.health.Health;
import dev.semper.engine.health.HealthReport;
import dev.semper.engine.health.HealthStatus;
import dev.semper.engine.health.ProbeResult;
import dev.semper.engine.health.Probes;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.State;
import dev.semper.engine.workload.Workload;
import dev.semper.engine.workload.Workloads;
import dev.semper.spi.Usage;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/// Measures from the state of workloads, their health, the results of their probes and what their
/// processes use.
final class EngineMeasures implements Measures {
  private static final int LEAST_RESULTS = 5;
  private static final int MOST_CHANGES = 1_000;
  private static final long FRESH = 1_000_000_000L;

  private record Key(String tenant, String workload) {}

  /// Of one incarnation.
  private record Processor(long at, long cpuMillis, double cores) {}

  /// Changes of health, told by the thread that samples it.
  private static final class Changes {
    private final ArrayDeque<Long> at = new ArrayDeque<>();

    synchronized void add(long now) {
      at.addLast(now);
      if (at.size() > MOST_CHANGES) {
        at.removeFirst();
      }
    }

    synchronized int since(long from) {
      return (int) at.stream().filter(t -> t - from >= 0).count();
    }
  }

  /// What the rules of one workload, judged one after the other, look at together: each is asked
  /// for once.
  private final class Look {
    private final Workload workload;
    private final long at = nanos.getAsLong();
    private @Nullable Map<String, Usage> usages;
    private @Nullable List<ProbeResult> results;

    Look(Workload workload) {
      this.workload = workload;
    }

    boolean is(Workload other) {
      return workload.equals(other) && nanos.getAsLong() - at < FRESH;
    }

    /// Of the living instances, by incarnation.
    Map<String, Usage> usages() {
      Map<String, Usage> known = usages;
      if (known == null) {
        known = new LinkedHashMap<>();
        for (Instance instance : workload.instances()) {
          if (instance.isLive()) {
            known.put(instance.incarnation(), workloads.usage(workload, instance));
          }
        }
        usages = known;
      }
      return known;
    }

    List<ProbeResult> results() {
      List<ProbeResult> known = results;
      if (known == null) {
        known = new ArrayList<>();
        for (Instance instance : workload.instances()) {
          if (instance.isLive()) {
            known.addAll(probes.recent(instance.incarnation()));
          }
        }
        results = known;
      }
      return known;
    }
  }

  private final Workloads workloads;
  private final Probes probes;
  private final Health health;
  private final LongSupplier nanos;
  private final Map<String, Processor> processors = new HashMap<>();
  private final Map<Key, Changes> changes = new ConcurrentHashMap<>();
  private @Nullable Look look;

  EngineMeasures(Workloads workloads, Probes probes, Health health, LongSupplier nanos) {
    this.workloads = workloads;
    this.probes = probes;
    this.health = health;
    this.nanos = nanos;
  }

  /// Is told each change of health; returns at once. What was or is not known is no change.
  void changed(HealthStatus from, HealthReport now) {
    if (from != HealthStatus.UNKNOWN && now.status() != HealthStatus.UNKNOWN) {
      changes
          .computeIfAbsent(new Key(now.tenant(), now.workload()), _ -> new Changes())
          .add(nanos.getAsLong());
    }
  }

  private Look look(Workload workload) {
    Look last = look;
    if (last == null || !last.is(workload)) {
      last = new Look(workload);
      look = last;
    }
    return last;
  }

  @Override
  public void retain(Collection<Workload> all) {
    Set<Key> keys = new HashSet<>();
    Set<String> incarnations = new HashSet<>();
    for (Workload workload : all) {
      keys.add(key(workload));
      workload.instances().forEach(instance -> incarnations.add(instance.incarnation()));
    }
    changes.keySet().retainAll(keys);
    processors.keySet().retainAll(incarnations);
  }

  @Override
  public OptionalDouble value(Workload workload, String measure) {
    if (measure.equals("failed")) {
      return OptionalDouble.of(workload.state() == State.ERROR ? 1 : 0);
    }
    if (!workload.state().isInService()) {
      return OptionalDouble.empty();
    }
    return switch (measure) {
      case "not_ready" ->
          OptionalDouble.of((double) Math.max(0, workload.spec().instances() - workload.ready()));
      case "ready" -> OptionalDouble.of((double) workload.ready());
      case "restarts" ->
          OptionalDouble.of(workload.instances().stream().mapToInt(Instance::restarts).sum());
      case "consecutive_failures" -> failuresInARow(workload, null);
      case "error_rate" -> health.errorPercent(workload, LEAST_RESULTS);
      case "score" -> score(workload);
      case "response_time" ->
          look(workload).results().stream().mapToDouble(r -> r.took().toNanos() / 1e6).max();
      case "cpu" -> cpu(workload);
      case "memory" -> sum(usage(workload).stream().mapToDouble(Usage::residentBytes));
      case "memory_percent" -> memoryPercent(workload);
      case "processes" -> sum(usage(workload).stream().mapToDouble(Usage::processes));
      case "open_files" ->
          usage(workload).stream().mapToDouble(Usage::openFiles).filter(n -> n >= 0).max();
      default -> throw new IllegalArgumentException("no such measure: " + measure);
    };
  }

  @Override
  public OptionalDouble failuresInARow(Workload workload, @Nullable String probe) {
    if (!workload.state().isInService()) {
      return OptionalDouble.empty();
    }
    return look(workload).results().stream()
        .filter(r -> probe == null || r.probe().equals(probe))
        .mapToDouble(ProbeResult::failures)
        .max();
  }

  @Override
  public int healthChanges(Workload workload, Duration window) {
    Changes known = changes.get(key(workload));
    return known == null ? 0 : known.since(nanos.getAsLong() - window.toNanos());
  }

  private OptionalDouble score(Workload workload) {
    Integer score = health.of(workload).score();
    return score == null ? OptionalDouble.empty() : OptionalDouble.of(score);
  }

  private List<Usage> usage(Workload workload) {
    return look(workload).usages().values().stream()
        .filter(usage -> !usage.equals(Usage.NONE))
        .toList();
  }

  private static OptionalDouble sum(DoubleStream values) {
    return values.reduce(Double::sum);
  }

  private OptionalDouble memoryPercent(Workload workload) {
    long limit = workload.spec().resources().memoryBytes();
    return limit == 0
        ? OptionalDouble.empty()
        : usage(workload).stream().mapToDouble(u -> 100.0 * u.residentBytes() / limit).max();
  }

  /// From the processor time since the last look a second ago or more.
  private OptionalDouble cpu(Workload workload) {
    OptionalDouble cores = OptionalDouble.empty();
    for (Instance instance : workload.instances()) {
      Usage usage = look(workload).usages().get(instance.incarnation());
      if (usage == null) {
        processors.remove(instance.incarnation());
        continue;
      }
      long now = nanos.getAsLong();
      Processor before = processors.get(instance.incarnation());
      if (before == null || now - before.at() >= 1_000_000_000L) {
        double used =
            before == null
                ? -1
                : Math.max(0, usage.cpuMillis() - before.cpuMillis()) * 1e6 / (now - before.at());
        before = new Processor(now, usage.cpuMillis(), used);
        processors.put(instance.incarnation(), before);
      }
      if (before.cores() >= 0) {
        cores = OptionalDouble.of(cores.orElse(0) + before.cores());
      }
    }
    return cores;
  }

  private static Key key(Workload workload) {
    return new Key(workload.tenant(), workload.name());
  }
}
