package dev.semper.cli;

import picocli.CommandLine.Option;

/// How many of a list to show.
final class Limit {
  @Option(
      names = {"-n", "--limit"},
      paramLabel = "N",
      defaultValue = "20",
      description = "At most N (default ${DEFAULT-VALUE}).")
  int most;
}
