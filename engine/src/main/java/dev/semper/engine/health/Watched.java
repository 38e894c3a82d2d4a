package dev.semper.engine.health;

import dev.semper.engine.workload.Prober.Watch;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One incarnation under watch, with the gate its startup probes keep. Touched by the scheduler's
/// thread only, except for the results.
final class Watched {
  final long since;
  private Watch watch;
  private boolean started;
  private volatile List<Worker> workers = List.of();

  Watched(Watch watch, long since) {
    this.watch = watch;
    this.since = since;
    this.started = watch.known().started();
  }

  Watch watch() {
    return watch;
  }

  List<Worker> workers() {
    return workers;
  }

  void change(Watch newer, List<Worker> newWorkers) {
    watch = newer;
    workers = List.copyOf(newWorkers);
    started |= newer.known().started();
  }

  @Nullable Worker worker(String probe) {
    for (Worker worker : workers) {
      if (worker.spec.name().equals(probe)) {
        return worker;
      }
    }
    return null;
  }

  /// A startup probe has passed: open the gate if it was the last one.
  void startupPassed() {
    started |= allStartupPassed();
  }

  private boolean allStartupPassed() {
    return workers.stream()
        .filter(Worker::isStartup)
        .allMatch(worker -> Boolean.TRUE.equals(worker.told));
  }

  /// Whether this probe is to be checked at all now.
  boolean wants(Worker worker) {
    if (worker.done || !workers.contains(worker)) {
      return false;
    }
    return worker.isStartup() != isOpen();
  }

  private boolean isOpen() {
    return started || allStartupPassed();
  }

  List<ProbeResult> results() {
    List<ProbeResult> results = new ArrayList<>();
    for (Worker worker : workers) {
      ProbeResult last = worker.last();
      if (last != null) {
        results.add(last);
      }
    }
    return results;
  }
}
