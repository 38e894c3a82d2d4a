package dev.semper.server;

import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// `semper server`: runs a server until SIGTERM, SIGINT or a shutdown by the API.
///
/// Exit codes: 0 ended as asked, 1 failed by a defect, 2 wrong options or settings, 3 another
/// server runs on the home, 4 a file or the port cannot be used, 5 the database cannot be used.
public final class Main {
  private static final String USAGE =
      """
      Usage: semper server [--home DIR] [--host ADDRESS] [--port PORT] [--config FILE] [--daemon] [--new-token]

        --home DIR      where everything of this server lives (default $SEMPER_HOME or ~/.semper)
        --host ADDRESS  address to listen on (default 127.0.0.1)
        --port PORT     port to listen on (default 8470, 0 = a free one)
        --config FILE   settings in place of semper.toml of the home
        --daemon        log to logs/server.log of the home, with rotation, instead of standard output
        --new-token     make a new administrator's token in run/token of the home
      """;

  /// @param home null = the default
  private record Options(
      @Nullable Path home,
      @Nullable String host,
      @Nullable Integer port,
      @Nullable Path config,
      boolean daemon,
      boolean newToken,
      boolean help) {}

  private Main() {}

  public static void main(String[] args) {
    System.exit(run(args, System.out, System.err));
  }

  static int run(String[] args, PrintStream out, PrintStream err) {
    Timeline timeline = new Timeline(true);
    try {
      Options options = options(args);
      if (options.help()) {
        out.print(USAGE);
        return 0;
      }
      serve(options, timeline, out);
      return 0;
    } catch (InterruptedException e) {
      return 1;
    } catch (IOException | RuntimeException e) {
      return tell(e, err);
    }
  }

  private static int tell(Exception failure, PrintStream err) {
    int code = SemperServer.exitCode(failure);
    if (failure instanceof SemperException e) {
      err.println("semper server: " + e.getMessage());
      e.problems().stream().skip(1).map(Problem::toString).forEach(p -> err.println("  " + p));
    } else if (failure instanceof UncheckedIOException e) {
      err.println("semper server: " + e.getMessage() + ": " + SemperServer.reason(e));
    } else if (failure instanceof IOException) {
      err.println("semper server: " + failure.getMessage());
    } else {
      err.println("semper server: the start failed by a defect");
      failure.printStackTrace(err);
    }
    return code;
  }

  private static void serve(Options options, Timeline timeline, PrintStream out)
      throws InterruptedException, IOException {
    System.setProperty("vertx.disableDnsResolver", "true");
    Path home = options.home() == null ? defaultHome() : options.home();
    Settings settings = settings(options, home);
    if (settings.log().file() != null) {
      Path directory = settings.log().file().toAbsolutePath().getParent();
      if (directory != null) {
        SmallFiles.directory(directory);
      }
    }
    Logging.apply(settings.log());
    timeline.mark("the settings are read");
    Logger log = LoggerFactory.getLogger(Main.class);
    CompletableFuture<SemperServer> started = new CompletableFuture<>();
    // One that comes during the start is answered at its end; unhandled it would be deadly.
    OsSignals.handle(
        "HUP",
        () -> {
          var _ = started.thenAccept(server -> reload(server, log));
        });
    try (SemperServer server =
        SemperServer.start(settings, () -> settings(options, home), timeline)) {
      if (options.newToken()) {
        server.newToken();
      }
      OsSignals.handle("TERM", server::end);
      OsSignals.handle("INT", server::end);
      started.complete(server);
      Optional<Notify> systemd = Notify.of(System.getenv());
      String ready = ready(server, timeline);
      systemd.ifPresent(s -> s.send("READY=1\nSTATUS=" + server.url()));
      out.println(ready);
      out.flush();
      log.atInfo()
          .addKeyValue("event", "server_ready")
          .addKeyValue("duration_ms", timeline.millis())
          .log(ready);
      try (ScheduledExecutorService watchdog = watchdog(systemd)) {
        server.awaitEnd();
        systemd.ifPresent(s -> s.send("STOPPING=1"));
        log.info("ending; the workloads go on running unless told otherwise");
        watchdog.shutdownNow();
      }
    }
    log.atInfo().addKeyValue("event", "server_ended").log("ended");
  }

  private static String ready(SemperServer server, Timeline timeline) {
    return "semper %s ready on %s (home %s, pid %d, %d ms)"
        .formatted(
            Version.NAME,
            server.url(),
            server.home(),
            ProcessHandle.current().pid(),
            timeline.millis());
  }

  private static ScheduledExecutorService watchdog(Optional<Notify> systemd) {
    ScheduledExecutorService executor =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("watchdog").daemon().factory());
    systemd
        .filter(s -> s.watchdogMicros() > 0)
        .ifPresent(s -> {
          long half = Math.max(1000, s.watchdogMicros() / 2);
          var _ =
              executor.scheduleAtFixedRate(
                  () -> s.send("WATCHDOG=1"), 0, half, TimeUnit.MICROSECONDS);
        });
    return executor;
  }

  private static void reload(SemperServer server, Logger log) {
    try {
      server.reload();
    } catch (RuntimeException e) {
      log.error("the settings were not read again, the old ones stay: {}", e.getMessage());
    }
  }

  private static Settings settings(Options options, Path home) {
    Settings settings = SettingsReader.read(home, options.config());
    settings =
        settings.withApi(
            options.host() == null ? settings.api().host() : options.host(),
            options.port() == null ? settings.api().port() : options.port());
    Settings.Log log = settings.log();
    if (options.daemon() && log.file() == null) {
      Path file = settings.home().resolve("logs/server.log");
      settings =
          settings.withLog(
              new Settings.Log(log.level(), log.json(), file, log.maxBytes(), log.maxFiles()));
    }
    return settings;
  }

  private static Path defaultHome() {
    String home = System.getenv("SEMPER_HOME");
    return home == null || home.isBlank()
        ? Path.of(System.getProperty("user.home"), ".semper")
        : Path.of(home);
  }

  private static Options options(String[] args) {
    Path home = null;
    String host = null;
    Integer port = null;
    Path config = null;
    boolean daemon = false;
    boolean newToken = false;
    boolean help = false;
    List<String> words = List.of(args);
    for (int i = 0; i < words.size(); i++) {
      String[] parts = words.get(i).split("=", 2);
      boolean flag = true;
      switch (parts[0]) {
        case "--daemon" -> daemon = true;
        case "--new-token" -> newToken = true;
        case "--help", "-h" -> help = true;
        default -> flag = false;
      }
      if (flag) {
        continue;
      }
      String value = parts.length == 2 ? parts[1] : i + 1 < words.size() ? words.get(++i) : null;
      switch (parts[0]) {
        case "--home" -> home = Path.of(needed(parts[0], value));
        case "--host" -> host = needed(parts[0], value);
        case "--port" -> port = port(needed(parts[0], value));
        case "--config" -> config = Path.of(needed(parts[0], value));
        default ->
            throw Call.invalid(parts[0], "unknown option; semper server --help lists them all");
      }
    }
    return new Options(home, host, port, config, daemon, newToken, help);
  }

  private static String needed(String option, @Nullable String value) {
    if (value == null || value.isBlank()) {
      throw Call.invalid(option, "needs a value");
    }
    return value;
  }

  private static Integer port(String text) {
    if (text.matches("[0-9]{1,5}") && Integer.parseInt(text) <= 65535) {
      return Integer.valueOf(text);
    }
    throw Call.invalid("--port", "must be a number from 0 to 65535, not " + text);
  }
}
