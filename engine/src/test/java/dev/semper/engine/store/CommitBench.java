package dev.semper.engine.store;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReferenceArray;

/// Prints how fast commits are: `java … dev.semper.engine.store.CommitBench [jdbc-url] [seconds]`.
/// A batch is what a restart writes: a workload of 1 KB, an instance, two events.
final class CommitBench {
  private static final String DOC = "{\"spec\":\"" + "x".repeat(1_000) + "\"}";

  private CommitBench() {}

  public static void main(String[] args) throws Exception {
    Path directory = Files.createTempDirectory(Path.of("/var/tmp"), "semper-bench");
    String url = args.length > 0 ? args[0] : "jdbc:sqlite:" + directory.resolve("semper.db");
    int seconds = args.length > 1 ? Integer.parseInt(args[1]) : 5;
    StoreConfig config = new StoreConfig(url, "postgres", null, 90);
    for (String kind : List.of("open, new database", "open again")) {
      long start = System.nanoTime();
      Store.open(config).close();
      System.out.printf(
          Locale.ROOT, "%s + close: %.0f ms%n", kind, (System.nanoTime() - start) / 1e6);
    }
    try (Store store = Store.open(config)) {
      run("warm-up", store, 64, 3, true);
      run("1 caller", store, 1, seconds, true);
      run("64 callers, virtual", store, 64, seconds, true);
      run("64 callers, platform", store, 64, seconds, false);
      run("1 caller", store, 1, seconds, true);
    }
  }

  private static void run(String name, Store store, int callers, int seconds, boolean virtual)
      throws InterruptedException {
    long begin = System.nanoTime();
    long end = begin + seconds * 1_000_000_000L;
    AtomicReferenceArray<List<Long>> latencies = new AtomicReferenceArray<>(callers);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < callers; i++) {
      int caller = i;
      Runnable work = () -> latencies.set(caller, commits(store, caller, end));
      threads.add(virtual ? Thread.startVirtualThread(work) : Thread.ofPlatform().start(work));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    List<Long> all = new ArrayList<>();
    for (int i = 0; i < callers; i++) {
      all.addAll(latencies.get(i));
    }
    long[] sorted = all.stream().mapToLong(Long::longValue).toArray();
    Arrays.sort(sorted);
    System.out.printf(
        Locale.ROOT,
        "%s: %,.0f commits/s; p50 %.2f ms, p99 %.2f ms, max %.1f ms%n",
        name,
        sorted.length / ((System.nanoTime() - begin) / 1e9),
        sorted[sorted.length / 2] / 1e6,
        sorted[sorted.length * 99 / 100] / 1e6,
        sorted[sorted.length - 1] / 1e6);
  }

  private static List<Long> commits(Store store, int caller, long end) {
    List<Long> latencies = new ArrayList<>();
    String name = "w" + caller;
    for (int n = 0; System.nanoTime() < end; n++) {
      Batch batch = batch(name, n);
      long start = System.nanoTime();
      try {
        store.commit(batch);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      latencies.add(System.nanoTime() - start);
    }
    return latencies;
  }

  private static Batch batch(String name, int n) {
    Instant now = Instant.now();
    return new Batch()
        .put(new Row.Workload("default", name, DOC))
        .put(new Row.Instance(name + "-0", "default", name, "{\"pid\":" + n + "}"))
        .event(
            now, "default", name, name + "-0", "instance.exited", Map.of("code", 1), null, "system")
        .event(
            now,
            "default",
            name,
            name + "-0",
            "instance.started",
            Map.of("pid", n),
            null,
            "system");
  }
}
