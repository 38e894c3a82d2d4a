package dev.semper.bench;

import dev.semper.driver.process.ProcessDriver;
import dev.semper.engine.spec.DriverFacts;
import dev.semper.engine.spec.SpecReader;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Store;
import dev.semper.engine.store.StoreConfig;
import dev.semper.engine.workload.Boundaries;
import dev.semper.engine.workload.Configuration;
import dev.semper.engine.workload.Desired;
import dev.semper.engine.workload.Owners;
import dev.semper.engine.workload.Prober;
import dev.semper.engine.workload.State;
import dev.semper.engine.workload.Trigger;
import dev.semper.engine.workload.Workload;
import dev.semper.engine.workload.WorkloadEvent;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/// How many state transitions a second become durable: the engine's owners on its SQLite store,
/// each workload moved to and fro by a caller of its own that waits for every answer. A transition
/// is one row of the workload and one event, committed with `synchronous = FULL`.
///
/// Arguments: an empty folder, seconds per figure. Prints one line of JSON.
final class Transitions {
  private static final String TENANT = "default";

  private final Owners owners;
  private final Store store;
  private final WorkloadSpec spec;

  private Transitions(Path folder) {
    ProcessDriver driver = new ProcessDriver();
    SpecReader reader = new SpecReader(Map.of(driver.kind(), DriverFacts.of(driver)));
    store = Store.open(StoreConfig.sqlite(folder.resolve("semper.db")));
    owners =
        new Owners(
            store,
            reader,
            Map.of(),
            new NoProber(),
            Configuration.NONE,
            folder,
            Clock.systemUTC(),
            Boundaries.NONE);
    spec = reader.readWorkload("w", Map.of("kind", driver.kind(), "command", List.of("true")));
  }

  private static final class NoProber implements Prober {
    @Override
    public void watch(Watch watch) {}

    @Override
    public void unwatch(String incarnation) {}
  }

  public static void main(String[] args) throws InterruptedException {
    Transitions bench = new Transitions(Path.of(args[0]));
    Duration time = Duration.ofSeconds(Long.parseLong(args[1]));
    List<String> figures = new ArrayList<>();
    for (int workloads : new int[] {1, 64, 1000}) {
      List<String> names = bench.make(workloads);
      bench.run(names, time.dividedBy(2));
      figures.add(bench.run(names, time));
    }
    bench.owners.close();
    bench.store.close();
    System.out.println("{" + String.join(", ", figures) + "}");
  }

  private List<String> make(int workloads) throws InterruptedException {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < workloads; i++) {
      Batch batch = new Batch();
      WorkloadSpec named = named("w" + workloads + "-" + i);
      Workload fresh = owners.prepare(TENANT, named, Desired.STOPPED, "bench", batch);
      store.commit(batch);
      owners.register(fresh);
      owners.ask(TENANT, named.name(), new WorkloadEvent.Force(State.STOPPED, "bench", ""));
      names.add(named.name());
    }
    return names;
  }

  private WorkloadSpec named(String name) {
    SpecReader reader = new SpecReader(Map.of("process", DriverFacts.of(new ProcessDriver())));
    return reader.readWorkload(name, SpecReader.write(spec));
  }

  private String run(List<String> names, Duration time) throws InterruptedException {
    long begun = System.nanoTime();
    long cpu = cpuNanos();
    long ends = begun + time.toNanos();
    LongAdder done = new LongAdder();
    List<Thread> callers = new ArrayList<>();
    for (String name : names) {
      callers.add(Thread.startVirtualThread(() -> toAndFro(name, ends, done)));
    }
    for (Thread caller : callers) {
      caller.join();
    }
    double seconds = (System.nanoTime() - begun) / 1e9;
    return String.format(
        Locale.ROOT,
        "\"%d workloads\": {\"per_second\": %.0f, \"cpu_us_each\": %.1f, \"latency_ms\": %.2f}",
        names.size(),
        done.sum() / seconds,
        (cpuNanos() - cpu) / 1e3 / done.sum(),
        1000 * names.size() * seconds / done.sum());
  }

  private void toAndFro(String name, long ends, LongAdder done) {
    try {
      while (System.nanoTime() < ends) {
        owners.ask(TENANT, name, new WorkloadEvent.Move(Trigger.DISABLE, "bench", false));
        owners.ask(TENANT, name, new WorkloadEvent.Move(Trigger.ENABLE, "bench", false));
        done.add(2);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static long cpuNanos() {
    var system =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return system.getProcessCpuTime();
  }
}
