package dev.semper.cli;

import dev.semper.api.ReloadResult;
import dev.semper.api.ServerInfo;
import dev.semper.api.UnreachableException;
import dev.semper.api.WorkloadInfo;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// The server in the background. What it runs goes on running while it is away.
final class DaemonCommand {
  private DaemonCommand() {}

  @Command(
      description = "Starts the server in the background and waits until it answers.",
      footerHeading = "%nExample:%n",
      footer = "  semper daemon start --home /var/lib/semper")
  static final class Start implements Action {
    private final Session session;

    @Option(
        names = "--timeout",
        paramLabel = "TIME",
        defaultValue = "30s",
        converter = Seconds.class,
        description = "How long to wait for its first answer (default ${DEFAULT-VALUE}).")
    Duration timeout = Duration.ZERO;

    Start(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() throws InterruptedException {
      Daemon daemon = new Daemon(session.home());
      ready(session, daemon);
      start(session, daemon, timeout);
      return ExitStatus.OK;
    }
  }

  @Command(
      description = {
        "Stops the server: asks it to end (SIGTERM), kills it when it has not ended in time.",
        "What it runs goes on running, unless --with-workloads."
      },
      footerHeading = "%nExample:%n",
      footer = "  semper daemon stop --timeout 30s")
  static final class Stop implements Action {
    private final Session session;

    @Option(
        names = "--timeout",
        paramLabel = "TIME",
        converter = Seconds.class,
        description =
            "How long it has before it is killed (default 10s; with --with-workloads 2m, for"
                + " theirs count too).")
    @Nullable Duration timeout;

    @Option(names = "--with-workloads", description = "Stop what it runs first.")
    boolean withWorkloads;

    Stop(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() throws InterruptedException {
      return stop(session, new Daemon(session.home()), timeout, withWorkloads);
    }
  }

  @Command(
      description = "Stops the server and starts it again; what it runs goes on running.",
      footerHeading = "%nExample:%n",
      footer = "  semper daemon restart")
  static final class Restart implements Action {
    private final Session session;

    @Option(
        names = "--timeout",
        paramLabel = "TIME",
        converter = Seconds.class,
        description =
            "How long it has to end before it is killed (default 10s), and to answer again (at"
                + " least 30s).")
    @Nullable Duration timeout;

    Restart(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() throws InterruptedException {
      Daemon daemon = new Daemon(session.home());
      stop(session, daemon, timeout, false);
      Duration least = Duration.ofSeconds(30);
      start(session, daemon, timeout == null || timeout.compareTo(least) < 0 ? least : timeout);
      return ExitStatus.OK;
    }
  }

  @Command(
      description = "Makes the server read its settings again, as SIGHUP does (admin).",
      footerHeading = "%nExample:%n",
      footer = "  semper daemon reload")
  static final class Reload implements Action {
    private final Session session;

    Reload(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      ReloadResult result = session.client().reload();
      if (session.json()) {
        session.json(result);
        return ExitStatus.OK;
      }
      Terminal terminal = session.terminal();
      terminal.say(
          result.changed().isEmpty()
              ? "no setting changed"
              : "in force now: " + String.join(", ", result.changed()));
      if (!result.needsRestart().isEmpty()) {
        terminal.say(
            "after a restart only: "
                + String.join(", ", result.needsRestart())
                + " (semper daemon restart)");
      }
      return ExitStatus.OK;
    }
  }

  @Command(
      description =
          "Shows whether the server runs, and the health of what it runs; exits with 3 if it does"
              + " not.",
      footerHeading = "%nExample:%n",
      footer = "  semper daemon status")
  static final class Status implements Action {
    private final Session session;

    Status(Session session) {
      this.session = session;
    }

    /// What `--format json` prints.
    record Report(
        boolean running,
        @Nullable Long pid,
        @Nullable Double uptimeSeconds,
        @Nullable String apiUrl,
        String home,
        @Nullable String trouble,
        List<WorkloadInfo> workloads) {}

    @Override
    public ExitStatus run() {
      ServerProcess process = ServerProcess.find(RunFiles.of(session.home()));
      return switch (process) {
        case ServerProcess.Alive alive -> running(alive);
        case ServerProcess.Absent _ -> notRunning(null);
        case ServerProcess.Stale stale ->
            notRunning("the PID file " + stale.file() + " is stale: " + stale.why());
        case ServerProcess.Unreadable file ->
            notRunning("the PID file " + file.file() + " cannot be used: " + file.why());
      };
    }

    private ExitStatus notRunning(@Nullable String trouble) {
      if (session.json()) {
        String home = session.home().toString();
        session.json(new Report(false, null, null, null, home, trouble, List.of()));
      } else {
        field("Running", session.terminal().paint(Colour.BAD, "no"));
        field("Home", session.home().toString());
        if (trouble != null) {
          field("Trouble", trouble);
        }
        session.terminal().note("start it with: semper daemon start");
      }
      return ExitStatus.NOT_FOUND;
    }

    private ExitStatus running(ServerProcess.Alive process) {
      ServerInfo info;
      List<WorkloadInfo> workloads;
      try {
        info = session.client().serverInfo();
        workloads = session.client().workloads().items();
      } catch (UnreachableException | UsageException e) {
        return silent(process, String.valueOf(e.getMessage()));
      }
      if (session.json()) {
        session.json(
            new Report(
                true,
                info.pid(),
                info.uptimeSeconds(),
                info.apiUrl(),
                info.home(),
                null,
                workloads));
        return ExitStatus.OK;
      }
      field("Running", session.terminal().paint(Colour.GOOD, "yes"));
      field("PID", Long.toString(info.pid()));
      field("Uptime", Times.span(Duration.ofMillis((long) (info.uptimeSeconds() * 1000))));
      field("API", info.apiUrl());
      field("Home", info.home());
      field("Version", info.version());
      info.troubles().forEach(trouble -> field("Trouble", trouble.toString()));
      field("Workloads", Integer.toString(workloads.size()));
      if (!workloads.isEmpty()) {
        health(workloads).print(session.terminal());
      }
      return ExitStatus.OK;
    }

    /// It runs, and nothing can be asked of it.
    private ExitStatus silent(ServerProcess.Alive process, String why) {
      Optional<Double> uptime =
          process
              .handle()
              .info()
              .startInstant()
              .map(start -> Duration.between(start, Instant.now()).toMillis() / 1000.0);
      if (session.json()) {
        session.json(
            new Report(
                true,
                process.pid(),
                uptime.orElse(null),
                null,
                session.home().toString(),
                why,
                List.of()));
      } else {
        field("Running", session.terminal().paint(Colour.BUSY, "yes, but it does not answer"));
        field("PID", Long.toString(process.pid()));
        uptime.ifPresent(
            seconds -> field("Uptime", Times.span(Duration.ofMillis((long) (seconds * 1000)))));
        field("Home", session.home().toString());
        field("Trouble", why);
      }
      return ExitStatus.UNAVAILABLE;
    }

    private Table health(List<WorkloadInfo> workloads) {
      Table table = Table.of("  NAME", "STATE", "READY", "HEALTH", "RESTARTS>");
      for (WorkloadInfo workload : workloads) {
        table.row(
            "  " + workload.name(),
            workload.state(),
            workload.instancesReady() + "/" + workload.instancesWanted(),
            workload.health(),
            Integer.toString(workload.restarts()));
      }
      return table;
    }

    private void field(String label, String value) {
      session.terminal().say(String.format("%-10s %s", label, value));
    }
  }

  @Command(
      description = "Shows the server's own log.",
      footerHeading = "%nExample:%n",
      footer = "  semper daemon logs --lines 100 --follow")
  static final class Logs implements Action {
    private final Session session;

    @Option(
        names = {"-n", "--lines", "--tail"},
        paramLabel = "N",
        defaultValue = "50",
        description = "The last N lines (default ${DEFAULT-VALUE}).")
    int lines;

    @Option(
        names = {"-f", "--follow"},
        description = "Go on as more is written, until Ctrl-C.")
    boolean follow;

    Logs(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() throws InterruptedException {
      RunFiles files = RunFiles.of(session.home());
      if (!Files.exists(files.log()) && !follow) {
        throw new UsageException(
            ExitStatus.NOT_FOUND,
            "there is no log " + files.log() + ": no server has run on this home yet");
      }
      LogTail.last(files.log(), lines).forEach(session.terminal()::say);
      if (follow) {
        OutputStream out = new FileOutputStream(FileDescriptor.out);
        LogTail.follow(files.log(), bytes -> write(out, bytes));
      }
      return ExitStatus.OK;
    }

    private static void write(OutputStream out, byte[] bytes) {
      try {
        out.write(bytes);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /// Makes sure that no server runs and nothing of an old one is in the way.
  private static void ready(Session session, Daemon daemon) {
    switch (daemon.find()) {
      case ServerProcess.Absent _ -> {}
      case ServerProcess.Alive alive ->
          throw new UsageException(
              ExitStatus.CONFLICT,
              "a server runs on "
                  + session.home()
                  + " already, process "
                  + alive.pid()
                  + ". See: semper daemon status");
      case ServerProcess.Stale stale -> {
        session.terminal().note("removing the stale PID file " + stale.file() + ": " + stale.why());
        daemon.forget(stale.file());
      }
      case ServerProcess.Unreadable file -> {
        if (runningAnyway(daemon).isPresent()) {
          throw new UsageException(
              ExitStatus.CONFLICT,
              "the PID file "
                  + file.file()
                  + " cannot be used ("
                  + file.why()
                  + "), and a server still answers for this home. Stop that one first");
        }
        session
            .terminal()
            .note("removing the PID file " + file.file() + " that cannot be used: " + file.why());
        daemon.forget(file.file());
      }
    }
  }

  /// The server whose PID file has become useless, by the other file it left.
  private static Optional<ServerProcess.Alive> runningAnyway(Daemon daemon) {
    return ServerProcess.byAddress(daemon.files()) instanceof ServerProcess.Alive alive
        ? Optional.of(alive)
        : Optional.empty();
  }

  private static void start(Session session, Daemon daemon, Duration timeout)
      throws InterruptedException {
    daemon.makeHome();
    long begun = System.nanoTime();
    RunFiles.Server server = daemon.start(timeout);
    Duration took = Duration.ofNanos(System.nanoTime() - begun);
    if (session.json()) {
      session.json(server);
    } else {
      session
          .terminal()
          .say(
              "started, process "
                  + server.pid()
                  + ", "
                  + server.url()
                  + ", answered after "
                  + took.toMillis()
                  + " ms");
    }
  }

  private static ExitStatus stop(
      Session session, Daemon daemon, @Nullable Duration timeout, boolean withWorkloads)
      throws InterruptedException {
    switch (daemon.find()) {
      case ServerProcess.Absent _ -> tell(session, "no server runs on " + session.home());
      case ServerProcess.Stale stale -> {
        daemon.forget(stale.file());
        tell(
            session,
            "no server runs on "
                + session.home()
                + "; removed the stale PID file ("
                + stale.why()
                + ")");
      }
      case ServerProcess.Unreadable file -> {
        Optional<ServerProcess.Alive> running = runningAnyway(daemon);
        if (running.isPresent()) {
          session.terminal().note("the PID file " + file.file() + " is useless: " + file.why());
          stop(session, daemon, running.get(), timeout, withWorkloads);
        } else {
          tell(
              session,
              "no server runs on " + session.home() + "; removed the PID file: " + file.why());
        }
        daemon.forget(file.file());
      }
      case ServerProcess.Alive alive -> stop(session, daemon, alive, timeout, withWorkloads);
    }
    return ExitStatus.OK;
  }

  private static void stop(
      Session session,
      Daemon daemon,
      ServerProcess.Alive server,
      @Nullable Duration timeout,
      boolean withWorkloads)
      throws InterruptedException {
    long begun = System.nanoTime();
    Duration patience = timeout != null ? timeout : Duration.ofSeconds(withWorkloads ? 120 : 10);
    boolean inGoodOrder;
    if (withWorkloads) {
      tell(session, session.client().shutdown(true).message());
      inGoodOrder =
          Daemon.ended(server.handle(), patience) || daemon.stop(server, Duration.ofSeconds(10));
    } else {
      inGoodOrder = daemon.stop(server, patience);
    }
    String took = Times.span(Duration.ofNanos(System.nanoTime() - begun));
    tell(
        session,
        inGoodOrder
            ? "stopped process " + server.pid() + " in " + took
            : "killed process " + server.pid() + ": it did not end within " + Times.span(patience));
  }

  private static void tell(Session session, String words) {
    if (session.json()) {
      Map<String, String> message = new LinkedHashMap<>();
      message.put("message", words);
      session.json(message);
    } else {
      session.terminal().say(words);
    }
  }
}
