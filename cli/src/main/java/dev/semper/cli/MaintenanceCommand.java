package dev.semper.cli;

import dev.semper.api.OperationInfo;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    description = "Takes a workload out of supervision (on) or back (off); it goes on running.",
    sortOptions = false,
    footerHeading = "%nExample:%n",
    footer = "  semper maintenance on web")
final class MaintenanceCommand implements Action {
  enum Switch {
    ON,
    OFF
  }

  private final Session session;

  @Parameters(index = "0", paramLabel = "on|off", description = "Out of supervision or back.")
  Switch to = Switch.ON;

  @Parameters(index = "1", paramLabel = "NAME", description = "Workload.")
  String name = "";

  @Mixin final ActionOptions options = new ActionOptions();
  @Mixin final Waiting waiting = new Waiting();

  MaintenanceCommand(Session session) {
    this.session = session;
  }

  @Override
  public ExitStatus run() throws InterruptedException {
    String action = to == Switch.ON ? "maintenance" : "resume";
    OperationInfo operation = options.client(session).act(name, action, options.request());
    return options.dryRun ? Waiting.dryRun(session, operation) : waiting.end(session, operation);
  }
}
