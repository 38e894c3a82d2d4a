package dev.semper.cli;

import dev.semper.api.AllowedInfo;
import dev.semper.api.WorkloadInfo;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    description = {
      "Shows a workload's state and what may be asked of it now.",
      "With --force it sets the state and does nothing to what runs: for an administrator who knows"
          + " better."
    },
    sortOptions = false,
    footerHeading = "%nExamples:%n",
    footer = {
      "  semper state web",
      "  semper state web --force stopped --reason 'ended by hand during the outage'"
    })
final class StateCommand implements Action {
  private final Session session;

  @Parameters(paramLabel = "NAME", description = "Workload.")
  String name = "";

  @Option(names = "--force", paramLabel = "STATE", description = "The state to set (admin).")
  @Nullable String force;

  @Option(names = "--reason", paramLabel = "WORDS", description = "Why, for the history.")
  @Nullable String reason;

  StateCommand(Session session) {
    this.session = session;
  }

  @Override
  public ExitStatus run() {
    if (force == null) {
      show(session.client().allowed(name));
      return ExitStatus.OK;
    }
    if (reason == null || reason.isBlank()) {
      throw new UsageException("--force wants a --reason: it is all that later explains the state");
    }
    WorkloadInfo workload = session.client().forceState(name, force, reason);
    if (session.json()) {
      session.json(workload);
    } else {
      session.terminal().say(name + ": state set to " + workload.state() + "; nothing was done");
    }
    return ExitStatus.OK;
  }

  private void show(AllowedInfo allowed) {
    if (session.json()) {
      session.json(allowed);
      return;
    }
    Terminal terminal = session.terminal();
    terminal.say(name + ": " + terminal.paint(Colour.of(allowed.state()), allowed.state()));
    terminal.say("allowed now: " + String.join(", ", allowed.allowed()));
  }
}
