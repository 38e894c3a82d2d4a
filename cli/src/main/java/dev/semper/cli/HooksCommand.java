package dev.semper.cli;

import dev.semper.api.HookRunInfo;
import dev.semper.api.Listing;
import java.time.Duration;
import java.util.Objects;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    description = "Shows the last runs of a workload's hooks, the newest first.",
    sortOptions = false,
    footerHeading = "%nExamples:%n",
    footer = {"  semper hooks web", "  semper hooks web --output -n 1"})
final class HooksCommand implements Action {
  private final Session session;

  @Parameters(paramLabel = "NAME", description = "Workload.")
  String name = "";

  @Mixin Limit limit = new Limit();

  @Option(names = "--output", description = "With the end of what they have written.")
  boolean output;

  HooksCommand(Session session) {
    this.session = session;
  }

  @Override
  public ExitStatus run() {
    Listing<HookRunInfo> runs = session.client().hookRuns(name, limit.most);
    if (session.json()) {
      session.json(runs);
    } else if (output) {
      runs.items().forEach(this::whole);
    } else {
      table(runs);
    }
    return ExitStatus.OK;
  }

  private void table(Listing<HookRunInfo> runs) {
    Table table =
        Table.of("TIME", "HOOK", "INSTANCE", "STATUS", "EXIT>", "TOOK>", "REASON", "ERROR");
    for (HookRunInfo run : runs.items()) {
      table.row(
          session.at(run.timestamp()),
          run.hookType(),
          Objects.requireNonNullElse(run.instance(), ""),
          session.terminal().paint(Colour.of(run.status()), run.status()),
          exit(run),
          took(run),
          run.reason(),
          Objects.requireNonNullElse(run.errorMessage(), ""));
    }
    table.print(session.terminal());
  }

  private void whole(HookRunInfo run) {
    Terminal terminal = session.terminal();
    terminal.say(
        "%s  %s  %s  %s"
            .formatted(session.at(run.timestamp()), run.hookType(), run.status(), run.delivery()));
    run.stdout().lines().forEach(line -> terminal.say("  out: " + line));
    run.stderr().lines().forEach(line -> terminal.say("  err: " + line));
  }

  private static String exit(HookRunInfo run) {
    Integer code = run.exitCode() == null ? run.httpStatus() : run.exitCode();
    return code == null ? "" : code.toString();
  }

  private static String took(HookRunInfo run) {
    return run.startedAt() == null || run.endedAt() == null
        ? ""
        : Times.span(Duration.between(run.startedAt(), run.endedAt()));
  }
}
