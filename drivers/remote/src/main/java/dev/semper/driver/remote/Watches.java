package dev.semper.driver.remote;

import dev.semper.driver.remote.Watched.Phase;
import dev.semper.spi.Attachment;
import dev.semper.spi.DriverContext;
import dev.semper.spi.ExecRequest;
import dev.semper.spi.ExecResult;
import dev.semper.spi.Exit;
import dev.semper.spi.Launch;
import dev.semper.spi.LaunchException;
import dev.semper.spi.LogTarget;
import dev.semper.spi.Running;
import dev.semper.spi.StopRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// What is watched, each incarnation by its record. Keeps nothing in memory that matters.
final class Watches {
  private final DriverContext context;
  private final Records records;
  private final Map<Path, CommandLog> logs = new ConcurrentHashMap<>();

  Watches(DriverContext context) {
    this.context = context;
    records = new Records(context.state());
  }

  Running start(Launch launch) throws LaunchException {
    Optional<Watched> known = records.read(launch.incarnation());
    if (known.isPresent()) {
      return running(startAgain(known.get()));
    }
    Settings settings = Settings.of(launch.settings());
    List<String> command = command(launch.cause(), settings);
    Watched record = fresh(launch, settings);
    if (!command.isEmpty()) {
      records.write(record);
      runToStart(record, name(launch.cause(), settings), command, log(launch.log()));
    }
    return running(written(record.to(Phase.WATCHED, Instant.now())));
  }

  private static List<String> command(Launch.Cause cause, Settings settings) {
    return switch (cause) {
      case START -> settings.start();
      // Without a restart command, the stop before it has run the stop command.
      case RESTART -> settings.restart().isEmpty() ? settings.start() : settings.restart();
      case UPDATE -> List.of();
    };
  }

  private static String name(Launch.Cause cause, Settings settings) {
    boolean restart = cause == Launch.Cause.RESTART && !settings.restart().isEmpty();
    return restart ? "restart_command" : "start_command";
  }

  private static Watched fresh(Launch launch, Settings settings) {
    Instant now = Instant.now();
    return new Watched(
        launch.incarnation(),
        Phase.LAUNCHING,
        now,
        now,
        settings.host().isEmpty() ? launch.workload() : settings.host(),
        settings.stop(),
        !settings.restart().isEmpty(),
        settings.timeout(),
        launch.env(),
        launch.log().file(),
        null);
  }

  private void runToStart(Watched record, String what, List<String> command, CommandLog log)
      throws LaunchException {
    try {
      run(record, what, command, log);
    } catch (LaunchException e) {
      records.delete(record.incarnation());
      throw e;
    }
  }

  private void run(Watched record, String what, List<String> command, CommandLog log)
      throws LaunchException {
    try {
      Commands.run(
          what,
          command,
          record.env(),
          record.timeout(),
          log,
          process -> records.write(record.with(Watched.Started.of(process))));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while " + what + " runs", e);
    }
  }

  /// It has been started before, maybe by a server that has died meanwhile.
  private Watched startAgain(Watched known) throws LaunchException {
    return switch (known.phase()) {
      case WATCHED, STOPPING -> known;
      case ENDED -> throw new LaunchException(known.handle() + " is watched no longer", false);
      case LAUNCHING -> {
        if (!settled(known)) {
          records.delete(known.incarnation());
          throw new LaunchException(
              "the command for starting it was ended after %d s (command_timeout)"
                  .formatted(known.timeout().toSeconds()),
              true);
        }
        yield written(known.to(Phase.WATCHED, Instant.now()));
      }
    };
  }

  /// Waits for a command that an earlier server has begun. How it ends cannot be known; it is not
  /// run a second time.
  ///
  /// @return false if it took too long and was ended
  private boolean settled(Watched record) {
    Optional<ProcessHandle> command = record.commandUnderWay();
    if (command.isPresent() && !inTime(record, command.get())) {
      return false;
    }
    notice(
        record,
        "the server died while a command was under way; how it ended is not known, and it is not"
            + " run again");
    return true;
  }

  private static boolean inTime(Watched record, ProcessHandle command) {
    Duration left = Duration.between(Instant.now(), record.since().plus(record.timeout()));
    try {
      if (Trees.await(command, left)) {
        return true;
      }
      Trees.end(command);
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for a command", e);
    }
  }

  Attachment attach(String incarnation) {
    Optional<Watched> known = records.read(incarnation);
    if (known.isEmpty()) {
      return new Attachment.NeverStarted();
    }
    Watched record = known.get();
    return switch (record.phase()) {
      case LAUNCHING -> new Attachment.NeverStarted();
      case WATCHED, STOPPING -> new Attachment.Alive(running(record));
      case ENDED -> new Attachment.Ended(exit(record));
    };
  }

  void stop(String incarnation, StopRequest request) {
    Optional<Watched> known = records.read(incarnation);
    if (known.isEmpty() || known.get().phase() == Phase.ENDED) {
      return;
    }
    Watched record = known.get();
    switch (record.phase()) {
      case LAUNCHING -> record.commandUnderWay().ifPresent(Trees::kill);
      case WATCHED -> {
        if (!record.stop().isEmpty() && isWanted(record, request)) {
          runToStop(written(record.to(Phase.STOPPING, Instant.now())));
        }
      }
      case STOPPING -> {
        if (!settled(record)) {
          notice(record, "stop_command took too long and was ended");
        }
      }
      case ENDED -> throw new IllegalStateException("it has ended: " + incarnation);
    }
    Watched ended = written(record.to(Phase.ENDED, Instant.now()));
    context.exits().accept(incarnation, exit(ended));
  }

  /// Whether the stop command has its turn.
  private static boolean isWanted(Watched record, StopRequest request) {
    return switch (request.next()) {
      case null -> true;
      case START -> true;
      case RESTART -> !record.restartable();
      case UPDATE -> false;
    };
  }

  private void runToStop(Watched record) {
    try {
      run(record, "stop_command", record.stop(), log(record.log()));
    } catch (LaunchException e) {
      notice(record, String.valueOf(e.getMessage()));
    }
  }

  private void notice(Watched record, String message) {
    context.notices().accept(record.incarnation(), message);
  }

  void forget(String incarnation) {
    records
        .read(incarnation)
        .filter(record -> record.phase() == Phase.LAUNCHING)
        .flatMap(Watched::commandUnderWay)
        .ifPresent(Trees::kill);
    records.delete(incarnation);
  }

  List<String> incarnations() {
    return records.incarnations();
  }

  ExecResult exec(String incarnation, ExecRequest request) throws LaunchException {
    Watched record =
        records
            .read(incarnation)
            .orElseThrow(() -> new LaunchException("it is not watched: " + incarnation, false));
    Map<String, String> env = new HashMap<>(record.env());
    env.putAll(request.env());
    return Commands.exec(request, env);
  }

  CommandLog log(LogTarget target) {
    return log(target.file()).limit(target);
  }

  private CommandLog log(Path file) {
    return logs.computeIfAbsent(file, CommandLog::new);
  }

  private Watched written(Watched record) {
    records.write(record);
    return record;
  }

  private static Running running(Watched record) {
    return new Running(record.handle(), record.startedAt(), "watched");
  }

  private static Exit exit(Watched record) {
    return Exit.code(record.since(), 0);
  }
}
