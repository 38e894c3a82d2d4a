package dev.semper.cli;

import dev.semper.api.HealthInfo;
import dev.semper.api.InstanceInfo;
import dev.semper.api.WorkloadInfo;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    description = "Shows what the probes of a workload say; exits with 1 if it is not healthy.",
    sortOptions = false,
    footerHeading = "%nExample:%n",
    footer = "  semper health web")
final class HealthCommand implements Action {
  private final Session session;

  @Parameters(paramLabel = "NAME", description = "Workload.")
  String name = "";

  HealthCommand(Session session) {
    this.session = session;
  }

  @Override
  public ExitStatus run() {
    WorkloadInfo workload = session.client().workload(name);
    if (session.json()) {
      Map<String, HealthInfo> byInstance = new LinkedHashMap<>();
      workload.instances().forEach(instance -> byInstance.put(instance.name(), instance.health()));
      session.json(byInstance);
    } else {
      print(workload);
    }
    return StatusCommand.health(workload).equals("healthy") ? ExitStatus.OK : ExitStatus.FAILED;
  }

  private void print(WorkloadInfo workload) {
    Terminal terminal = session.terminal();
    String health = StatusCommand.health(workload);
    terminal.say(
        workload.name()
            + ": "
            + terminal.paint(Colour.of(health), health)
            + ", "
            + workload.instancesReady()
            + " of "
            + workload.instancesWanted()
            + " ready, state "
            + workload.state());
    Table table = Table.of("INSTANCE", "PHASE", "STARTED", "READY", "LIVE", "PROBE", "SAYS");
    for (InstanceInfo instance : workload.instances()) {
      rows(table, instance);
    }
    if (!table.isEmpty()) {
      table.print(terminal);
    }
  }

  private static void rows(Table table, InstanceInfo instance) {
    HealthInfo health = instance.health();
    Map<String, String> probes = new TreeMap<>(health.probes());
    if (probes.isEmpty()) {
      probes.put("(no probes)", "");
    }
    probes.forEach((probe, says) ->
        table.row(
            instance.name(),
            instance.phase(),
            yesNo(health.started()),
            yesNo(health.ready()),
            yesNo(health.live()),
            probe,
            says));
  }

  private static String yesNo(boolean value) {
    return value ? "yes" : "no";
  }
}
