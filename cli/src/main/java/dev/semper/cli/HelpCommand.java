package dev.semper.cli;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    description = "Shows the help of a command.",
    footerHeading = "%nExample:%n",
    footer = "  semper help daemon start")
final class HelpCommand implements Action {
  private final Session session;

  @Parameters(arity = "0..*", paramLabel = "COMMAND", description = "Which one; default: all.")
  List<String> words = List.of();

  HelpCommand(Session session) {
    this.session = session;
  }

  @Override
  public ExitStatus run() {
    CommandLine line = new Commands(session).everything();
    for (String word : words) {
      CommandLine next = line.getSubcommands().get(word);
      if (next == null) {
        throw new UsageException(
            "'"
                + line.getCommandSpec().qualifiedName()
                + "' has no command "
                + word
                + Names.nearest(word, line.getSubcommands().keySet())
                    .map(near -> "; did you mean " + near + "?")
                    .orElse(""));
      }
      line = next;
    }
    line.usage(session.terminal().out(), line.getColorScheme());
    return ExitStatus.OK;
  }
}
