package dev.semper.engine.health;

import com.sun.management.OperatingSystemMXBean;
import dev.semper.engine.spec.ProbeSpec;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.Prober;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/// The cost and lateness of 1,000 HTTP probes per second, 5 % of them hanging; the target runs in
/// another process and is not counted. Arguments: which client (`sockets`, `threads` or `vertx`),
/// probes (1000), seconds measured (30), seconds before (20).
final class ProbeBench {
  private ProbeBench() {}

  static void main(String[] args) throws IOException {
    String client = args.length > 0 ? args[0] : "sockets";
    int probes = args.length > 1 ? Integer.parseInt(args[1]) : 1000;
    int seconds = args.length > 2 ? Integer.parseInt(args[2]) : 30;
    int warmUp = args.length > 3 ? Integer.parseInt(args[3]) : 20;
    Process target =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                BenchTarget.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader out = target.inputReader()) {
      String[] ports = out.readLine().split(" ");
      int good = Integer.parseInt(ports[0]);
      int hanging = Integer.parseInt(ports[1]);
      System.out.print(client + ", warm-up: ");
      measure(client, probes, warmUp, good, hanging);
      System.out.print(client + ": ");
      measure(client, probes, seconds, good, hanging);
    } finally {
      target.destroy();
    }
  }

  private static void measure(String client, int probes, int seconds, int good, int hanging) {
    LongAdder verdicts = new LongAdder();
    CommandRunner none =
        (_, _, _) -> {
          throw new IllegalStateException("no commands here");
        };
    Function<Checker, Checker> plain =
        switch (client) {
          case "sockets" -> Function.identity();
          case "threads" -> _ -> new ThreadChecker(none, Map::of);
          case "vertx" -> _ -> new VertxChecker();
          default -> throw new IllegalArgumentException("No client is called " + client);
        };
    Notices notices = (type, data) -> System.out.println(type + " " + data);
    try (Probes prober =
        new Probes(plain, none, Map::of, notices, InstantSource.system(), new Random(1))) {
      for (int i = 0; i < probes; i++) {
        prober.watch(watch("p" + i, i % 20 == 0 ? hanging : good, verdicts));
      }
      pause(Duration.ofSeconds(2));
      ProbeMetrics before = prober.metrics();
      long cpu = cpu();
      long start = System.nanoTime();
      pause(Duration.ofSeconds(seconds));
      double took = (System.nanoTime() - start) / 1e9;
      ProbeMetrics after = prober.metrics();
      System.out.printf(
          Locale.ROOT,
          "%.0f checks/s, %.1f failing/s, %.1f errors/s: %.1f %% of one core; lateness p50 %.2f ms,"
              + " p99 %.2f ms, max %.2f ms; %d MB heap used%n",
          (after.checks() - before.checks()) / took,
          (after.failures() - before.failures()) / took,
          (after.errors() - before.errors()) / took,
          (cpu() - cpu) / took / 1e7,
          after.latenessP50().toNanos() / 1e6,
          after.latenessP99().toNanos() / 1e6,
          after.latenessMax().toNanos() / 1e6,
          (Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory()) >> 20);
    }
  }

  private static Prober.Watch watch(String incarnation, int port, LongAdder verdicts) {
    ProbeSpec probe =
        new ProbeSpec(
            "http",
            ProbeSpec.Type.READINESS,
            new ProbeSpec.Http("http", "127.0.0.1", port, "/healthz", Map.of(), List.of(), null),
            Duration.ZERO,
            Duration.ofSeconds(1),
            Duration.ofMillis(900),
            3,
            1);
    Instance.Health spread = new Instance.Health(true, true, true, Map.of("http", "ok"));
    return new Prober.Watch(
        "bench",
        "bench",
        incarnation,
        "process",
        incarnation,
        port,
        List.of(probe),
        spread,
        _ -> verdicts.increment());
  }

  private static long cpu() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  private static void pause(Duration span) {
    long end = System.nanoTime() + span.toNanos();
    for (long left = span.toNanos(); left > 0; left = end - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }
}
