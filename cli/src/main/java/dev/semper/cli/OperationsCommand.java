package dev.semper.cli;

import dev.semper.api.Listing;
import dev.semper.api.OperationInfo;
import dev.semper.api.StepInfo;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What was and is being done, and how to end it.
final class OperationsCommand {
  private OperationsCommand() {}

  @Command(
      description = "Lists operations, the newest first.",
      footerHeading = "%nExample:%n",
      footer = "  semper operations list --workload web --status failed")
  static final class ListOperations implements Action {
    private final Session session;

    @Option(
        names = {"-w", "--workload"},
        paramLabel = "NAME",
        description = "Only of this workload.")
    @Nullable String workload;

    @Option(
        names = "--status",
        paramLabel = "STATUS",
        description =
            "queued, running, waiting, unwinding, succeeded, failed, rolled_back, cancelled or"
                + " inconsistent.")
    @Nullable String status;

    @Mixin Limit limit = new Limit();

    ListOperations(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      Listing<OperationInfo> operations = session.client().operations(workload, status, limit.most);
      Table table =
          Table.of("ID", "DOES", "WORKLOAD", "STATUS", "DONE>", "BY", "BEGUN", "TOOK", "ERROR");
      return session.list(
          operations,
          "no such operations",
          table,
          operation ->
              table.row(
                  operation.id(),
                  operation.kind(),
                  operation.workload() == null ? "" : operation.workload(),
                  operation.status(),
                  operation.progress() + "%",
                  operation.actor(),
                  session.at(operation.createdAt()),
                  Waiting.lasted(operation),
                  operation.error()));
    }
  }

  @Command(
      description = "Shows one operation with its steps, or the members of a batch.",
      footerHeading = "%nExample:%n",
      footer = "  semper operations show ID")
  static final class Show implements Action {
    private final Session session;

    @Parameters(paramLabel = "ID", description = "Operation.")
    String id = "";

    Show(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      OperationInfo operation = session.client().operation(id);
      if (session.json()) {
        session.json(operation);
      } else {
        print(operation);
      }
      return ExitStatus.OK;
    }

    private void print(OperationInfo operation) {
      Terminal terminal = session.terminal();
      String status = terminal.paint(Colour.of(operation.status()), operation.status());
      terminal.say(Waiting.title(operation) + ": " + status + ", " + operation.progress() + " %");
      field("Asked by", operation.actor() + " at " + session.at(operation.createdAt()));
      field("Priority", operation.priority());
      field("Took", Waiting.lasted(operation) + ", attempt " + operation.attempt());
      field("Waits for", operation.waitingFor());
      field("Error", operation.error());
      field("Part of", operation.parent() == null ? "" : operation.parent());
      field("After", String.join(", ", operation.after()));
      terminal.say("");
      if (operation.workload() == null) {
        members(operation).print(terminal);
      } else {
        steps(operation).print(terminal);
      }
    }

    private void field(String label, String value) {
      if (!value.isEmpty()) {
        session.terminal().say(String.format("  %-10s %s", label, value));
      }
    }

    private Table steps(OperationInfo operation) {
      Table table = Table.of("STEP", "STATUS", "AT", "DETAIL");
      for (StepInfo step : operation.steps()) {
        table.row(
            (step.undo() ? "undo " : "") + step.name(),
            step.status(),
            session.at(step.startedAt()),
            step.detail());
      }
      return table;
    }

    private Table members(OperationInfo batch) {
      Table table = Table.of("ID", "DOES", "WORKLOAD", "STATUS", "TOOK", "ERROR");
      for (OperationInfo member : session.client().members(batch.id()).items()) {
        table.row(
            member.id(),
            member.kind(),
            String.valueOf(member.workload()),
            member.status(),
            Waiting.lasted(member),
            member.error());
      }
      return table;
    }
  }

  @Command(
      description = "Waits until an operation has ended, showing its steps.",
      footerHeading = "%nExample:%n",
      footer = "  semper operations wait ID")
  static final class Wait implements Action {
    private final Session session;

    @Parameters(paramLabel = "ID", description = "Operation.")
    String id = "";

    Wait(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() throws InterruptedException {
      return Waiting.outcome(session, Waiting.await(session, session.client().operation(id)));
    }
  }

  @Command(
      description = "Cancels an operation: a queued one never starts, a running one is undone.",
      footerHeading = "%nExample:%n",
      footer = "  semper operations cancel ID")
  static final class Cancel implements Action {
    private final Session session;

    @Parameters(paramLabel = "ID", description = "Operation.")
    String id = "";

    @Mixin final Waiting waiting = new Waiting();

    Cancel(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() throws InterruptedException {
      OperationInfo operation = session.client().cancel(id);
      if (waiting.noWait) {
        return waiting.end(session, operation);
      }
      OperationInfo ended = Waiting.await(session, operation);
      Waiting.outcome(session, ended);
      return ended.status().equals("cancelled") ? ExitStatus.OK : ExitStatus.FAILED;
    }
  }
}
