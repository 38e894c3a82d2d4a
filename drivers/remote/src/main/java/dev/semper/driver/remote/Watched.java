package dev.semper.driver.remote;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What is kept of an incarnation on disk.
///
/// @param since when it entered the phase
/// @param startedAt when the watching began
/// @param handle what it is called for people
/// @param stop what stops it; may be empty
/// @param restartable whether it has a command of its own for restarting
/// @param env of its commands
/// @param log where their output goes
/// @param command the command under way, once its PID is known
record Watched(
    String incarnation,
    Phase phase,
    Instant since,
    Instant startedAt,
    String handle,
    List<String> stop,
    boolean restartable,
    Duration timeout,
    Map<String, String> env,
    Path log,
    @Nullable Started command) {

  enum Phase {
    /// Its command for starting or restarting has begun, or is about to.
    LAUNCHING,
    WATCHED,
    /// Its command for stopping has begun, or is about to.
    STOPPING,
    ENDED
  }

  /// A process named by PID and start time, so that it is never taken for another one.
  ///
  /// @param startMillis by the wall clock, as the system tells
  record Started(long pid, long startMillis) {
    static Started of(ProcessHandle process) {
      return new Started(process.pid(), startMillis(process));
    }

    private static long startMillis(ProcessHandle process) {
      return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
    }

    /// It, if it still runs.
    Optional<ProcessHandle> find() {
      return ProcessHandle.of(pid).filter(p -> p.isAlive() && startMillis(p) == startMillis);
    }
  }

  Watched {
    stop = List.copyOf(stop);
    env = Map.copyOf(env);
  }

  Watched to(Phase next, Instant now) {
    Instant started = next == Phase.WATCHED ? now : startedAt;
    return new Watched(
        incarnation, next, now, started, handle, stop, restartable, timeout, env, log, null);
  }

  Watched with(Started process) {
    return new Watched(
        incarnation,
        phase,
        since,
        startedAt,
        handle,
        stop,
        restartable,
        timeout,
        env,
        log,
        process);
  }

  Optional<ProcessHandle> commandUnderWay() {
    return Optional.ofNullable(command).flatMap(Started::find);
  }
}
