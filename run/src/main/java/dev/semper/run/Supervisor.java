package dev.semper.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Takes the program through its life: checks, start, restarts, end. Straight-line code on one
/// thread; what it waits for is always bounded, or ends when the container is asked to.
final class Supervisor {
  /// How one life of the program went.
  ///
  /// @param code what to exit with, if it was the last
  /// @param permanent whether another try cannot help
  private record Life(int code, boolean failed, boolean permanent, String reason) {}

  private static final int COULD_NOT_START = 1;

  private final Options options;
  private final Settings settings;
  private final Profile profile;
  private final Path base;
  private final Map<String, String> environment;
  private final Children children;
  private final Program program;
  private final Lifecycle lifecycle;
  private final List<DatabaseProbe> probes;
  private final List<Dependency> dependencies;
  private final Monitor monitor;
  private volatile Validation.@Nullable Result validation;
  private volatile List<Dependency.Found> found = List.of();
  private volatile CompletableFuture<String> restartAsked = new CompletableFuture<>();
  private boolean inTime = true;

  Supervisor(
      Options options,
      Settings settings,
      Profile profile,
      Map<String, String> environment,
      Children children,
      Program program,
      Lifecycle lifecycle) {
    this.options = options;
    this.settings = settings;
    this.profile = profile;
    this.environment = environment;
    this.children = children;
    this.program = program;
    this.lifecycle = lifecycle;
    base = options.base() == null ? settings.base : options.base();
    probes = Dependencies.databases(settings, profile);
    dependencies = Dependencies.of(settings, profile, probes);
    Health health = new Health(probes, profile.checks(), new Usage.Meter(settings, base));
    monitor =
        new Monitor(
            health,
            lifecycle,
            settings,
            profile,
            children,
            program,
            reason -> restartAsked.complete(reason));
  }

  Standing standing() {
    return new Standing(
        lifecycle,
        lifecycle.state(),
        monitor.last(),
        settings.healthEnabled,
        validation,
        found,
        children.orphansReaped());
  }

  /// Runs the program without checks and restarts: passes signals on, reaps, ends with its code.
  int simple() throws InterruptedException {
    long begun = System.nanoTime();
    lifecycle.enter(Lifecycle.State.STARTING);
    Life life = start(begun, Map.of());
    if (life == null) {
      life = runUntilEnd(false);
    }
    lifecycle.enter(life.failed() ? Lifecycle.State.FAILED : Lifecycle.State.STOPPED);
    report();
    return life.code();
  }

  int managed() throws InterruptedException {
    monitorHealth();
    RestartPolicy.Tally tally = RestartPolicy.Tally.NONE;
    while (true) {
      Life life = live();
      if (program.stop().isDone()) {
        return end(life.code(), false, "signal " + Signals.name(program.stop().getNow(0)));
      }
      if (life.failed()) {
        lifecycle.enter(Lifecycle.State.FAILED);
        lifecycle.happened(
            Lifecycle.Event.FAILURE_DETECTED,
            Map.of("reason", life.reason(), "exit_code", life.code()));
      }
      if (!life.failed() && settings.repeats) {
        // The next execution of a periodic program is no restart.
        lifecycle.enter(Lifecycle.State.STOPPED);
        lifecycle.say(
            "INFO",
            "execution_completed",
            Map.of("next_in_seconds", RestartPolicy.number(settings.interval)));
        if (Deadline.in(settings.interval).await(program.stop())) {
          return end(life.code(), false, "signal");
        }
        continue;
      }
      RestartPolicy.Verdict verdict =
          life.permanent()
              ? new RestartPolicy.Never("another try cannot help")
              : settings.restart.decide(life.failed(), tally, System.nanoTime());
      switch (verdict) {
        case RestartPolicy.Never never -> {
          if (life.failed()) {
            lifecycle.say("ERROR", "not_restarted", Map.of("reason", never.why()));
          }
          return end(life.code(), life.failed(), life.reason());
        }
        case RestartPolicy.Again again -> {
          tally = again.tally();
          lifecycle.enter(Lifecycle.State.RESTARTING);
          Map<String, Object> details = new LinkedHashMap<>();
          details.put("attempt", tally.count());
          details.put("delay_seconds", RestartPolicy.number(again.delay()));
          details.put("reason", life.reason());
          lifecycle.happened(Lifecycle.Event.RESTART_INITIATED, details);
          if (Deadline.in(again.delay()).await(program.stop())) {
            return end(life.code(), false, "signal");
          }
        }
      }
    }
  }

  private void monitorHealth() {
    if (settings.healthEnabled) {
      monitor.start();
    }
  }

  /// From the first check to the end of the program.
  private Life live() throws InterruptedException {
    long begun = System.nanoTime();
    lifecycle.enter(Lifecycle.State.STARTING);
    lifecycle.happened(
        Lifecycle.Event.STARTUP_INITIATED, Map.of("environment", settings.environmentName));

    Validation.Result checked =
        new Validation(
                options.flow(),
                settings,
                profile,
                base,
                options.base() != null || settings.baseGiven,
                environment)
            .run();
    validation = checked;
    checked
        .warnings()
        .forEach(
            warning -> lifecycle.say("WARNING", "validation_warning", Map.of("warning", warning)));
    if (!checked.success()) {
      lifecycle.say("ERROR", "validation_failed", checked.told());
      return new Life(
          COULD_NOT_START,
          true,
          checked.permanent(),
          "validation failed: " + String.join(", ", checked.checksFailed()));
    }

    long waited = System.nanoTime();
    List<Dependency.Found> all = Dependency.await(dependencies, program.stop());
    found = all;
    if (program.stop().isDone()) {
      return stoppedEarly();
    }
    List<String> missing = new ArrayList<>();
    for (Dependency.Found one : all) {
      if (!one.there()) {
        boolean required = one.dependency().required();
        lifecycle.say(required ? "ERROR" : "WARNING", "dependency_missing", one.told());
        if (required) {
          missing.add(one.dependency().name());
        }
      }
    }
    if (!missing.isEmpty()) {
      return new Life(
          COULD_NOT_START, true, false, "dependencies missing: " + String.join(", ", missing));
    }
    lifecycle.happened(
        Lifecycle.Event.DEPENDENCIES_READY,
        (System.nanoTime() - waited) / 1_000_000,
        Map.of(
            "dependencies_checked",
            all.size(),
            "dependencies",
            all.stream().map(Dependency.Found::told).toList()));

    Health.Status status = Health.Status.HEALTHY;
    if (settings.healthEnabled) {
      Health.Report report = monitor.first();
      status = report.status();
      // A check of the service itself can only pass once it runs.
      if (report.withoutService() == Health.Status.UNHEALTHY) {
        return new Life(
            COULD_NOT_START,
            true,
            false,
            "first health check: " + String.join("; ", report.issues()));
      }
    }
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("validation_checks", checked.checksPassed().size() + checked.checksFailed().size());
    details.put("dependencies_checked", all.size());
    details.put("health_status", status.told());
    Life failed = start(begun, details);
    return failed == null ? runUntilEnd(true) : failed;
  }

  private Life stoppedEarly() {
    return new Life(128 + program.stop().getNow(Signals.TERM), false, false, "asked to stop");
  }

  /// @return null if it runs
  private @Nullable Life start(long begun, Map<String, Object> details) {
    restartAsked = new CompletableFuture<>();
    try {
      if (program.start() == null) {
        return stoppedEarly();
      }
    } catch (SpawnException e) {
      return new Life(e.exitCode(), true, true, "" + e.getMessage());
    }
    lifecycle.enter(Lifecycle.State.RUNNING);
    lifecycle.happened(
        Lifecycle.Event.STARTUP_COMPLETED, (System.nanoTime() - begun) / 1_000_000, details);
    return null;
  }

  private Life runUntilEnd(boolean bounded) throws InterruptedException {
    Children.Child child = program.running();
    CompletableFuture<Integer> ended =
        child == null ? CompletableFuture.completedFuture(0) : child.ended();
    CompletableFuture<?> next =
        bounded
            ? CompletableFuture.anyOf(ended, program.stop(), restartAsked)
            : CompletableFuture.anyOf(ended);
    next.join();

    String reason = null;
    Deadline total = Deadline.in(settings.shutdownTimeout);
    if (bounded && !ended.isDone()) {
      if (program.stop().isDone()) {
        stopping(total);
      } else {
        reason = restartAsked.getNow("");
        program.ask();
      }
    }
    // What is left of the time belongs to the handlers.
    Deadline own = total.minus(Math.min(5, settings.shutdownTimeout / 3));
    if (profile.stopTimeout() != null) {
      own = own.orIn(profile.stopTimeout());
    }
    inTime = program.awaitEnd(own);
    Integer code = program.code();
    int told = code == null ? 128 + Signals.KILL : code;
    if (told == 128 + Signals.INT && Native.call("isatty", 0) == 1) {
      program.taken(Signals.INT); // Ctrl-C reaches the program only, and means us too
    }
    if (reason != null) {
      return new Life(told, true, false, reason);
    }
    boolean server = settings.execution == Settings.Execution.SERVER && bounded;
    return new Life(
        told,
        told != 0 || server,
        false,
        told > 128 && told < 193
            ? "ended by signal " + Signals.name(told - 128)
            : "ended with code " + told);
  }

  private @Nullable Deadline ending;

  /// Begins the end: from now on time counts, whatever hangs.
  private Deadline stopping(Deadline total) {
    if (ending == null) {
      ending = total;
      lifecycle.enter(Lifecycle.State.STOPPING);
      Map<String, Object> details = new LinkedHashMap<>();
      details.put(
          "reason",
          program.stop().isDone()
              ? "signal " + Signals.name(program.stop().getNow(0))
              : "the program has ended");
      details.put("timeout_seconds", RestartPolicy.number(settings.shutdownTimeout));
      lifecycle.happened(Lifecycle.Event.SHUTDOWN_INITIATED, details);
    }
    return ending;
  }

  private int end(int code, boolean failed, String reason) throws InterruptedException {
    long begun = System.nanoTime();
    Deadline deadline = stopping(Deadline.in(settings.shutdownTimeout));
    List<String> late = new ArrayList<>();
    for (Profile.Handler handler : profile.handlers()) {
      handle(
          handler.name(),
          deadline.orIn(handler.timeout()),
          late,
          () -> {
            int ended =
                Commands.run(
                    children,
                    handler.command(),
                    List.of("SEMPER_ACTION=shutdown", "SEMPER_EXIT_CODE=" + code),
                    deadline.orIn(handler.timeout()));
            if (ended != 0) {
              throw new IOException("ended with code " + ended);
            }
          });
    }
    if (!profile.temporary().isEmpty()) {
      handle(
          "temporary_files",
          deadline,
          late,
          () -> {
            Deletion.Done done = Deletion.of(profile.temporary());
            if (!done.trouble().isEmpty()) {
              throw new IOException(String.join("; ", done.trouble()));
            }
          });
    }
    handle(
        "log_rotation",
        deadline,
        late,
        () -> {
          List<String> rotated = Deletion.rotate(base.resolve("logs"));
          if (!rotated.isEmpty()) {
            lifecycle.say("INFO", "logs_rotated", Map.of("files", rotated));
          }
        });
    boolean graceful = inTime && late.isEmpty();
    lifecycle.stopped(graceful);
    lifecycle.enter(failed ? Lifecycle.State.FAILED : Lifecycle.State.STOPPED);
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("graceful", graceful);
    details.put("exit_code", code);
    details.put("reason", reason);
    if (!late.isEmpty()) {
      details.put("handlers_over_time", late);
    }
    lifecycle.happened(
        Lifecycle.Event.SHUTDOWN_COMPLETED, (System.nanoTime() - begun) / 1_000_000, details);
    report();
    return code;
  }

  private interface Work {
    void run() throws Exception;
  }

  /// One handler: its failure does not stop the rest, its hanging only as long as it may.
  private void handle(String name, Deadline deadline, List<String> late, Work work)
      throws InterruptedException {
    try {
      deadline.within(
          "shutdown " + name,
          () -> {
            work.run();
            return true;
          });
    } catch (InterruptedException e) {
      throw e;
    } catch (TimeoutException e) {
      late.add(name);
      lifecycle.say("ERROR", "shutdown_handler_over_time", Map.of("handler", name));
    } catch (Exception e) {
      lifecycle.say(
          "ERROR", "shutdown_handler_failed", Map.of("handler", name, "error", Check.reason(e)));
    }
  }

  private void report() throws InterruptedException {
    Map<String, @Nullable Object> report =
        lifecycle.report(
            settings.restart.told(), dependencies.stream().map(Dependency::told).toList());
    List<Path> files = new ArrayList<>();
    Path logs = base.resolve("logs");
    if (options.managed() && Files.isDirectory(logs)) {
      files.add(logs.resolve(options.flow() + "_lifecycle_metrics.json"));
    }
    if (options.report() != null) {
      files.add(options.report());
    }
    for (Path file : files) {
      try {
        Deadline.in(2)
            .within(
                "report",
                () -> {
                  ReportFile.write(file, report);
                  return true;
                });
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception e) {
        lifecycle.say(
            "ERROR", "report_not_written", Map.of("file", file, "error", Check.reason(e)));
      }
    }
  }
}
