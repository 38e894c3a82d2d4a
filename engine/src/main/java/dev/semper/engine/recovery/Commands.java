package dev.semper.engine.recovery;

import dev.semper.engine.operation.Healer.Caller;
import dev.semper.engine.operation.Healer.Result;
import dev.semper.engine.workload.HostCommands;
import dev.semper.spi.Driver;
import dev.semper.spi.Exit;
import dev.semper.spi.Launch;
import dev.semper.spi.LaunchException;
import dev.semper.spi.LogTarget;
import dev.semper.spi.Resources;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs the commands of recoveries as incarnations of the process driver. A command is known by the
/// attempt it belongs to: started a second time after a crash it is found, running or ended, and
/// not run again. It ends with everything it has started.
final class Commands {
  private static final Logger LOG = LoggerFactory.getLogger(Commands.class);
  private static final String PREFIX = "recovery.";
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

  private final HostCommands commands;

  /// @param driver of kind `process`; null if there is none
  /// @param directory for their output while they run
  Commands(@Nullable Driver driver, Path directory, Clock clock) {
    commands = new HostCommands(driver, directory, PREFIX, clock);
  }

  static boolean owns(String incarnation) {
    return incarnation.startsWith(PREFIX);
  }

  void exited(String incarnation, Exit exit) {
    commands.exited(incarnation, exit);
  }

  boolean available() {
    return commands.available();
  }

  /// Runs a command to its end, or goes on waiting for one that an earlier server has started.
  Result run(Order order, Caller caller) throws InterruptedException {
    if (!commands.available()) {
      return new Result.Failed("there is no driver of kind process to run the command");
    }
    try (HostCommands.Begun begun = commands.begin(order.incarnation(), () -> launch(order))) {
      return await(order, begun, caller);
    } catch (LaunchException e) {
      return new Result.Failed("the command could not be started: " + e.getMessage());
    } catch (IOException e) {
      return new Result.Failed("its files in " + commands.directory() + " cannot be used: " + e);
    }
  }

  private Launch launch(Order order) throws IOException {
    commands.makeDirectory(order.incarnation());
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
    return commands.directory(order.incarnation()).resolve("out.log");
  }

  private Result await(Order order, HostCommands.Begun begun, Caller caller)
      throws InterruptedException, IOException {
    long deadline = System.nanoTime() + begun.left(order.timeout()).toNanos();
    boolean inTime = begun.endsWithin(Duration.ZERO);
    while (!inTime && !caller.cancelled() && System.nanoTime() - deadline < 0) {
      inTime = begun.endsWithin(LOOK);
    }
    if (!inTime && !begun.end()) {
      return new Result.Failed("the command ran out of time and cannot be ended");
    }
    if (!inTime && caller.cancelled()) {
      return new Result.Cancelled();
    }
    Exit end = begun.exit();
    String said = tail(output(order));
    if (!inTime) {
      return new Result.Failed(
          "the command was ended after %d ms%s".formatted(order.timeout().toMillis(), said));
    }
    return Objects.equals(end.code(), 0)
        ? new Result.Done("the command ended with " + end + said)
        : new Result.Failed("the command ended with " + end + said);
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
    if (commands.available() && Files.isDirectory(commands.directory(incarnation))) {
      commands.forget(incarnation);
    }
  }

  /// Ends and forgets what an earlier server has left, but for recoveries that go on.
  ///
  /// @param open ids of recoveries
  void sweep(Set<String> open) {
    try {
      commands.sweep(incarnation -> open.contains(recovery(incarnation)));
    } catch (IOException e) {
      LOG.warn("{} could not be tidied up: {}", commands.directory(), e.toString());
    }
  }

  /// `recovery.UID.ID.NUMBER`
  private static String recovery(String incarnation) {
    String[] parts = incarnation.split("\\.");
    return parts.length < 4 ? "" : parts[2];
  }
}
