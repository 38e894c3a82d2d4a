package dev.semper.cli;

import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/// The entry point of a container. The launcher starts it as a program of its own and does not come
/// here; this stands for it in the list of commands.
@Command(
    description = "Runs a program as a container's first process; its options: semper run --help.",
    footerHeading = "%nExample:%n",
    footer = "  semper run --flow-name rpa1 -- python3 flow.py")
final class RunCommand implements Action {
  @Unmatched List<String> words = List.of();

  @Override
  public ExitStatus run() {
    throw new UsageException(
        "semper run is a program of its own; start it by the launcher, ./semper run …");
  }
}
