package dev.semper.cli;

import dev.semper.api.ActionRequest;
import dev.semper.api.BatchItem;
import dev.semper.api.BatchRequest;
import dev.semper.api.OperationInfo;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// Asks one thing of one or several workloads; the commands `start`, `stop` and so on differ in
/// their word only.
@Command(sortOptions = false)
final class ActCommand implements Action {
  private final Session session;
  private final String action;

  @Parameters(arity = "1..*", paramLabel = "NAME", description = "Workloads.")
  List<String> names = List.of();

  @Mixin final ActionOptions options;
  @Mixin final Waiting waiting;

  ActCommand(Session session, String action) {
    this(session, action, new ActionOptions(), new Waiting());
  }

  ActCommand(Session session, String action, ActionOptions options, Waiting waiting) {
    this.session = session;
    this.action = action;
    this.options = options;
    this.waiting = waiting;
  }

  @Override
  public ExitStatus run() throws InterruptedException {
    if (names.size() > 1) {
      return together();
    }
    OperationInfo operation =
        options.client(session).act(names.getFirst(), action, options.request());
    return options.dryRun ? Waiting.dryRun(session, operation) : waiting.end(session, operation);
  }

  private ExitStatus together() throws InterruptedException {
    if (options.dryRun) {
      throw new UsageException("--dry-run is for one workload at a time");
    }
    ActionRequest request = options.request();
    List<BatchItem> items =
        names.stream().map(name -> new BatchItem(name, action, request)).toList();
    return waiting.end(
        session, options.client(session).batch(new BatchRequest(items, null, null, null)));
  }
}
