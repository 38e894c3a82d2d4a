package dev.semper.bench;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/// The load of Semper's prober by a plain program: a timer for each probe and Vert.x's HTTP client
/// on one event loop. It keeps no thresholds, no history and no deadlines but the client's own, and
/// tells nobody.
///
/// Arguments: `keep` or `close` (a connection for each request, as probes have), probes, period in
/// milliseconds, seconds before, seconds measured, ports of the target. Prints one line of JSON.
final class PlainProber {
  private static final long JITTER = 20;

  /// To each port; all probes of a port share them.
  private static final int CONNECTIONS = 20;

  private final Vertx vertx =
      Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setPreferNativeTransport(false));
  private final HttpClient client;
  private final int[] ports;
  private final long period;
  private final boolean keep;
  private final Random random = new Random(1);

  // Touched by the event loop only.
  private boolean measuring;
  private long begun;
  private long answered;
  private long failed;
  private int[] late = new int[1 << 16];
  private int lateCount;

  private PlainProber(boolean keep, long periodMillis, int[] ports) {
    this.keep = keep;
    this.ports = ports;
    this.period = periodMillis;
    client =
        vertx.createHttpClient(
            new HttpClientOptions().setKeepAlive(keep).setConnectTimeout(1000),
            new PoolOptions().setHttp1MaxSize(CONNECTIONS));
  }

  public static void main(String[] args) throws InterruptedException, IOException {
    int probes = Integer.parseInt(args[1]);
    int[] ports = Arrays.stream(args, 5, args.length).mapToInt(Integer::parseInt).toArray();
    PlainProber prober = new PlainProber(args[0].equals("keep"), Long.parseLong(args[2]), ports);
    cpuNanos(); // its classes and library are loaded before the load begins
    prober.begin(probes);
    TimeUnit.SECONDS.sleep(Long.parseLong(args[3]));
    prober.vertx.runOnContext(_ -> prober.measuring = true);
    long cpu = cpuNanos();
    long from = System.nanoTime();
    TimeUnit.SECONDS.sleep(Long.parseLong(args[4]));
    prober.report((System.nanoTime() - from) / 1e9, cpuNanos() - cpu);
    System.exit(0);
  }

  private void begin(int probes) {
    vertx.runOnContext(_ -> {
      for (int i = 0; i < probes; i++) {
        int probe = i;
        long first = 1 + random.nextLong(period);
        long planned = System.nanoTime() + first * 1_000_000;
        vertx.setTimer(first, _ -> probe(probe, planned));
      }
    });
  }

  private void probe(int probe, long planned) {
    long now = System.nanoTime();
    long wait = period - period / JITTER + random.nextLong(Math.max(1, 2 * period / JITTER));
    long next = Math.max(now, planned + wait * 1_000_000);
    vertx.setTimer(Math.max(1, (next - now) / 1_000_000), _ -> probe(probe, next));
    if (measuring) {
      begun++;
      late(now - planned);
    }
    RequestOptions options =
        new RequestOptions()
            .setMethod(HttpMethod.GET)
            .setHost("127.0.0.1")
            .setPort(ports[probe % ports.length])
            .setURI("/" + probe)
            .setTimeout(1000);
    if (!keep) {
      options.putHeader("Connection", "close");
    }
    client
        .request(options)
        .compose(request -> request.send())
        .compose(response -> response.body().map(response.statusCode()))
        .onComplete(result -> {
          if (measuring && result.succeeded() && result.result() == 200) {
            answered++;
          } else if (measuring) {
            failed++;
          }
        });
  }

  private void late(long nanos) {
    if (lateCount == late.length) {
      late = Arrays.copyOf(late, 2 * late.length);
    }
    late[lateCount++] = Math.clamp(nanos / 1000, 0, Integer.MAX_VALUE);
  }

  private void report(double seconds, long cpuNanos) throws IOException {
    int[] sorted = Arrays.copyOf(late, lateCount);
    Arrays.sort(sorted);
    System.out.printf(
        Locale.ROOT,
        "{\"per_second\": %.1f, \"answered_per_second\": %.1f, \"failed\": %d,"
            + " \"lateness_p50_ms\": %.2f, \"lateness_p99_ms\": %.2f, \"cpu_percent\": %.2f,"
            + " \"rss_mb\": %.1f}%n",
        begun / seconds,
        answered / seconds,
        failed,
        at(sorted, 0.5),
        at(sorted, 0.99),
        cpuNanos / 1e7 / seconds,
        rssKilobytes() / 1024.0);
  }

  private static double at(int[] sorted, double share) {
    return sorted.length == 0 ? 0 : sorted[(int) ((sorted.length - 1) * share)] / 1000.0;
  }

  private static long rssKilobytes() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status"), StandardCharsets.US_ASCII).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElse(0);
  }

  private static long cpuNanos() {
    var system =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return system.getProcessCpuTime();
  }
}
