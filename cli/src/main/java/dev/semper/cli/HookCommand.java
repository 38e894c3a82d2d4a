package dev.semper.cli;

import dev.semper.api.ApplyResult;
import dev.semper.api.OperationInfo;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    description = {
      "Sets or clears one hook of a workload; nothing that runs is touched.",
      "TYPE is on_start, on_stop, on_restart, on_failure, on_healthy, on_destroy, before_update or"
          + " after_update."
    },
    sortOptions = false,
    footerHeading = "%nExamples:%n",
    footer = {
      "  semper hook web on_failure /usr/local/bin/alert.sh",
      "  semper hook web on_healthy https://chat.example.com/hook",
      "  semper hook web on_failure --clear"
    })
final class HookCommand implements Action {
  private final Session session;

  @Parameters(index = "0", paramLabel = "NAME", description = "Workload.")
  String name = "";

  @Parameters(index = "1", paramLabel = "TYPE", description = "When it is run.")
  String type = "";

  @Parameters(
      index = "2",
      arity = "0..1",
      paramLabel = "PATH",
      description = "A script on the server's host, or a URL.")
  @Nullable String target;

  @Option(names = "--clear", description = "Take the hook away.")
  boolean clear;

  @Mixin final Waiting waiting = new Waiting();

  HookCommand(Session session) {
    this.session = session;
  }

  @Override
  public ExitStatus run() throws InterruptedException {
    if (clear == (target != null)) {
      throw new UsageException("give either a PATH or --clear");
    }
    // Found first, so that what somebody else changes meanwhile is not taken for what was seen.
    long generation = session.client().workload(name).generation();
    ApplyResult result =
        target == null
            ? session.client().clearHook(name, type, generation)
            : session.client().setHook(name, type, hook(target), generation);
    OperationInfo operation = result.operation();
    if (operation != null) {
      return waiting.end(session, operation);
    }
    if (session.json()) {
      session.json(result);
    } else {
      session.terminal().say(name + ": nothing changes");
    }
    return ExitStatus.OK;
  }

  private static Map<String, Object> hook(String target) {
    return target.contains("://")
        ? Map.of("webhook", Map.of("url", target))
        : Map.of("command", List.of(Path.of(target).toAbsolutePath().normalize().toString()));
  }
}
