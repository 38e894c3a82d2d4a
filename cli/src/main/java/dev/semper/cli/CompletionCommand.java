package dev.semper.cli;

import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    description = "Writes a script that completes commands and options in your shell.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  source <(semper completion bash)",
      "  semper completion zsh > ~/.semper-completion.zsh   # then source it in ~/.zshrc"
    })
final class CompletionCommand implements Action {
  enum Shell {
    BASH,
    ZSH
  }

  private final Session session;

  @Parameters(paramLabel = "bash|zsh", description = "Which shell.")
  Shell shell = Shell.BASH;

  CompletionCommand(Session session) {
    this.session = session;
  }

  @Override
  public ExitStatus run() {
    // One script for both: in zsh it loads bash's way of completing first.
    session.terminal().say(AutoComplete.bash("semper", new Commands(session).everything()));
    return ExitStatus.OK;
  }
}
