package dev.semper.run;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What has happened so far: the state, the events, the counters. Told to the log as it happens,
/// and to the report at the end. Safe for all threads.
final class Lifecycle {
  /// Where a container is in its life.
  enum State {
    INITIALIZING,
    STARTING,
    RUNNING,
    STOPPING,
    STOPPED,
    FAILED,
    RESTARTING;

    String told() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// What happens to it.
  enum Event {
    STARTUP_INITIATED("INFO"),
    DEPENDENCIES_READY("INFO"),
    STARTUP_COMPLETED("INFO"),
    HEALTH_CHECK_PASSED("DEBUG"),
    HEALTH_CHECK_FAILED("WARNING"),
    SHUTDOWN_INITIATED("INFO"),
    SHUTDOWN_COMPLETED("INFO"),
    RESTART_INITIATED("WARNING"),
    FAILURE_DETECTED("ERROR"),
    RECOVERY_COMPLETED("INFO");

    private final String level;

    Event(String level) {
      this.level = level;
    }

    String told() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private record Happened(
      Event event, Instant at, Map<String, ?> details, @Nullable Long durationMs) {
    Map<String, @Nullable Object> told() {
      Map<String, @Nullable Object> map = new LinkedHashMap<>();
      map.put("event", event.told());
      map.put("timestamp", at.toString());
      map.put("details", details);
      map.put("duration_ms", durationMs);
      return map;
    }
  }

  private static final int KEPT = 1000;

  private final String container;
  private final String flow;
  private final Log log;
  private final long begun = System.nanoTime();
  private final Deque<Happened> events = new ArrayDeque<>();
  private State state = State.INITIALIZING;
  private @Nullable Instant startupTime;
  private @Nullable Instant lastStartup;
  private @Nullable Instant lastShutdown;
  private long runningSince;
  private long ranNanos;
  private int eventCount;
  private int startups;
  private int goodStartups;
  private int failedStartups;
  private int restarts;
  private int graceful;
  private int forced;
  private int failedChecks;
  private int checks;

  Lifecycle(String container, String flow, Log log) {
    this.container = container;
    this.flow = flow;
    this.log = log;
  }

  synchronized State state() {
    return state;
  }

  /// Moves on; the counters of start-ups and of running time follow.
  synchronized void enter(State next) {
    if (state == State.RUNNING && next != State.RUNNING) {
      ranNanos += System.nanoTime() - runningSince;
    }
    switch (next) {
      case STARTING -> {
        startups++;
        lastStartup = now();
      }
      case RUNNING -> {
        if (state != State.RUNNING) {
          goodStartups++;
          runningSince = System.nanoTime();
          startupTime = now();
        }
      }
      case FAILED -> {
        if (state == State.STARTING) {
          failedStartups++;
        }
      }
      case RESTARTING -> restarts++;
      case INITIALIZING, STOPPING, STOPPED -> {}
    }
    state = next;
  }

  /// Counts how the end went.
  synchronized void stopped(boolean inTime) {
    lastShutdown = now();
    if (inTime) {
      graceful++;
    } else {
      forced++;
    }
  }

  synchronized void checked(boolean passed) {
    checks++;
    if (!passed) {
      failedChecks++;
    }
  }

  void happened(Event event, Map<String, ?> details) {
    happened(event, null, details);
  }

  void happened(Event event, @Nullable Long durationMs, Map<String, ?> details) {
    synchronized (this) {
      eventCount++;
      events.addLast(new Happened(event, now(), details, durationMs));
      if (events.size() > KEPT) {
        events.removeFirst();
      }
    }
    log.line(event.level, event.told(), durationMs, details);
  }

  /// Something worth a line that is no event of the lifecycle.
  void say(String level, String what, Map<String, ?> details) {
    log.line(level, what, null, details);
  }

  private static Instant now() {
    return Instant.now().truncatedTo(ChronoUnit.MILLIS);
  }

  synchronized int restarts() {
    return restarts;
  }

  synchronized int failedChecks() {
    return failedChecks;
  }

  synchronized int checks() {
    return checks;
  }

  /// Seconds since this process began.
  double age() {
    return seconds(System.nanoTime() - begun);
  }

  /// Seconds for which the program has been running now; 0 if it is not.
  synchronized double uptime() {
    return state == State.RUNNING ? seconds(System.nanoTime() - runningSince) : 0;
  }

  private static double seconds(long nanos) {
    return Math.round(nanos / 1e6) / 1e3;
  }

  private static @Nullable String text(@Nullable Instant at) {
    return at == null ? null : at.toString();
  }

  /// The parts of the report that are told by what has happened.
  synchronized Map<String, @Nullable Object> report(
      Map<String, ?> restartConfig, List<? extends Map<String, ?>> dependencies) {
    Map<String, @Nullable Object> info = new LinkedHashMap<>();
    info.put("container_id", container);
    info.put("flow_name", flow);
    info.put("current_state", state.told());
    info.put("startup_time", text(startupTime));
    Map<String, @Nullable Object> report = new LinkedHashMap<>();
    report.put("report_timestamp", now().toString());
    report.put("container_info", info);
    report.put("metrics", metrics());
    report.put("restart_config", restartConfig);
    report.put("event_history", events.stream().map(Happened::told).toList());
    report.put("dependency_checks", dependencies);
    return report;
  }

  synchronized Map<String, @Nullable Object> metrics() {
    Map<String, @Nullable Object> counts = new LinkedHashMap<>();
    counts.put("startup_count", startups);
    counts.put("successful_startups", goodStartups);
    counts.put("failed_startups", failedStartups);
    counts.put("restart_count", restarts);
    counts.put("graceful_shutdowns", graceful);
    counts.put("forced_shutdowns", forced);
    counts.put("health_check_failures", failedChecks);
    counts.put(
        "total_uptime_seconds",
        seconds(ranNanos + (state == State.RUNNING ? System.nanoTime() - runningSince : 0)));
    counts.put("last_startup_time", text(lastStartup));
    counts.put("last_shutdown_time", text(lastShutdown));
    List<Happened> last = new ArrayList<>(events);
    Map<String, @Nullable Object> metrics = new LinkedHashMap<>();
    metrics.put("container_id", container);
    metrics.put("flow_name", flow);
    metrics.put("current_state", state.told());
    metrics.put("metrics", counts);
    metrics.put("current_uptime_seconds", uptime());
    metrics.put("restart_count", restarts);
    metrics.put("health_check_failures", failedChecks);
    metrics.put("event_count", eventCount);
    metrics.put(
        "last_events",
        last.subList(Math.max(0, last.size() - 10), last.size()).stream()
            .map(Happened::told)
            .toList());
    return metrics;
  }
}
