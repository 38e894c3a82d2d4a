package dev.semper.cli;

import dev.semper.api.AuditInfo;
import dev.semper.api.AuditVerification;
import dev.semper.api.Listing;
import dev.semper.api.Wire;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Who tried to change what, and whether the records are as they were written.
final class AuditCommand {
  private AuditCommand() {}

  @Command(
      description = "Lists audit records, the newest first (admin).",
      footerHeading = "%nExample:%n",
      footer = "  semper audit list --actor alice --limit 50")
  static final class ListAudit implements Action {
    private final Session session;

    @Option(names = "--actor", paramLabel = "NAME", description = "Only of this actor.")
    @Nullable String actor;

    @Option(names = "--action", paramLabel = "NAME", description = "Only of this action.")
    @Nullable String action;

    @Mixin Limit limit = new Limit();

    ListAudit(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      Listing<AuditInfo> records = session.client().audit(actor, action, limit.most);
      Table table =
          Table.of("SEQ>", "TIME", "ACTOR", "FROM", "ACTION", "RESOURCE", "OUTCOME", "DETAIL");
      return session.list(
          records,
          "",
          table,
          entry ->
              table.row(
                  Long.toString(entry.seq()),
                  session.at(entry.at()),
                  entry.actor(),
                  entry.origin(),
                  entry.action(),
                  entry.resource(),
                  entry.outcome(),
                  entry.detail().isEmpty() ? "" : Wire.JSON.writeValueAsString(entry.detail())));
    }
  }

  @Command(
      description = {
        "Reads the whole chain of audit records and finds a changed, removed or inserted one (admin).",
        "Exits with 1 if there is one."
      },
      footerHeading = "%nExample:%n",
      footer = "  semper audit verify")
  static final class Verify implements Action {
    private final Session session;

    Verify(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      AuditVerification verdict = session.client().verifyAudit();
      if (session.json()) {
        session.json(verdict);
      } else if (verdict.intact()) {
        session
            .terminal()
            .say("intact: " + verdict.records() + " records, newest hash " + verdict.head());
      } else {
        session
            .terminal()
            .say(session.terminal().paint(Colour.BAD, "tampered with: ") + verdict.broken());
      }
      return verdict.intact() ? ExitStatus.OK : ExitStatus.FAILED;
    }
  }
}
