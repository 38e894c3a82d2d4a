package dev.semper.cli;

import dev.semper.api.ActionRequest;
import dev.semper.api.BatchItem;
import dev.semper.api.BatchRequest;
import dev.semper.api.OperationInfo;
import dev.semper.api.StepInfo;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    sortOptions = false,
    description = {
      "Brings workloads back that are not well: tries one action after the other until a probe"
          + " passes.",
      "--force goes past cooldowns and limits, and takes up workloads that are well, too.",
      "--dry-run tells what would be done, what would be left out, and why."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  semper recover web --dry-run",
      "  semper recover web --strategy conservative --force"
    })
final class RecoverCommand implements Action {
  private final Session session;

  @Parameters(arity = "1..*", paramLabel = "NAME", description = "Workloads.")
  List<String> names = List.of();

  @Option(
      names = "--strategy",
      paramLabel = "S",
      description =
          "auto, conservative, aggressive or the workload's own; default: what its file says.")
  @Nullable String strategy;

  @Mixin final ActionOptions options = new ActionOptions();
  @Mixin final Waiting waiting = new Waiting();

  RecoverCommand(Session session) {
    this.session = session;
  }

  @Override
  public ExitStatus run() throws InterruptedException {
    ActionRequest request = options.request().withStrategy(strategy);
    if (names.size() > 1) {
      if (options.dryRun) {
        throw new UsageException("--dry-run is for one workload at a time");
      }
      List<BatchItem> items =
          names.stream().map(name -> new BatchItem(name, "recover", request)).toList();
      return waiting.end(
          session, options.client(session).batch(new BatchRequest(items, null, null, null)));
    }
    OperationInfo operation = options.client(session).act(names.getFirst(), "recover", request);
    return options.dryRun ? rehearsal(operation) : waiting.end(session, operation);
  }

  private ExitStatus rehearsal(OperationInfo operation) {
    if (session.json()) {
      session.json(operation);
      return ExitStatus.OK;
    }
    Table table = Table.of("ACTION", "WOULD BE", "WHY");
    for (StepInfo step : operation.steps()) {
      int colon = step.name().indexOf(':');
      table.row(
          colon < 0 ? step.name() : step.name().substring(0, colon),
          step.status().equals("skipped") ? "left out" : "tried",
          step.detail());
    }
    table.print(session.terminal());
    return ExitStatus.OK;
  }
}
