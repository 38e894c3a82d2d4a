package dev.semper.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/// Runs the server in the foreground. The launcher starts the server itself and does not come here;
/// this is for those who start the command line without it.
@Command(
    description = "Runs the server in the foreground; its own options: semper server --help.",
    footerHeading = "%nExample:%n",
    footer = "  semper server --home /var/lib/semper")
final class ServerCommand implements Action {
  private final Session session;
  @Unmatched List<String> options = List.of();

  ServerCommand(Session session) {
    this.session = session;
  }

  @Override
  public ExitStatus run() throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(ServerProcess.command(session.home()));
    command.addAll(options);
    Process server = new ProcessBuilder(command).inheritIO().start();
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(server::destroy));
    return server.waitFor() == 0 ? ExitStatus.OK : ExitStatus.FAILED;
  }
}
