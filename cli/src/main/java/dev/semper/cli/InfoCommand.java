package dev.semper.cli;

import dev.semper.api.CapabilityInfo;
import dev.semper.api.FieldProblem;
import dev.semper.api.ServerInfo;
import java.time.Duration;
import picocli.CommandLine.Command;

@Command(
    description = "Shows what the server is, what it can do on its machine, and what troubles it.",
    footerHeading = "%nExample:%n",
    footer = "  semper info")
final class InfoCommand implements Action {
  private final Session session;

  InfoCommand(Session session) {
    this.session = session;
  }

  @Override
  public ExitStatus run() {
    ServerInfo info = session.client().serverInfo();
    if (session.json()) {
      session.json(info);
      return ExitStatus.OK;
    }
    Terminal terminal = session.terminal();
    terminal.say("Version    " + info.version());
    terminal.say("API        " + info.apiUrl());
    terminal.say("PID        " + info.pid());
    terminal.say("Home       " + info.home());
    terminal.say("Uptime     " + Times.span(Duration.ofSeconds((long) info.uptimeSeconds())));
    terminal.say("Workloads  " + info.workloads());
    for (FieldProblem trouble : info.troubles()) {
      terminal.say(terminal.paint(Colour.BAD, "Trouble    ") + trouble);
    }
    Table table = Table.of("KIND", "CAPABILITY", "HERE", "DETAIL");
    info.capabilities()
        .forEach((kind, capabilities) -> capabilities.forEach(c -> row(table, kind, c)));
    if (!table.isEmpty()) {
      terminal.say("");
      table.print(terminal);
    }
    return ExitStatus.OK;
  }

  private static void row(Table table, String kind, CapabilityInfo capability) {
    table.row(kind, capability.name(), capability.available() ? "yes" : "no", capability.detail());
  }
}
