package dev.semper.cli;

import dev.semper.api.ApplyRequest;
import dev.semper.api.ApplyResult;
import dev.semper.api.OperationInfo;
import dev.semper.api.PlanInfo;
import dev.semper.api.PlanItem;
import dev.semper.api.PlanRequest;
import dev.semper.api.SemperClient;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    description = "Makes the workloads as a file says; doing it twice changes nothing.",
    sortOptions = false,
    footerHeading = "%nExamples:%n",
    footer = {
      "  semper apply -f workloads.toml",
      "  semper apply -f - --prune --yes < all.yaml --input-format yaml"
    })
final class ApplyCommand implements Action {
  private final Session session;
  @Mixin final Document document = new Document();

  @Option(
      names = {"-y", "--yes"},
      description = "Do not ask before --prune deletes.")
  boolean yes;

  @Option(names = "--no-start", description = "Leave new workloads stopped.")
  boolean noStart;

  @Option(
      names = "--queue",
      description = "Wait behind operations on the workloads instead of being refused.")
  boolean queue;

  @Option(
      names = "--parallelism",
      paramLabel = "N",
      description = "Workloads at once (default 10).")
  @Nullable Integer parallelism;

  @Option(names = "--fail-fast", description = "Begin no further workload after one has failed.")
  boolean failFast;

  @Option(
      names = "--priority",
      paramLabel = "P",
      description = "low, normal (default), high or critical.")
  @Nullable String priority;

  @Option(
      names = "--idempotency-key",
      paramLabel = "KEY",
      description = "However often it is sent with this key, it is done once.")
  @Nullable String idempotencyKey;

  @Mixin final Waiting waiting = new Waiting();

  ApplyCommand(Session session) {
    this.session = session;
  }

  @Override
  public ExitStatus run() throws InterruptedException {
    String text = document.text(session);
    String format = document.format(text);
    if (document.prune && !yes && !session.json() && !agreed(text, format)) {
      session.terminal().say("cancelled: nothing was changed");
      return ExitStatus.OK;
    }
    SemperClient client = session.client();
    ApplyResult result =
        (idempotencyKey == null ? client : client.withIdempotencyKey(idempotencyKey))
            .apply(
                new ApplyRequest(
                    text,
                    format,
                    document.baseDir(),
                    document.prune,
                    queue,
                    parallelism,
                    failFast,
                    !noStart,
                    priority));
    return result(result);
  }

  private ExitStatus result(ApplyResult result) throws InterruptedException {
    OperationInfo operation = result.operation();
    if (session.json()) {
      return json(result);
    }
    PlanCommand.print(session.terminal(), result.plan());
    return operation == null ? ExitStatus.OK : waiting.end(session, operation);
  }

  /// The same shape whether it waits or not, and whether anything was to be done.
  private ExitStatus json(ApplyResult result) throws InterruptedException {
    OperationInfo operation = result.operation();
    if (operation == null || waiting.noWait) {
      session.json(result);
      return ExitStatus.OK;
    }
    OperationInfo ended = Waiting.await(session, operation);
    session.json(new ApplyResult(ended, result.plan()));
    return Waiting.status(ended);
  }

  /// Asks somebody who is there whether what would be deleted may be; nobody there is a yes.
  private boolean agreed(String text, String format) {
    if (!session.terminal().asks() || document.file.equals("-")) {
      return true;
    }
    PlanInfo plan = session.client().plan(new PlanRequest(text, format, document.baseDir(), true));
    List<String> doomed =
        plan.items().stream()
            .filter(item -> item.action().equals("delete"))
            .map(PlanItem::workload)
            .toList();
    return doomed.isEmpty()
        || Question.yes(
            session.terminal(), "Delete " + String.join(", ", doomed) + " and what they run?");
  }
}
