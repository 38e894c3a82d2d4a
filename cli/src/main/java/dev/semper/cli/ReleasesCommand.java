package dev.semper.cli;

import dev.semper.api.Listing;
import dev.semper.api.ReleaseInfo;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    description = "Shows the specifications a workload has had, the newest first.",
    footerHeading = "%nExample:%n",
    footer = "  semper releases web --limit 5")
final class ReleasesCommand implements Action {
  private final Session session;

  @Parameters(paramLabel = "NAME", description = "Workload.")
  String name = "";

  @Mixin Limit limit = new Limit();

  ReleasesCommand(Session session) {
    this.session = session;
  }

  @Override
  public ExitStatus run() {
    Listing<ReleaseInfo> releases = session.client().releases(name, limit.most);
    Table table = Table.of("GENERATION>", "VERSION", "CREATED", "BY", "CURRENT");
    return session.list(
        releases,
        "",
        table,
        release ->
            table.row(
                Long.toString(release.generation()),
                release.version(),
                session.at(release.createdAt()),
                release.createdBy(),
                release.current() ? "yes" : ""));
  }
}
