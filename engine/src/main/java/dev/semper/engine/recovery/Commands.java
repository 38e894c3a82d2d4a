package dev.semper.engine.recovery;

import dev.semper.engine.operation.Healer.Caller;
import dev.semper.engine.operation.Healer.Result;
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
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs the commands of recoveries as incarnations of the process driver. A command is known by the
/// attempt it belongs to: started a second time after a crash it is found, running or ended, and
/// not run again. It ends with everything it has started.
final class Commands {
  private static final Logger LOG = LoggerFactory.getLogger(Commands.class);
  private static final String PREFIX = "recovery.";
  private static final StopRequest GENTLY = new StopRequest("TERM", Duration.ofSeconds(5));
  private static final Duration LAST_WORD = Duration.ofSeconds(10);
  private static final Duration LOOK = Duration.ofMillis(100);
  private static final long OUTPUT = 64 << 10;
  private static final int SHOWN = 400;

  /// A command.
  ///
  /// @param id of the recovery and its attempt, e.g. `op-7.2`
  record Order(
      String tenant,
      String workload,
      String uid,
      String id,
      Map<String, Object> settings,
      Map<String, String> env,
      Duration timeout) {
    String incarnation() {
      return PREFIX + uid + "." + id;
    }
  }

  private final @Nullable Driver driver;
  private final Path directory;
  private final Clock clock;
  private final Map<String, CompletableFuture<Exit>> exits = new ConcurrentHashMap<>();

  /// @param driver of kind `process`; null if there is none
  /// @param directory for their output while they run
  Commands(@Nullable Driver driver, Path directory, Clock clock) {
    this.driver = driver;
    this.directory = directory;
    this.clock = clock;
  }

  static boolean owns(String incarnation) {
    return incarnation.startsWith(PREFIX);
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

  /// Runs a command to its end, or goes on waiting for one that an earlier server has started.
  Result run(Order order, Caller caller) throws InterruptedException {
    Driver machine = driver;
    if (machine == null) {
      return new Result.Failed("there is no driver of kind process to run the command");
    }
    String incarnation = order.incarnation();
    CompletableFuture<Exit> exit =
        exits.computeIfAbsent(incarnation, _ -> new CompletableFuture<>());
    try {
      Running running =
          switch (machine.attach(incarnation)) {
            case Attachment.Alive(Running alive) -> alive;
            case Attachment.Ended(Exit end) -> {
              exit.complete(end);
              yield null;
            }
            case Attachment.NeverStarted() -> machine.start(launch(order));
          };
      return await(machine, order, running, exit, caller);
    } catch (LaunchException e) {
      return new Result.Failed("the command could not be started: " + e.getMessage());
    } catch (IOException e) {
      return new Result.Failed("its files in " + directory + " cannot be used: " + e);
    } finally {
      exits.remove(incarnation);
    }
  }

  private Launch launch(Order order) throws IOException {
    Path own = directory.resolve(order.incarnation());
    Files.createDirectories(own);
    Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rwx------"));
    return new Launch(
        order.incarnation(),
        order.tenant(),
        order.workload(),
        order.workload(),
        order.settings(),
        order.env(),
        Resources.UNLIMITED,
        new LogTarget(output(order), OUTPUT, 1));
  }

  private Path output(Order order) {
    return directory.resolve(order.incarnation()).resolve("out.log");
  }

  private Result await(
      Driver machine,
      Order order,
      @Nullable Running running,
      CompletableFuture<Exit> exit,
      Caller caller)
      throws InterruptedException, IOException {
    Duration left = running == null ? Duration.ZERO : left(order, running);
    long deadline = System.nanoTime() + left.toNanos();
    boolean inTime = exit.isDone();
    while (!inTime && !caller.cancelled() && System.nanoTime() - deadline < 0) {
      inTime = within(LOOK, exit);
    }
    if (!inTime) {
      machine.stop(order.incarnation(), GENTLY);
      if (!within(LAST_WORD, exit)) {
        return new Result.Failed("the command ran out of time and cannot be ended");
      }
    }
    if (!inTime && caller.cancelled()) {
      return new Result.Cancelled();
    }
    Exit end = exit.join();
    String said = tail(output(order));
    if (!inTime) {
      return new Result.Failed(
          "the command was ended after %d ms%s".formatted(order.timeout().toMillis(), said));
    }
    return Objects.equals(end.code(), 0)
        ? new Result.Done("the command ended with " + end + said)
        : new Result.Failed("the command ended with " + end + said);
  }

  /// By the wall clock, as the server may have been away; it may have jumped.
  private Duration left(Order order, Running running) {
    Duration timeout = order.timeout();
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

  private static String tail(Path output) throws IOException {
    if (!Files.exists(output)) {
      return "";
    }
    String text = new String(Files.readAllBytes(output), StandardCharsets.UTF_8).strip();
    return text.isEmpty() ? "" : ": " + text.substring(Math.max(0, text.length() - SHOWN));
  }

  /// Its end is durable: its traces go.
  void forget(String uid, String id) {
    String incarnation = PREFIX + uid + "." + id;
    Path own = directory.resolve(incarnation);
    if (driver != null && Files.isDirectory(own)) {
      forget(driver, incarnation);
      delete(own);
    }
  }

  private static void forget(Driver driver, String incarnation) {
    try {
      driver.forget(incarnation);
    } catch (RuntimeException e) {
      LOG.warn("{} is forgotten at the next start: {}", incarnation, e.toString());
    }
  }

  /// Ends and forgets what an earlier server has left, but for recoveries that go on.
  ///
  /// @param open ids of recoveries
  void sweep(Set<String> open) {
    if (driver != null) {
      for (String incarnation : driver.incarnations()) {
        if (owns(incarnation) && !open.contains(recovery(incarnation))) {
          driver.stop(incarnation, GENTLY);
          forget(driver, incarnation);
        }
      }
    }
    if (Files.isDirectory(directory)) {
      try (Stream<Path> left = Files.list(directory)) {
        left.filter(d -> !open.contains(recovery(d.getFileName().toString())))
            .forEach(Commands::delete);
      } catch (IOException e) {
        LOG.warn("{} could not be tidied up: {}", directory, e.toString());
      }
    }
  }

  /// `recovery.UID.ID.NUMBER`
  private static String recovery(String incarnation) {
    String[] parts = incarnation.split("\\.");
    return parts.length < 4 ? "" : parts[2];
  }

  private static void delete(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      LOG.warn("{} is deleted at the next start: {}", directory, e.toString());
    }
  }
}
