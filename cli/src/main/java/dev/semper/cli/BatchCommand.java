package dev.semper.cli;

import dev.semper.api.ActionRequest;
import dev.semper.api.BatchItem;
import dev.semper.api.BatchRequest;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    description = "Does several things as one batch, in the order of the workloads' dependencies.",
    sortOptions = false,
    footerHeading = "%nExamples:%n",
    footer = {
      "  semper batch stop:web stop:worker delete:old --fail-fast",
      "  semper batch restart:web restart:worker --parallelism 1"
    })
final class BatchCommand implements Action {
  private final Session session;

  @Parameters(
      arity = "1..*",
      paramLabel = "ACTION:NAME",
      description =
          "start, stop, restart, recover, enable, disable, rollback, maintenance, resume or delete,"
              + " and of which workload.")
  List<String> items = List.of();

  @Option(names = "--parallelism", paramLabel = "N", description = "Members at once (default 3).")
  @Nullable Integer parallelism;

  @Option(names = "--fail-fast", description = "Start no further member after one has failed.")
  boolean failFast;

  @Option(
      names = "--no-dependency-order",
      description = "In the order given, whatever depends on what.")
  boolean noDependencyOrder;

  @Mixin final ActionOptions options = new ActionOptions();
  @Mixin final Waiting waiting = new Waiting();

  BatchCommand(Session session) {
    this.session = session;
  }

  @Override
  public ExitStatus run() throws InterruptedException {
    if (options.dryRun) {
      throw new UsageException("a batch has no --dry-run; try its members one by one");
    }
    ActionRequest request = options.request();
    List<BatchItem> members = items.stream().map(item -> member(item, request)).toList();
    return waiting.end(
        session,
        options
            .client(session)
            .batch(new BatchRequest(members, parallelism, failFast, !noDependencyOrder)));
  }

  private static BatchItem member(String item, ActionRequest request) {
    int colon = item.indexOf(':');
    if (colon < 1 || colon == item.length() - 1) {
      throw new UsageException(
          "'" + item + "' does not say what to do with which workload; write e.g. stop:web");
    }
    return new BatchItem(item.substring(colon + 1), item.substring(0, colon), request);
  }
}
