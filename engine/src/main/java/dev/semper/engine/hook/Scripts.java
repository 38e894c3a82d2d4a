package dev.semper.engine.hook;

import dev.semper.engine.hook.HookRun.Status;
import dev.semper.engine.spec.HookSpec;
import dev.semper.spi.Attachment;
import dev.semper.spi.Driver;
import dev.semper.spi.Exit;
import dev.semper.spi.Launch;
import dev.semper.spi.LaunchException;
import dev.semper.spi.LogTarget;
import dev.semper.spi.Resources;
import dev.semper.spi.Running;
import dev.semper.spi.StopRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs the scripts of hooks as incarnations of the process driver: their exit is known even if no
/// server looked, and they end with everything they have started.
final class Scripts {
  private static final Logger LOG = LoggerFactory.getLogger(Scripts.class);
  private static final String PREFIX = "hook.";
  private static final int AT_ONCE = 64;
  private static final int ATTEMPTS = 3;
  private static final int DELETIONS = 10;
  private static final StopRequest GENTLY = new StopRequest("TERM", Duration.ofSeconds(5));
  private static final Duration LAST_WORD = Duration.ofSeconds(10);
  private static final long OUTPUT = 64 << 10;

  /// What has become of a run; empty of an end if the host cut it short and it is to run again.
  sealed interface Outcome {
    record Ended(Ending ending) implements Outcome {}

    record Interrupted(String why) implements Outcome {}
  }

  private final @Nullable Driver driver;
  private final Path directory;
  private final Clock clock;
  private final Semaphore slots = new Semaphore(AT_ONCE, true);
  private final Map<String, CompletableFuture<Exit>> exits = new ConcurrentHashMap<>();
  private final Set<String> cancelled = ConcurrentHashMap.newKeySet();

  /// @param driver of kind `process`; null if there is none
  /// @param directory for what is written while they run
  Scripts(@Nullable Driver driver, Path directory, Clock clock) {
    this.driver = driver;
    this.directory = directory;
    this.clock = clock;
  }

  static boolean owns(String incarnation) {
    return incarnation.startsWith(PREFIX);
  }

  private static String incarnation(HookRun run) {
    return PREFIX + run.uid() + "." + run.id() + "." + run.attempt();
  }

  void exited(String incarnation, Exit exit) {
    CompletableFuture<Exit> waiting = exits.get(incarnation);
    if (waiting != null) {
      waiting.complete(exit);
    }
  }

  boolean available() {
    return driver != null;
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
    CompletableFuture<Exit> exit =
        exits.computeIfAbsent(incarnation, _ -> new CompletableFuture<>());
    try {
      Running running =
          switch (driver.attach(incarnation)) {
            case Attachment.Alive(Running alive) -> alive;
            case Attachment.Ended(Exit end) -> {
              exit.complete(end);
              yield null;
            }
            case Attachment.NeverStarted() -> driver.start(launch(run, incarnation));
          };
      return await(run, running, exit);
    } catch (LaunchException e) {
      return new Outcome.Ended(Ending.without(Status.FAILED, String.valueOf(e.getMessage())));
    } catch (IOException e) {
      return new Outcome.Ended(
          Ending.without(Status.FAILED, "its files in " + directory + " cannot be used: " + e));
    } finally {
      exits.remove(incarnation);
    }
  }

  private Launch launch(HookRun run, String incarnation) throws IOException {
    HookSpec hook = run.hook();
    Path own = directory(run);
    Files.createDirectories(own);
    Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rwx------"));
    Path stdin = own.resolve("event.json");
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

  private Path directory(HookRun run) {
    return directory.resolve(incarnation(run));
  }

  private LogTarget output(HookRun run, String name) {
    return new LogTarget(directory(run).resolve(name), OUTPUT, 1);
  }

  private Outcome await(HookRun run, @Nullable Running running, CompletableFuture<Exit> exit)
      throws InterruptedException, IOException {
    if (running != null && cancelled.contains(run.id())) { // while it was being started
      driver().stop(incarnation(run), GENTLY);
    }
    boolean inTime = running == null || within(left(run, running), exit);
    if (!inTime) {
      driver().stop(incarnation(run), GENTLY);
      if (!within(LAST_WORD, exit)) {
        return new Outcome.Ended(
            Ending.without(Status.TIMED_OUT, "it ran out of time and cannot be ended"));
      }
    }
    Exit end = exit.join();
    if (!end.known() && inTime && run.attempt() < ATTEMPTS) {
      return new Outcome.Interrupted(end.toString());
    }
    Long pid = running == null ? null : pid(running.handle());
    Status status = status(run, inTime, end);
    String stdout = Tail.of(driver().log(output(run, "out.log")));
    String stderr = Tail.of(driver().log(output(run, "out.err.log")));
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

  /// By the wall clock, as the server may have been away; it may have jumped.
  private Duration left(HookRun run, Running running) {
    Duration timeout = run.hook().timeout();
    Duration left = timeout.minus(Duration.between(running.startedAt(), clock.instant()));
    return left.isNegative() ? Duration.ZERO : left.compareTo(timeout) > 0 ? timeout : left;
  }

  private static boolean within(Duration patience, CompletableFuture<Exit> exit)
      throws InterruptedException {
    try {
      exit.get(patience.toNanos(), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  private static @Nullable Long pid(String handle) {
    try {
      return Long.valueOf(handle);
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private Driver driver() {
    return Objects.requireNonNull(driver);
  }

  /// Ends a run whose end nobody wants any more.
  void cancel(HookRun run) {
    cancelled.add(run.id());
    if (driver != null && exits.containsKey(incarnation(run))) {
      driver.stop(incarnation(run), GENTLY);
    }
  }

  /// Its end is durable: its traces go.
  void forget(HookRun run) {
    cancelled.remove(run.id());
    if (run.hook().webhook() == null) {
      delete(directory(run));
      if (driver != null) {
        forget(driver, incarnation(run));
      }
    }
  }

  private static void forget(Driver driver, String incarnation) {
    try {
      driver.forget(incarnation);
    } catch (RuntimeException e) {
      LOG.warn("{} is forgotten at the next start: {}", incarnation, e.toString());
    }
  }

  /// Ends and forgets what an earlier server has left but for the runs that are open.
  void sweep(List<HookRun> open) throws IOException {
    Set<String> wanted = ConcurrentHashMap.newKeySet();
    open.forEach(run -> wanted.add(incarnation(run)));
    if (driver != null) {
      for (String incarnation : driver.incarnations()) {
        if (owns(incarnation) && !wanted.contains(incarnation)) {
          driver.stop(incarnation, GENTLY);
          forget(driver, incarnation);
        }
      }
    }
    if (Files.isDirectory(directory)) {
      try (Stream<Path> left = Files.list(directory)) {
        left.filter(d -> !wanted.contains(d.getFileName().toString())).forEach(Scripts::delete);
      }
    }
  }

  private static void delete(Path directory) {
    for (int left = DELETIONS; left > 0 && Files.isDirectory(directory); left--) {
      try (Stream<Path> files = Files.walk(directory)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(file);
        }
      } catch (IOException | UncheckedIOException e) {
        // The driver may just be looking after a log that it does not know to be gone.
        if (left == 1) {
          LOG.warn("{} is deleted at the next start: {}", directory, e.toString());
        }
      }
    }
  }
}
