package dev.semper.cli;

import dev.semper.api.Listing;
import dev.semper.api.SilenceInfo;
import dev.semper.api.SilenceRequest;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Quiet for a while.
final class SilenceCommand {
  private SilenceCommand() {}

  @Command(
      description = "Lists silences, the newest first.",
      footerHeading = "%nExample:%n",
      footer = "  semper silence list")
  static final class ListSilences implements Action {
    private final Session session;

    ListSilences(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      Listing<SilenceInfo> silences = session.client().silences();
      Table table = Table.of("ID", "STATUS", "OF", "FROM", "UNTIL", "BY", "COMMENT");
      return session.list(
          silences,
          "no silences",
          table,
          silence ->
              table.row(
                  silence.id(),
                  silence.status(),
                  of(silence),
                  session.at(silence.startsAt()),
                  session.at(silence.endsAt()),
                  silence.createdBy(),
                  silence.comment()));
    }
  }

  private static String of(SilenceInfo silence) {
    List<String> parts = new ArrayList<>();
    parts.addAll(silence.workloads());
    silence.rules().forEach(rule -> parts.add("rule " + rule));
    parts.addAll(silence.severities());
    return parts.isEmpty() ? "everything" : String.join(", ", parts);
  }

  @Command(
      description =
          "Holds alerts back: they are recorded and not told. What still fires at its end is told.",
      sortOptions = false,
      footerHeading = "%nExamples:%n",
      footer = {
        "  semper silence add --workload web --for 2h --comment 'new release'",
        "  semper silence add --rule response-time --for 1d"
      })
  static final class Add implements Action {
    private final Session session;

    @Option(
        names = {"-w", "--workload"},
        paramLabel = "NAME",
        description = "Alerts of this workload, * for any characters; can be repeated.")
    List<String> workloads = new ArrayList<>();

    @Option(names = "--rule", paramLabel = "NAME", description = "Alerts of this rule, likewise.")
    List<String> rules = new ArrayList<>();

    @Option(
        names = "--severity",
        paramLabel = "SEVERITY",
        description = "info, warning or critical; can be repeated.")
    List<String> severities = new ArrayList<>();

    @Option(
        names = "--everything",
        description = "All alerts of the tenant; needed if nothing else is said.")
    boolean everything;

    @Option(
        names = "--for",
        required = true,
        paramLabel = "TIME",
        description = "How long, e.g. 30m, 2h, 1d.")
    String duration = "";

    @Option(names = "--comment", paramLabel = "WORDS", description = "Why.")
    @Nullable String comment;

    Add(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      if (workloads.isEmpty() && rules.isEmpty() && severities.isEmpty() && !everything) {
        throw new UsageException(
            "say what to silence: --workload, --rule or --severity, or --everything");
      }
      SilenceInfo silence =
          session
              .client()
              .silence(new SilenceRequest(workloads, rules, severities, duration, null, comment));
      return session.done(
          silence, () -> silence.id() + ": quiet until " + session.at(silence.endsAt()));
    }
  }

  @Command(
      description = "Ends a silence now; what still fires is told.",
      footerHeading = "%nExample:%n",
      footer = "  semper silence end ID")
  static final class End implements Action {
    private final Session session;

    @Parameters(paramLabel = "ID", description = "Silence, as listed.")
    String id = "";

    End(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      session.client().endSilence(id);
      if (!session.json()) {
        session.terminal().say("ended " + id);
      }
      return ExitStatus.OK;
    }
  }
}
