package dev.semper.cli;

import dev.semper.api.InstanceInfo;
import dev.semper.api.InstanceUsage;
import dev.semper.api.Listing;
import dev.semper.api.ProbeInfo;
import dev.semper.api.WorkloadInfo;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    description = "Shows how workloads are; with a name, one of them and its instances.",
    sortOptions = false,
    footerHeading = "%nExamples:%n",
    footer = {"  semper status", "  semper status web --format json"})
final class StatusCommand implements Action {
  private final Session session;

  @Parameters(arity = "0..1", paramLabel = "NAME", description = "Workload.")
  @Nullable String name;

  StatusCommand(Session session) {
    this.session = session;
  }

  @Override
  public ExitStatus run() {
    if (name != null) {
      one(session.client().workload(name));
    } else {
      all(session.client().workloads());
    }
    return ExitStatus.OK;
  }

  private void all(Listing<WorkloadInfo> workloads) {
    if (session.json()) {
      session.json(workloads);
    } else if (workloads.items().isEmpty()) {
      session.terminal().say("no workloads yet; bring some in with: semper apply -f FILE");
    } else {
      table(workloads.items()).print(session.terminal());
    }
  }

  Table table(List<WorkloadInfo> workloads) {
    Table table =
        Table.of(
            "NAME",
            "KIND",
            "VERSION",
            "STATE",
            "READY",
            "HEALTH",
            "SCORE>",
            "RESTARTS>",
            "SINCE",
            "PID",
            "REASON");
    for (WorkloadInfo workload : workloads) {
      table.row(
          workload.name(),
          workload.kind(),
          workload.version(),
          workload.state(),
          workload.instancesReady() + "/" + workload.instancesWanted(),
          workload.health(),
          workload.healthScore() == null ? "" : workload.healthScore().toString(),
          Integer.toString(workload.restarts()),
          session.since(workload.stateSince()),
          pids(workload),
          workload.reason());
    }
    return table;
  }

  private static boolean up(String phase) {
    return switch (phase) {
      case "launching", "starting", "running", "backoff", "failed" -> true;
      default -> false;
    };
  }

  private static String pids(WorkloadInfo workload) {
    String pids =
        workload.instances().stream()
            .filter(instance -> !instance.phase().equals("ended"))
            .map(InstanceInfo::handle)
            .filter(handle -> handle != null)
            .limit(3)
            .collect(Collectors.joining(","));
    return workload.instances().size() > 3 ? pids + ",…" : pids;
  }

  private void one(WorkloadInfo workload) {
    if (session.json()) {
      session.json(workload);
      return;
    }
    Terminal terminal = session.terminal();
    terminal.say(
        terminal.paint(Colour.STRONG, workload.name())
            + "  "
            + workload.kind()
            + " "
            + workload.version()
            + ", generation "
            + workload.generation());
    field("State", terminal.paint(Colour.of(workload.state()), workload.state()) + since(workload));
    field("Wanted", workload.desired() + ", " + workload.instancesWanted() + " instance(s)");
    field(
        "Ready",
        workload.instancesReady()
            + "/"
            + workload.instancesWanted()
            + ", "
            + workload.health()
            + (workload.readySince() == null
                ? ""
                : " for " + session.since(workload.readySince())));
    field("Reason", workload.reason());
    field("Depends on", String.join(", ", workload.dependsOn()));
    field("Operation", workload.operationId() == null ? "" : workload.operationId());
    if (workload.refusedUntil() != null && workload.refusedUntil().isAfter(Instant.now())) {
      field("Refuses until", session.at(workload.refusedUntil()) + " (circuit breaker)");
    }
    field("Restarts", Integer.toString(workload.restarts()));
    if (workload.kind().equals("remote")) {
      watching(workload);
    }
    if (!workload.instances().isEmpty()) {
      terminal.say("");
      instances(workload).print(terminal);
    }
  }

  /// What people want to know of a machine that is only watched.
  private void watching(WorkloadInfo workload) {
    Map<String, Object> document = Objects.requireNonNullElse(workload.document(), Map.of());
    boolean watched = workload.desired().equals("running") && workload.instancesWanted() > 0;
    field("Monitoring", watched ? "enabled" : "disabled");
    if (document.get("restart") instanceof Map<?, ?> restart) {
      field("Policy", String.valueOf(restart.get("policy")));
    }
    List<ProbeInfo> checks = session.client().health(workload.name()).probes();
    if (document.get("probes") instanceof List<?> probes) {
      for (Object probe : probes) {
        if (probe instanceof Map<?, ?> facts) {
          check(facts, checks);
        }
      }
    }
    if (document.get("hooks") instanceof Map<?, ?> hooks) {
      field(
          "Hooks", hooks.keySet().stream().map(String::valueOf).collect(Collectors.joining(", ")));
    }
  }

  private void check(Map<?, ?> probe, List<ProbeInfo> checks) {
    String name = String.valueOf(probe.get("name"));
    String last =
        checks.stream()
            .filter(check -> check.name().equals(name))
            .map(check ->
                ", failures %d/%s, last %s ago: %s"
                    .formatted(
                        check.failures(),
                        probe.get("failure_threshold"),
                        session.since(check.at()),
                        check.message().isEmpty() ? check.outcome() : check.message()))
            .findFirst()
            .orElse("");
    field("Check " + name, "every " + probe.get("period") + last);
  }

  private String since(WorkloadInfo workload) {
    return " for " + session.since(workload.stateSince());
  }

  private void field(String label, String value) {
    if (!value.isEmpty()) {
      session.terminal().say(String.format("  %-14s %s", label, value));
    }
  }

  private Table instances(WorkloadInfo workload) {
    Map<String, InstanceUsage> usage =
        session.client().usage(workload.name()).instances().stream()
            .collect(
                Collectors.toMap(InstanceUsage::incarnation, Function.identity(), (a, b) -> b));
    Table table =
        Table.of(
            "INSTANCE",
            "PHASE",
            "PID",
            "PORT",
            "VERSION",
            "READY",
            "UP",
            "CPU>",
            "MEMORY>",
            "RESTARTS>",
            "LAST EXIT",
            "REASON");
    for (InstanceInfo instance : workload.instances()) {
      InstanceUsage used = usage.get(instance.incarnation());
      table.row(
          instance.name(),
          instance.phase(),
          instance.handle() == null ? "" : instance.handle(),
          instance.port() == 0 ? "" : Integer.toString(instance.port()),
          instance.version(),
          instance.health().ready() ? "yes" : "no",
          up(instance.phase()) ? session.since(instance.startedAt()) : "",
          used == null ? "" : String.format("%.1fs", used.cpuMillis() / 1000.0),
          used == null ? "" : bytes(used.residentBytes()),
          Integer.toString(instance.restarts()),
          instance.lastExit() == null ? "" : instance.lastExit().toString(),
          instance.reason());
    }
    return table;
  }

  static String bytes(long bytes) {
    if (bytes < 1 << 10) {
      return bytes + "B";
    }
    int power = (63 - Long.numberOfLeadingZeros(bytes)) / 10;
    return String.format("%.1f%ciB", bytes / Math.pow(1024, power), "KMGTPE".charAt(power - 1));
  }
}
