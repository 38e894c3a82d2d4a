package dev.semper.server;

import dev.semper.engine.Semper;
import dev.semper.engine.access.Role;
import dev.semper.engine.workload.Workload;
import dev.semper.spi.InstanceLog;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/// The output of instances.
final class LogRoutes {
  private static final int CHUNK = 64 << 10;
  private static final Duration WAIT = Duration.ofSeconds(10);
  private final Semper semper;

  LogRoutes(Semper semper) {
    this.semper = semper;
  }

  void addTo(Routes routes) {
    routes.read("workloadLogs", Role.VIEWER, this::logs);
  }

  private Answer logs(Call call) throws IOException {
    Workload workload = semper.workloads().get(call.tenant(), call.required("name"));
    InstanceLog log = semper.workloads().log(workload, call.number("instance", 0));
    Optional<Long> asked = call.number("position");
    long from = asked.isPresent() ? asked.get() : log.tail(call.number("lines", 50));
    long start = Math.max(from, log.start());
    boolean follow = call.flag("follow", false);
    long end = follow ? Long.MAX_VALUE : log.end();
    return new Answer.Stream(
        "text/plain; charset=utf-8",
        Map.of("Semper-Log-Position", String.valueOf(start)),
        outlet -> copy(log, start, end, follow, outlet));
  }

  /// Follows until the reader is gone or bytes have been dropped that it should have got; then it
  /// asks again and learns the new position.
  private static void copy(InstanceLog log, long start, long end, boolean follow, Outlet outlet)
      throws IOException, InterruptedException {
    long position = start;
    while (position < end) {
      InstanceLog.Chunk chunk = log.read(position, (int) Math.min(CHUNK, end - position));
      if (chunk.position() > position && follow) {
        return;
      }
      if (chunk.bytes().hasRemaining()) {
        position = chunk.next();
        outlet.write(chunk.bytes());
      } else if (!follow) {
        return;
      } else {
        log.await(position, WAIT);
      }
    }
  }
}
