package dev.semper.engine.hook;

import dev.semper.engine.hook.HookRun.Status;
import dev.semper.engine.spec.HookSpec;
import dev.semper.engine.workload.HostCommands;
import dev.semper.spi.Driver;
import dev.semper.spi.Exit;
import dev.semper.spi.Launch;
import dev.semper.spi.LaunchException;
import dev.semper.spi.LogTarget;
import dev.semper.spi.Resources;
import dev.semper.spi.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Runs the scripts of hooks as incarnations of the process driver: their exit is known even if no
/// server looked, and they end with everything they have started.
final class Scripts {
  private static final String PREFIX = "hook.";
  private static final int AT_ONCE = 64;
  private static final int ATTEMPTS = 3;
  private static final long OUTPUT = 64 << 10;

  /// What has become of a run; empty of an end if the host cut it short and it is to run again.
  sealed interface Outcome {
    record Ended(Ending ending) implements Outcome {}

    record Interrupted(String why) implements Outcome {}
  }

  private final @Nullable Driver driver;
  private final HostCommands commands;
  private final Semaphore slots = new Semaphore(AT_ONCE, true);
  private final Set<String> cancelled = ConcurrentHashMap.newKeySet();

  /// @param driver of kind `process`; null if there is none
  /// @param directory for what is written while they run
  Scripts(@Nullable Driver driver, Path directory, Clock clock) {
    this.driver = driver;
    commands = new HostCommands(driver, directory, PREFIX, clock);
  }

  static boolean owns(String incarnation) {
    return incarnation.startsWith(PREFIX);
  }

  private static String incarnation(HookRun run) {
    return PREFIX + run.uid() + "." + run.id() + "." + run.attempt();
  }

  void exited(String incarnation, Exit exit) {
    commands.exited(incarnation, exit);
  }

  boolean available() {
    return commands.available();
  }

  /// Waits for a free slot; to be given back.
  void take() throws InterruptedException {
    slots.acquire();
  }

  void give() {
    slots.release();
  }

  /// Runs a script to its end, or goes on waiting for one that an earlier server has started.
  Outcome run(HookRun run) throws InterruptedException {
    if (driver == null) {
      return new Outcome.Ended(
          Ending.without(Status.FAILED, "there is no driver of kind process to run it"));
    }
    String incarnation = incarnation(run);
    try (HostCommands.Begun begun = commands.begin(incarnation, () -> launch(run, incarnation))) {
      return await(run, begun, driver);
    } catch (LaunchException e) {
      return new Outcome.Ended(Ending.without(Status.FAILED, String.valueOf(e.getMessage())));
    } catch (IOException e) {
      return new Outcome.Ended(
          Ending.without(
              Status.FAILED, "its files in " + commands.directory() + " cannot be used: " + e));
    }
  }

  private Launch launch(HookRun run, String incarnation) throws IOException {
    HookSpec hook = run.hook();
    commands.makeDirectory(incarnation);
    Path stdin = commands.directory(incarnation).resolve("event.json");
    Files.writeString(stdin, Message.json(run));
    Map<String, Object> settings = new HashMap<>();
    settings.put("command", hook.command());
    settings.put("stdin", stdin.toString());
    settings.put("stderr", "separate");
    if (hook.user() != null) {
      settings.put("user", hook.user());
    }
    return new Launch(
        incarnation,
        run.tenant(),
        run.workload(),
        Objects.requireNonNullElse(run.occasion().instance(), run.workload()),
        settings,
        Message.env(run, System.getenv()),
        Resources.UNLIMITED,
        output(run, "out.log"));
  }

  private LogTarget output(HookRun run, String name) {
    return new LogTarget(commands.directory(incarnation(run)).resolve(name), OUTPUT, 1);
  }

  private Outcome await(HookRun run, HostCommands.Begun begun, Driver machine)
      throws InterruptedException, IOException {
    Running running = begun.running();
    if (running != null && cancelled.contains(run.id())) { // while it was being started
      commands.stop(incarnation(run));
    }
    boolean inTime = running == null || begun.endsWithin(begun.left(run.hook().timeout()));
    if (!inTime && !begun.end()) {
      return new Outcome.Ended(
          Ending.without(Status.TIMED_OUT, "it ran out of time and cannot be ended"));
    }
    Exit end = begun.exit();
    if (!end.known() && inTime && run.attempt() < ATTEMPTS) {
      return new Outcome.Interrupted(end.toString());
    }
    Long pid = running == null ? null : pid(running.handle());
    Status status = status(run, inTime, end);
    String stdout = Tail.of(machine.log(output(run, "out.log")));
    String stderr = Tail.of(machine.log(output(run, "out.err.log")));
    Integer code = status == Status.TIMED_OUT ? Integer.valueOf(-1) : end.code();
    return new Outcome.Ended(
        new Ending(status, pid, code, 0, stdout, stderr, message(run, status, end)));
  }

  private Status status(HookRun run, boolean inTime, Exit end) {
    if (cancelled.contains(run.id())) {
      return Status.CANCELLED;
    }
    if (!inTime) {
      return Status.TIMED_OUT;
    }
    return Objects.equals(end.code(), 0) ? Status.SUCCEEDED : Status.FAILED;
  }

  private static String message(HookRun run, Status status, Exit end) {
    return switch (status) {
      case SUCCEEDED, WAITING, RUNNING -> "";
      case FAILED -> "ended with " + end;
      case TIMED_OUT -> "was ended after " + run.hook().timeout().toMillis() + " ms";
      case CANCELLED -> "was cancelled";
    };
  }

  private static @Nullable Long pid(String handle) {
    try {
      return Long.valueOf(handle);
    } catch (NumberFormatException e) {
      return null;
    }
  }

  /// Ends a run whose end nobody wants any more.
  void cancel(HookRun run) {
    cancelled.add(run.id());
    commands.stop(incarnation(run));
  }

  /// Its end is durable: its traces go.
  void forget(HookRun run) {
    cancelled.remove(run.id());
    if (run.hook().webhook() == null) {
      commands.forget(incarnation(run));
    }
  }

  /// Ends and forgets what an earlier server has left but for the runs that are open.
  void sweep(List<HookRun> open) throws IOException {
    Set<String> wanted = open.stream().map(Scripts::incarnation).collect(Collectors.toSet());
    commands.sweep(wanted::contains);
  }
}
