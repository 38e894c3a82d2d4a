package dev.semper.cli;

import dev.semper.api.LogQuery;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    description = "Shows what an instance of a workload has written, across restarts and rotation.",
    sortOptions = false,
    footerHeading = "%nExamples:%n",
    footer = {"  semper logs web -f", "  semper logs worker --instance 2 --lines 500"})
final class LogsCommand implements Action {
  private final Session session;
  private final Supplier<OutputStream> out;

  @Parameters(paramLabel = "NAME", description = "Workload.")
  String name = "";

  @Option(
      names = {"-f", "--follow"},
      description = "Go on as more is written, until Ctrl-C.")
  boolean follow;

  @Option(
      names = {"-n", "--lines", "--tail"},
      paramLabel = "N",
      defaultValue = "50",
      description = "The last N lines (default ${DEFAULT-VALUE}).")
  int lines;

  @Option(
      names = {"-i", "--instance"},
      paramLabel = "N",
      defaultValue = "0",
      description = "Which instance, from 0 (default ${DEFAULT-VALUE}).")
  int instance;

  LogsCommand(Session session) {
    this(session, () -> new FileOutputStream(FileDescriptor.out));
  }

  LogsCommand(Session session, Supplier<OutputStream> out) {
    this.session = session;
    this.out = out;
  }

  @Override
  public ExitStatus run() throws IOException {
    if (lines < 0 || instance < 0) {
      throw new UsageException("--lines and --instance are 0 or more");
    }
    OutputStream raw = out.get();
    session.client().logs(name, new LogQuery(instance, lines, follow, null), raw);
    raw.flush();
    return ExitStatus.OK;
  }
}
