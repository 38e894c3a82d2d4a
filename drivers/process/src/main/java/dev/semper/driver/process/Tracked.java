package dev.semper.driver.process;

import dev.semper.spi.Exit;
import dev.semper.spi.LogTarget;
import dev.semper.spi.Running;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// What the driver holds in memory about one incarnation; all of it can be had again from the
/// keeper.
final class Tracked {
  private static final long STILL_RUNS = Long.MAX_VALUE;

  private final String name;
  private final int pid;
  private final long start;
  private final Instant startedAt;
  private final Note note;
  private final String group;
  private final CompletableFuture<Exit> ended = new CompletableFuture<>();
  private volatile long endTicks = STILL_RUNS;
  private volatile boolean announced;
  private volatile boolean ending;
  private boolean reported;
  private boolean swept;
  private volatile boolean forgotten;
  private volatile @Nullable Map<String, String> env;

  private Tracked(String name, int pid, long start, Instant startedAt, Note note, String group) {
    this.name = name;
    this.pid = pid;
    this.start = start;
    this.startedAt = startedAt;
    this.note = note;
    this.group = group;
  }

  /// @param base PID, start time, wall time, note and control group, as the keeper tells them
  static Tracked of(String name, List<String> base) {
    return new Tracked(
        name,
        Integer.parseInt(base.get(0)),
        Long.parseLong(base.get(1)),
        Instant.ofEpochMilli(Long.parseLong(base.get(2))),
        Note.parse(base.get(3)),
        base.get(4));
  }

  String name() {
    return name;
  }

  int pid() {
    return pid;
  }

  long start() {
    return start;
  }

  Note note() {
    return note;
  }

  /// Directory of the control group its tree was born into; empty if none.
  String group() {
    return group;
  }

  boolean isMain(Proc proc) {
    return proc.pid() == pid && proc.start() == start;
  }

  /// Start time below which a member of the main process's session surely belongs to it: later the
  /// PID may have been given to another.
  long endTicks() {
    return endTicks;
  }

  boolean helper() {
    return Helpers.isHelper(name);
  }

  /// Somebody was told that it runs, so its exit has to be reported.
  boolean announced() {
    return announced;
  }

  void announce() {
    announced = true;
  }

  /// Whether its end is to be told now; true once only.
  synchronized boolean report() {
    boolean now = announced && ended.isDone() && !reported;
    reported |= now;
    return now;
  }

  /// @return whether its traces may go now: what it left behind is gone too
  synchronized boolean forget() {
    forgotten = true;
    return swept;
  }

  /// @return whether its traces may go now: nobody wants them any more
  synchronized boolean swept() {
    swept = true;
    return forgotten;
  }

  /// Nothing of it is left: its tree was seen to be empty after its end.
  synchronized boolean isSwept() {
    return swept;
  }

  boolean forgotten() {
    return forgotten;
  }

  /// Somebody ends its tree already.
  boolean ending() {
    return ending;
  }

  void ending(boolean now) {
    ending = now;
  }

  void env(Map<String, String> launched) {
    env = launched;
  }

  @Nullable Map<String, String> env() {
    return env;
  }

  CompletableFuture<Exit> ended() {
    return ended;
  }

  boolean runs() {
    return !ended.isDone();
  }

  /// @return false if it had ended already
  boolean end(Exit exit, long ticks) {
    if (ended.isDone()) {
      return false;
    }
    endTicks = ticks;
    return ended.complete(exit);
  }

  Running running() {
    return new Running(
        Integer.toString(pid), startedAt, "boot=" + Machine.BOOT_ID + " start=" + start);
  }

  /// What has to be known of a launch after the server's death; kept in the keeper's record. No
  /// environment: it may hold secrets.
  record Note(
      String directory,
      String user,
      String group,
      String umask,
      String log,
      String errorLog,
      long maxBytes,
      int maxFiles) {

    Note in(String otherDirectory) {
      return new Note(otherDirectory, user, group, umask, log, errorLog, maxBytes, maxFiles);
    }

    String text() {
      return String.join(
          "\n",
          directory,
          user,
          group,
          umask,
          log,
          errorLog,
          Long.toString(maxBytes),
          Integer.toString(maxFiles));
    }

    static Note parse(String text) {
      String[] lines = text.split("\n", -1);
      if (lines.length < 8) {
        return new Note("", "", "", "", "", "", 0, 0);
      }
      return new Note(
          lines[0],
          lines[1],
          lines[2],
          lines[3],
          lines[4],
          lines[5],
          Long.parseLong(lines[6]),
          Integer.parseInt(lines[7]));
    }

    List<LogTarget> logs() {
      if (log.isEmpty()) {
        return List.of();
      }
      LogTarget out = new LogTarget(Path.of(log), maxBytes, maxFiles);
      return errorLog.isEmpty()
          ? List.of(out)
          : List.of(out, new LogTarget(Path.of(errorLog), maxBytes, maxFiles));
    }
  }
}
