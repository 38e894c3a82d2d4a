package dev.semper.cli;

import dev.semper.api.Listing;
import dev.semper.api.ReleaseInfo;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    description = "Shows the specifications a workload has had, the newest first.",
    footerHeading = "%nExample:%n",
    footer = "  semper releases web --limit 5")
final class ReleasesCommand implements Action {
  private final Session session;

  @Parameters(paramLabel = "NAME", description = "Workload.")
  String name = "";

  @Option(
      names = {"-n", "--limit"},
      paramLabel = "N",
      defaultValue = "20",
      description = "At most N (default ${DEFAULT-VALUE}).")
  int limit;

  ReleasesCommand(Session session) {
    this.session = session;
  }

  @Override
  public ExitStatus run() {
    Listing<ReleaseInfo> releases = session.client().releases(name, limit);
    if (session.json()) {
      session.json(releases);
      return ExitStatus.OK;
    }
    Table table = Table.of("GENERATION>", "VERSION", "CREATED", "BY", "CURRENT");
    for (ReleaseInfo release : releases.items()) {
      table.row(
          Long.toString(release.generation()),
          release.version(),
          session.at(release.createdAt()),
          release.createdBy(),
          release.current() ? "yes" : "");
    }
    table.print(session.terminal());
    return ExitStatus.OK;
  }
}
