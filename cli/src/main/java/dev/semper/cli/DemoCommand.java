package dev.semper.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    description = {
      "Shows Semper at work in under a minute: real programs are started, killed, healed, updated and",
      "rolled back on a home of their own, and the server itself is killed. Each claim is checked;",
      "exits with 1 at the first that does not hold. Leaves nothing running."
    },
    sortOptions = false,
    footerHeading = "%nExample:%n",
    footer = "  semper demo")
final class DemoCommand implements Action {
  private final Session session;

  @Option(
      names = "--leave-running",
      description = "Leave the server and its workloads up at the end without asking.")
  boolean leave;

  @Option(
      names = "--samples",
      paramLabel = "DIR",
      description = "Folder with demo.toml (default: the one that came with Semper).")
  @Nullable Path samples;

  DemoCommand(Session session) {
    this.session = session;
  }

  @Override
  public ExitStatus run() throws Exception {
    Path home = Files.createTempDirectory("semper-demo-");
    Terminal terminal = session.terminal();
    DemoStage stage = new DemoStage(terminal, home);
    Thread cleaner = Thread.ofPlatform().unstarted(stage::strike);
    Runtime.getRuntime().addShutdownHook(cleaner);
    try {
      stage.prepare(samples());
      new Demo(terminal, stage).run();
      if (stays(terminal, home)) {
        Runtime.getRuntime().removeShutdownHook(cleaner);
      } else {
        stage.strikeAndCheck();
        terminal.say("nothing is left running, and " + home + " is removed");
      }
      return ExitStatus.OK;
    } catch (DemoFailure e) {
      terminal.note(terminal.paint(Colour.BAD, "the demo failed: ") + e.getMessage());
      stage.explain();
      return ExitStatus.FAILED;
    }
  }

  private boolean stays(Terminal terminal, Path home) {
    if (!leave
        && !(terminal.asks() && Question.yes(terminal, "Leave the server up to play with?"))) {
      return false;
    }
    String here = "semper --home " + home;
    terminal.say("It stays up. What to try next:");
    terminal.say("  " + here + " status");
    terminal.say("  " + here + " events --follow        (and kill something meanwhile)");
    terminal.say("  " + here + " logs worker -f");
    terminal.say("  " + here + " stop database --cascade");
    terminal.say("  " + here + " daemon stop --with-workloads   ends it all");
    return true;
  }

  private Path samples() throws IOException {
    String dist = System.getProperty("semper.dist");
    Path folder =
        samples != null ? samples : dist == null ? Path.of("samples") : Path.of(dist, "samples");
    if (!Files.isRegularFile(folder.resolve("demo.toml"))) {
      throw new UsageException(
          "there is no demo.toml in "
              + folder.toAbsolutePath()
              + "; name its folder with --samples");
    }
    return folder.toRealPath();
  }
}
