package dev.semper.cli;

import picocli.CommandLine.Command;

@Command(description = "x")
final class DemoCommand implements Action {
  DemoCommand(Session session) {}

  @Override
  public ExitStatus run() {
    return ExitStatus.OK;
  }
}
