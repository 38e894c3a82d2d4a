package dev.semper.server;

import dev.semper.api.FieldProblem;
import dev.semper.api.ServerHealth;
import dev.semper.api.ServerHealthDetails;
import dev.semper.api.ServerState;
import dev.semper.engine.Semper;
import dev.semper.engine.access.Role;
import dev.semper.engine.error.Problem;
import dev.semper.engine.health.HealthStatus;
import java.io.File;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// How the server itself is, for load balancers and orchestrators. What needs no token tells
/// nothing of the workloads.
final class ServerHealthRoutes {
  private static final double FULL = 99;
  private static final double NEARLY_FULL = 95;

  private final Semper semper;
  private final Path home;
  private final Instant startedAt;
  private final Clock clock;

  ServerHealthRoutes(Semper semper, Path home, Instant startedAt, Clock clock) {
    this.semper = semper;
    this.home = home;
    this.startedAt = startedAt;
    this.clock = clock;
  }

  void addTo(Routes routes) {
    routes
        .read("serverHealth", null, _ -> health())
        .read("serverHealthReady", null, _ -> ready())
        .read("serverHealthLive", null, _ -> Answer.ok(new ServerState("alive")))
        .read("serverHealthDetailed", Role.VIEWER, this::detailed);
  }

  /// @param status of each part
  /// @param reasons what speaks against those that are not healthy
  private record Findings(Map<String, HealthStatus> status, List<Problem> reasons) {
    HealthStatus worst() {
      return status.values().stream().reduce(HealthStatus.HEALTHY, Findings::worse);
    }

    private static HealthStatus worse(HealthStatus a, HealthStatus b) {
      return a.compareTo(b) >= 0 ? a : b;
    }

    void add(Problem problem, HealthStatus how) {
      status.merge(problem.path(), how, Findings::worse);
      reasons.add(problem);
    }

    int httpStatus() {
      return worst().isUp() ? 200 : 503;
    }

    Map<String, String> checks() {
      Map<String, String> checks = new TreeMap<>();
      status.forEach((part, how) -> checks.put(part, how.id()));
      return checks;
    }
  }

  private Findings look() {
    Findings findings = new Findings(new TreeMap<>(), new ArrayList<>());
    for (String part : List.of("database", "disk", "recovery")) {
      findings.status().put(part, HealthStatus.HEALTHY);
    }
    semper.troubles().forEach(trouble -> findings.add(trouble, HealthStatus.UNHEALTHY));
    disk(findings);
    if (semper.recoveries().paused()) {
      findings.add(
          new Problem("recovery", 0, "paused: no recovery begins by itself"),
          HealthStatus.DEGRADED);
    }
    return findings;
  }

  private void disk(Findings findings) {
    File disk = home.toFile();
    long total = disk.getTotalSpace();
    if (total <= 0) {
      return; // the file system does not tell
    }
    double used = 100.0 * (total - disk.getUsableSpace()) / total;
    if (used > NEARLY_FULL) {
      findings.add(
          new Problem("disk", 0, "the file system of the home is %.1f %% full".formatted(used)),
          used > FULL ? HealthStatus.UNHEALTHY : HealthStatus.DEGRADED);
    }
  }

  private Answer health() {
    Findings found = look();
    return Answer.json(
        found.httpStatus(),
        new ServerHealth(found.worst().id(), clock.instant(), found.checks()),
        Map.of());
  }

  private Answer ready() {
    boolean ready = semper.troubles().isEmpty();
    return Answer.json(ready ? 200 : 503, new ServerState(ready ? "ready" : "not_ready"), Map.of());
  }

  private Answer detailed(Call call) {
    Findings found = look();
    Instant now = clock.instant();
    List<FieldProblem> reasons = Errors.fields(found.reasons());
    Map<String, Integer> workloads = new TreeMap<>();
    for (HealthStatus status : HealthStatus.values()) {
      workloads.put(status.id(), 0);
    }
    semper
        .health()
        .list(call.tenantFilter())
        .forEach(report -> workloads.merge(report.status().id(), 1, Integer::sum));
    return Answer.json(
        found.httpStatus(),
        new ServerHealthDetails(
            found.worst().id(),
            now,
            found.checks(),
            reasons,
            Version.NAME,
            Duration.between(startedAt, now).toMillis() / 1000.0,
            workloads),
        Map.of());
  }
}
