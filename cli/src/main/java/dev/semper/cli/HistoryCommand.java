package dev.semper.cli;

import dev.semper.api.HistoryEntry;
import dev.semper.api.Listing;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    description = "Shows the last changes of a workload's state, the newest first.",
    footerHeading = "%nExample:%n",
    footer = "  semper history web")
final class HistoryCommand implements Action {
  private final Session session;

  @Parameters(paramLabel = "NAME", description = "Workload.")
  String name = "";

  HistoryCommand(Session session) {
    this.session = session;
  }

  @Override
  public ExitStatus run() {
    Listing<HistoryEntry> history = session.client().history(name);
    if (session.json()) {
      session.json(history);
      return ExitStatus.OK;
    }
    Table table = Table.of("TIME", "FROM", "TRIGGER", "TO", "BY", "OPERATION", "REASON");
    for (HistoryEntry entry : history.items()) {
      table.row(
          session.at(entry.at()),
          entry.from(),
          entry.trigger(),
          entry.to(),
          entry.actor(),
          entry.operationId() == null ? "" : entry.operationId(),
          entry.reason());
    }
    table.print(session.terminal());
    return ExitStatus.OK;
  }
}
