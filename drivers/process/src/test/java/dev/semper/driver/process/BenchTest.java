package dev.semper.driver.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.spi.Usage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Prints figures; run with `-Dtest=BenchTest -Dtest.excluded.groups=`.
@Tag("soak")
@Tag("bench")
class BenchTest {
  private static final Map<String, Object> SLEEP = Map.of("command", List.of("sleep", "1000"));
  @TempDir Path directory;

  @Test
  void latencies() throws Exception {
    try (Home home = new Home(directory)) {
      for (int warmup = 0; warmup < 200; warmup++) {
        startAndKill(home, "w" + warmup);
      }
      long[] starts = new long[300];
      long[] exits = new long[300];
      for (int i = 0; i < starts.length; i++) {
        long[] both = startAndKill(home, "m" + i);
        starts[i] = both[0];
        exits[i] = both[1];
      }
      print("start -> exec has succeeded", starts);
      print("kill -9 -> exit reported", exits);
    }
  }

  private static long[] startAndKill(Home home, String name) throws Exception {
    long before = System.nanoTime();
    String pid = home.start(name, SLEEP).handle();
    long started = System.nanoTime();
    Proc proc = java.util.Objects.requireNonNull(ProcTable.one(Integer.parseInt(pid)));
    long kill = System.nanoTime();
    Safely.signal(proc.pid(), proc.start(), Signals.KILL);
    home.exit(name);
    long exit = System.nanoTime();
    home.driver().forget(name);
    return new long[] {started - before, exit - kill};
  }

  @Test
  void burst() throws Exception {
    try (Home home = new Home(directory);
        var pool = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int round = 0; round < 5; round++) {
        List<Future<?>> starts = new ArrayList<>();
        long before = System.nanoTime();
        for (int i = 0; i < 100; i++) {
          String name = "r" + round + "-" + i;
          starts.add(pool.submit(() -> home.start(name, SLEEP)));
        }
        for (Future<?> start : starts) {
          start.get();
        }
        System.out.printf("bench: burst of 100 starts: %d ms%n", millis(before));
        before = System.nanoTime();
        for (int i = 0; i < 100; i++) {
          home.driver().signal("r" + round + "-" + i, "KILL");
        }
        for (int i = 0; i < 100; i++) {
          home.exit("r" + round + "-" + i);
        }
        System.out.printf("bench: burst of 100 kills, all reported: %d ms%n", millis(before));
      }
    }
  }

  @Test
  void manyInstances() throws Exception {
    try (Home home = new Home(directory);
        var pool = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> tasks = new ArrayList<>();
      long before = System.nanoTime();
      for (int i = 0; i < 1000; i++) {
        String name = "n" + i;
        tasks.add(pool.submit(() -> home.start(name, SLEEP)));
      }
      for (Future<?> task : tasks) {
        task.get();
      }
      System.out.printf("bench: 1,000 starts: %d ms%n", millis(before));
      for (int round = 0; round < 3; round++) {
        before = System.nanoTime();
        Usage usage = Usage.NONE;
        for (int i = 0; i < 1000; i++) {
          usage = home.driver().usage("n" + i);
        }
        assertThat(usage.processes()).isEqualTo(1);
        System.out.printf("bench: usage of 1,000 instances: %d ms%n", millis(before));
        Thread.sleep(1100); // the cache of one second has to age
      }
      Proc keeper = java.util.Objects.requireNonNull(ProcTable.one((int) home.keeper()));
      System.out.printf("bench: keeper RSS with 1,000: %d KiB%n", keeper.pages() * 4);
      before = System.nanoTime();
      home.driver().stop("n1", Home.KILL);
      System.out.printf("bench: stop of one among 1,000: %d ms%n", millis(before));
      before = System.nanoTime();
      tasks.clear();
      for (int i = 0; i < 1000; i++) {
        String name = "n" + i;
        tasks.add(pool.submit(() -> home.driver().stop(name, Home.KILL)));
      }
      for (Future<?> task : tasks) {
        task.get();
      }
      System.out.printf("bench: stop of 1,000 at once: %d ms%n", millis(before));
    }
  }

  private static long millis(long since) {
    return (System.nanoTime() - since) / 1_000_000;
  }

  private static void print(String what, long[] nanos) {
    Arrays.sort(nanos);
    System.out.printf(
        "bench: %s: p50 %d us, p99 %d us, max %d us%n",
        what,
        nanos[nanos.length / 2] / 1000,
        nanos[nanos.length * 99 / 100] / 1000,
        nanos[nanos.length - 1] / 1000);
  }
}
