package dev.semper.cli;

import picocli.CommandLine.Command;

@Command(
    description = "The same commands under the name that older tools use, e.g. lifecycle status.",
    synopsisSubcommandLabel = "COMMAND")
final class LifecycleCommand {}
