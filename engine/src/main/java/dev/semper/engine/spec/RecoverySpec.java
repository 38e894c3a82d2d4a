package dev.semper.engine.spec;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// How a workload that is not well is brought back when restarting by policy is not enough.
///
/// @param enabled whether Semper begins by itself; a recovery by hand is always possible
/// @param strategy `auto`, `conservative`, `aggressive`, or the name of the ladder of its own
/// @param failureThreshold consecutive failures of a probe before a recovery begins by itself
/// @param maxAttempts recoveries that begin by themselves within the window; after that somebody
///   has to look
/// @param window over which attempts are counted, of recoveries and of actions
/// @param cooldown no recovery begins by itself so soon after the one before has ended
/// @param cachePaths what `clear_cache` empties: directories stay, what is in them goes
/// @param without actions that are left out of a ladder that is built in
/// @param ladder its own actions in order; empty with a strategy that is built in
public record RecoverySpec(
    boolean enabled,
    String strategy,
    int failureThreshold,
    int maxAttempts,
    Duration window,
    Duration cooldown,
    List<String> cachePaths,
    List<Action> without,
    List<Rung> ladder) {
  public static final String AUTO = "auto";
  public static final String CONSERVATIVE = "conservative";
  public static final String AGGRESSIVE = "aggressive";
  public static final List<String> BUILT_IN = List.of(AUTO, CONSERVATIVE, AGGRESSIVE);

  /// Of a workload whose file does not speak of recovery: by hand only.
  public static final RecoverySpec BY_HAND =
      new RecoverySpec(
          false,
          CONSERVATIVE,
          3,
          3,
          Duration.ofHours(1),
          Duration.ofMinutes(5),
          List.of(),
          List.of(),
          List.of());

  private static final Set<String> PROTECTED =
      Set.of(
          "/",
          "/bin",
          "/boot",
          "/dev",
          "/etc",
          "/home",
          "/lib",
          "/lib64",
          "/media",
          "/mnt",
          "/opt",
          "/proc",
          "/root",
          "/run",
          "/sbin",
          "/srv",
          "/sys",
          "/tmp",
          "/usr",
          "/usr/bin",
          "/usr/lib",
          "/usr/local",
          "/usr/sbin",
          "/usr/share",
          "/var",
          "/var/cache",
          "/var/lib",
          "/var/log",
          "/var/run",
          "/var/spool",
          "/var/tmp");

  public RecoverySpec {
    cachePaths = List.copyOf(cachePaths);
    without = List.copyOf(without);
    ladder = List.copyOf(ladder);
    Limits.require(Limits.isProbeName(strategy), "strategy " + Limits.PROBE_NAME_FORM);
    Limits.THRESHOLD.require("failure_threshold", failureThreshold);
    Limits.RECOVERIES.require("max_attempts", maxAttempts);
    Limits.WINDOW.require("window", window);
    Limits.COOLDOWN.require("cooldown", cooldown);
    Limits.require(
        BUILT_IN.contains(strategy) == ladder.isEmpty(),
        "a strategy of its own has a ladder, one that is built in has none");
    cachePaths.forEach(p -> Limits.require(refusal(p) == null, "cache_paths: bad path " + p));
  }

  /// What a recovery can try.
  public enum Action {
    /// Copies that are not well are stopped and launched anew.
    RESTART,
    CLEAR_CACHE,
    RECONNECT,
    MEMORY_CLEANUP,
    /// Deletes old files of declared directories.
    DISK_CLEANUP,
    RESTORE_BACKUP,
    /// Back to the generation before.
    ROLLBACK_VERSION,
    /// All copies are stopped and forgotten, and launched anew after the driver has prepared the
    /// workload as for the first time.
    REINSTALL,
    SCALE,
    /// Stops it until somebody enables it again: the end of what can be tried.
    DISABLE,
    /// Tells the alert channels.
    NOTIFY,
    COMMAND,
    /// Runs a hook that the workload declares, and waits for its end.
    HOOK;

    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }

    /// Why it cannot be done by this version; null if it can.
    public @Nullable String missing() {
      return switch (this) {
        case RESTORE_BACKUP -> "not available until Semper has backups";
        case RESTART, CLEAR_CACHE, RECONNECT, MEMORY_CLEANUP, DISK_CLEANUP -> null;
        case ROLLBACK_VERSION, REINSTALL, SCALE, DISABLE, NOTIFY, COMMAND, HOOK -> null;
      };
    }

    /// As the seed has it, where it speaks of it.
    Rung rung() {
      return switch (this) {
        case RESTART -> new Rung(this, 3, 300, 5);
        case RESTORE_BACKUP -> new Rung(this, 1, 600, 10);
        case REINSTALL -> new Rung(this, 1, 1800, 10);
        case ROLLBACK_VERSION -> new Rung(this, 1, 1800, 5);
        case SCALE -> new Rung(this, 1, 600, 5);
        case DISABLE -> new Rung(this, 1, 0, 0);
        case CLEAR_CACHE -> new Rung(this, 1, 60, 5);
        case NOTIFY -> new Rung(this, 3, 300, 0);
        case RECONNECT, MEMORY_CLEANUP, DISK_CLEANUP, COMMAND, HOOK -> new Rung(this, 3, 60, 5);
      };
    }
  }

  /// One action of a ladder.
  ///
  /// @param maxAttempts within the window
  /// @param cooldown between two attempts of the action
  /// @param settle how long the workload has to become well again after it, at least as long as its
  ///   probes need to say so; without probes it has to stay up that long
  /// @param after it comes only when so many recoveries within the window have not helped, this one
  ///   included; default 1
  /// @param timeout of a command or a clean-up; default 300 s
  /// @param command program and arguments; empty if there is none
  /// @param paths of `disk_cleanup`
  /// @param olderThan of `disk_cleanup`: files changed since then stay
  /// @param pattern of `disk_cleanup`: which file names, e.g. `*.log`; empty if there is none
  /// @param signal of `memory_cleanup`, instead of a command
  /// @param instances of `scale`
  /// @param message of `notify`
  /// @param severity of `notify`, for the routes of alerts; default warning
  /// @param hook of `hook`: which of the workload's, e.g. `on_failure`; empty if there is none
  public record Rung(
      Action action,
      int maxAttempts,
      Duration cooldown,
      Duration settle,
      int after,
      Duration timeout,
      List<String> command,
      List<String> paths,
      Duration olderThan,
      String pattern,
      @Nullable String signal,
      int instances,
      String message,
      AlertRule.Severity severity,
      String hook) {
    public Rung {
      command = List.copyOf(command);
      paths = List.copyOf(paths);
      Limits.RECOVERIES.require("max_attempts", maxAttempts);
      Limits.COOLDOWN.require("cooldown", cooldown);
      Limits.SETTLE.require("settle", settle);
      Limits.RECOVERIES.require("after", after);
      Limits.ACTION_TIMEOUT.require("timeout", timeout);
      Limits.COOLDOWN.require("older_than", olderThan);
      Limits.INSTANCES.require("instances", instances);
      paths.forEach(p -> Limits.require(refusal(p) == null, "paths: bad path " + p));
    }

    private Rung(Action action, int maxAttempts, int cooldown, int settle) {
      this(
          action,
          maxAttempts,
          Duration.ofSeconds(cooldown),
          Duration.ofSeconds(settle),
          1,
          Duration.ofSeconds(300),
          List.of(),
          List.of(),
          Duration.ZERO,
          "",
          null,
          0,
          "",
          AlertRule.Severity.WARNING,
          "");
    }

    /// As the built-in ladders have it.
    public static Rung of(Action action) {
      return action.rung();
    }

    /// It comes only when so many recoveries have not helped.
    public Rung after(int recoveries) {
      return new Rung(
          action,
          maxAttempts,
          cooldown,
          settle,
          recoveries,
          timeout,
          command,
          paths,
          olderThan,
          pattern,
          signal,
          instances,
          message,
          severity,
          hook);
    }
  }

  /// Why nothing may be deleted in a directory.
  ///
  /// @return null if it may
  public static @Nullable String refusal(String text) {
    Path path;
    try {
      path = Path.of(text);
    } catch (InvalidPathException e) {
      return "is not the path of a directory";
    }
    if (!path.isAbsolute()) {
      return "must be an absolute path";
    }
    if (!path.equals(path.normalize())) {
      return "must be a plain path without . and ..";
    }
    boolean home =
        path.equals(Path.of(System.getProperty("user.home", "/root")))
            || Path.of("/home").equals(path.getParent());
    if (home || PROTECTED.contains(path.toString())) {
      return "is not for one workload alone: name a directory of its own below it";
    }
    return null;
  }
}
