package dev.semper.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `semper run`.
public final class Main {
  private static final int WRONG = 2;

  /// A defect of this program itself.
  static final int DEFECT = 70;

  private Main() {}

  /// Runs a program to its end and exits with its code; see `semper run --help`.
  public static void main(String[] arguments) {
    List<String> words = List.of(arguments);
    if ((words.contains("--help") && !words.contains("--")) || words.equals(List.of("-h"))) {
      System.out.print(Options.USAGE);
      System.exit(0);
    }
    int code;
    try {
      code = run(Options.parse(words));
    } catch (Options.WrongException | Profile.WrongException e) {
      System.err.println("semper run: " + e.getMessage() + " (semper run --help)");
      code = WRONG;
    } catch (IOException e) {
      System.err.println("semper run: " + e.getMessage());
      code = 1;
    } catch (InterruptedException e) {
      code = 1;
    } catch (Throwable e) {
      // As PID 1: whatever is wrong with us, the container has to end and to say why.
      System.err.println("semper run: a defect, please report it");
      e.printStackTrace();
      code = DEFECT;
    }
    System.exit(code);
  }

  private static int run(Options options)
      throws IOException, InterruptedException, Options.WrongException, Profile.WrongException {
    Signals.requireBlocked();
    try (Children children = Children.adopt()) {
      return run(options, children);
    }
  }

  private static int run(Options options, Children children)
      throws IOException, InterruptedException, Options.WrongException, Profile.WrongException {
    Map<String, String> environment = System.getenv();
    Settings settings = new Settings(environment);
    Path report = options.report();
    if (report != null && !Files.isDirectory(report.toAbsolutePath().resolveSibling("."))) {
      throw new Options.WrongException("--export-report " + report + ": its folder does not exist");
    }
    Profile profile =
        options.profile() == null
            ? Profile.NONE
            : Profile.read(options.profile(), environment, children);
    Program program = new Program(children, Words.last(options.words()), profile.stopSignal());
    children.listen(program::taken);

    String container =
        options.containerId() == null
            ? options.flow() + "-" + Instant.now().getEpochSecond()
            : options.containerId();
    Log log =
        new Log(
            container,
            options.flow(),
            options.logLevel() == null ? settings.logLevel : options.logLevel());
    log.setStructured(settings.structured);
    Lifecycle lifecycle = new Lifecycle(container, options.flow(), log);
    Supervisor supervisor =
        new Supervisor(options, settings, profile, environment, children, program, lifecycle);
    try {
      if (!options.managed()) {
        return supervisor.simple();
      }
      var _ = program.stop().thenAccept(signal -> haltAfter(settings.shutdownTimeout, log));
      try (HealthServer _ = serve(options, settings, lifecycle, supervisor)) {
        return supervisor.managed();
      }
    } finally {
      log.close();
    }
  }

  /// A port that was asked for must be had; the default one may be somebody else's.
  private static @Nullable HealthServer serve(
      Options options, Settings settings, Lifecycle lifecycle, Supervisor supervisor)
      throws IOException {
    if (!settings.metricsEnabled) {
      return null;
    }
    Integer asked = options.metricsPort();
    int port = asked == null ? settings.metricsPort : asked;
    try {
      HealthServer server = HealthServer.start(address(settings), port, supervisor::standing);
      lifecycle.say(
          "INFO", "metrics_listening", Map.of("address", address(settings), "port", server.port()));
      return server;
    } catch (IOException e) {
      if (asked != null || settings.has("MONITORING_METRICS_PORT")) {
        throw e;
      }
      lifecycle.say("WARNING", "metrics_unavailable", Map.of("error", "" + e.getMessage()));
      return null;
    }
  }

  /// In a container everybody who can reach it may ask; on a host only the host itself.
  private static String address(Settings settings) {
    if (settings.metricsAddress != null) {
      return settings.metricsAddress;
    }
    return Native.call("getpid") == 1 ? "0.0.0.0" : "127.0.0.1";
  }

  /// The last resort if even the bounded end hangs, e.g. in a file system that is gone.
  private static void haltAfter(double seconds, Log log) {
    Thread thread =
        new Thread(
            () -> {
              try {
                Thread.sleep((long) (seconds * 1000) + 5000);
                log.line("CRITICAL", "shutdown_hangs", null, Map.of());
                log.close();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              Runtime.getRuntime().halt(128 + Signals.KILL);
            },
            "last resort");
    thread.setDaemon(true);
    thread.start();
  }
}
