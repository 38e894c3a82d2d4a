package dev.semper.cli;

import dev.semper.api.AttemptInfo;
import dev.semper.api.Listing;
import dev.semper.api.RecoveryInfo;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    description = "Shows what was done to bring workloads back, the newest first.",
    footerHeading = "%nExamples:%n",
    footer = {"  semper recoveries", "  semper recoveries web"})
final class RecoveriesCommand implements Action {
  private final Session session;

  @Parameters(
      arity = "0..1",
      paramLabel = "NAME",
      description = "Only of this workload, with every action tried or left out.")
  @Nullable String name;

  @Mixin Limit limit = new Limit();

  RecoveriesCommand(Session session) {
    this.session = session;
  }

  @Override
  public ExitStatus run() {
    Listing<RecoveryInfo> recoveries = session.client().recoveries(name, limit.most);
    Table table =
        name == null
            ? Table.of("BEGUN", "WORKLOAD", "STRATEGY", "STATUS", "BY", "CAUSE", "STORY")
            : Table.of("BEGUN", "RECOVERY", "ACTION", "OUTCOME", "TOOK", "WHAT");
    return session.list(
        recoveries,
        "",
        table,
        recovery -> {
          if (name == null) {
            brief(table, recovery);
          } else {
            whole(table, recovery);
          }
        });
  }

  private void brief(Table table, RecoveryInfo recovery) {
    table.row(
        session.at(recovery.startedAt()),
        recovery.workload(),
        recovery.strategy(),
        recovery.status(),
        recovery.automatic() ? "itself" : recovery.actor(),
        cause(recovery),
        recovery.story());
  }

  private static String cause(RecoveryInfo recovery) {
    String message = recovery.cause().message();
    return recovery.cause().status() + (message.isEmpty() ? "" : ": " + message);
  }

  private void whole(Table table, RecoveryInfo recovery) {
    table.row(
        session.at(recovery.startedAt()),
        recovery.id() == null ? "-" : recovery.id(),
        recovery.strategy(),
        recovery.status(),
        took(recovery.durationMs()),
        recovery.story().isEmpty() ? cause(recovery) : recovery.story());
    for (AttemptInfo attempt : recovery.attempts()) {
      String what = attempt.error().isEmpty() ? attempt.detail() : attempt.error();
      table.row(
          session.at(attempt.startedAt()),
          "  " + attempt.number(),
          attempt.action(),
          attempt.outcome(),
          took(attempt.durationMs()),
          what);
    }
  }

  private static String took(@Nullable Long millis) {
    return millis == null ? "" : millis + " ms";
  }
}
