package dev.semper.engine.spec;

import dev.semper.engine.spec.RecoverySpec.Action;
import dev.semper.engine.spec.RecoverySpec.Rung;
import java.nio.file.FileSystems;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/// Reads `recovery`: the name of a strategy alone, or a table.
final class RecoveryReader {
  private static final RecoverySpec DEFAULT = RecoverySpec.BY_HAND;
  private static final String OWN = "own";
  private static final Set<Action> COMMANDS =
      Set.of(Action.CLEAR_CACHE, Action.RECONNECT, Action.MEMORY_CLEANUP, Action.COMMAND);

  private final TableReader workload;
  private final boolean installs;

  /// @param installs whether workloads of its kind can be installed anew
  RecoveryReader(TableReader workload, boolean installs) {
    this.workload = workload;
    this.installs = installs;
  }

  RecoverySpec read() {
    if (workload.node("recovery") instanceof Node.Scalar s && s.value() instanceof String name) {
      return builtIn(workload, "recovery", name) ? with(name) : DEFAULT;
    }
    TableReader t = workload.table("recovery", Section.RECOVERY);
    return t == null ? DEFAULT : read(t);
  }

  private static boolean builtIn(TableReader t, String key, String strategy) {
    if (!RecoverySpec.BUILT_IN.contains(strategy)) {
      t.problem(
          key,
          "unknown strategy %s without a ladder of its own, %s"
              .formatted(Words.quoted(strategy), Words.instead(strategy, RecoverySpec.BUILT_IN)));
      return false;
    }
    return true;
  }

  private static RecoverySpec with(String strategy) {
    return new RecoverySpec(
        true,
        strategy,
        DEFAULT.failureThreshold(),
        DEFAULT.maxAttempts(),
        DEFAULT.window(),
        DEFAULT.cooldown(),
        List.of(),
        List.of(),
        List.of());
  }

  private RecoverySpec read(TableReader t) {
    List<String> cachePaths = paths(t, "cache_paths");
    List<Rung> ladder = ladder(t, !cachePaths.isEmpty());
    String strategy = t.text("strategy", t.has("ladder") ? OWN : RecoverySpec.AUTO);
    if (!t.has("ladder")) {
      builtIn(t, "strategy", strategy);
    } else if (RecoverySpec.BUILT_IN.contains(strategy)) {
      t.problem(
          "strategy",
          "%s is built in: give a strategy with a ladder of its own another name"
              .formatted(Words.quoted(strategy)));
    } else if (!Limits.isProbeName(strategy)) {
      t.problem("strategy", Limits.PROBE_NAME_FORM);
    } else if (ladder.isEmpty() && !t.broken()) {
      t.problem("ladder", "is empty: give at least one action");
    }
    List<Action> without = without(t);
    if (t.has("ladder") && t.has("without")) {
      t.problem("without", "is for strategies that are built in: leave the action out of ladder");
    }
    boolean enabled = t.flag("enabled", true);
    int failures = t.number("failure_threshold", DEFAULT.failureThreshold(), Limits.THRESHOLD);
    int attempts = t.number("max_attempts", DEFAULT.maxAttempts(), Limits.RECOVERIES);
    Duration window = t.duration("window", DEFAULT.window(), Limits.WINDOW);
    Duration cooldown = t.duration("cooldown", DEFAULT.cooldown(), Limits.COOLDOWN);
    return t.broken()
        ? DEFAULT
        : new RecoverySpec(
            enabled, strategy, failures, attempts, window, cooldown, cachePaths, without, ladder);
  }

  private static List<String> paths(TableReader t, String key) {
    List<String> paths = new ArrayList<>();
    for (String path : t.textList(key)) {
      String refusal = RecoverySpec.refusal(path);
      if (refusal == null) {
        paths.add(path);
      } else {
        t.problem(key, "%s %s".formatted(Words.quoted(path), refusal));
      }
    }
    return paths;
  }

  private static List<Action> without(TableReader t) {
    List<Action> actions = new ArrayList<>();
    for (String id : t.textList("without")) {
      Action action = action(id);
      if (action == null) {
        t.problem(
            "without",
            "unknown action %s, %s".formatted(Words.quoted(id), Words.instead(id, ids())));
      } else if (!actions.contains(action)) {
        actions.add(action);
      }
    }
    return actions;
  }

  private static List<String> ids() {
    return Arrays.stream(Action.values()).map(Action::id).toList();
  }

  private static @Nullable Action action(String id) {
    return Arrays.stream(Action.values()).filter(a -> a.id().equals(id)).findFirst().orElse(null);
  }

  private List<Rung> ladder(TableReader recovery, boolean caches) {
    List<Rung> ladder = new ArrayList<>();
    recovery.items(
        "ladder",
        "a list of tables",
        (node, path) -> {
          if (node instanceof Node.Table table) {
            Rung rung = rung(recovery.table(table, path, Section.RUNG), caches);
            if (rung != null) {
              ladder.add(rung);
            }
          } else {
            recovery.problem(node, path, "must be a table with action, not " + node.describe());
          }
        });
    return ladder;
  }

  private @Nullable Rung rung(TableReader t, boolean caches) {
    String id = t.text("action");
    if (id == null) {
      if (!t.has("action")) {
        t.problem("action", "is missing: one of " + String.join(", ", ids()));
      }
      return null;
    }
    Action action = action(id);
    if (action == null) {
      t.problem(
          "action", "unknown action %s, %s".formatted(Words.quoted(id), Words.instead(id, ids())));
      return null;
    }
    String missing = action.missing();
    if (missing != null) {
      t.problem("action", id + " is " + missing);
      return null;
    }
    Rung usual = Rung.of(action);
    List<String> command = command(t);
    Rung rung =
        new Rung(
            action,
            t.number("max_attempts", usual.maxAttempts(), Limits.RECOVERIES),
            t.duration("cooldown", usual.cooldown(), Limits.COOLDOWN),
            t.duration("settle", usual.settle(), Limits.SETTLE),
            t.number("after", usual.after(), Limits.RECOVERIES),
            t.duration("timeout", usual.timeout(), Limits.ACTION_TIMEOUT),
            command,
            paths(t, "paths"),
            t.duration("older_than", Duration.ZERO, Limits.COOLDOWN),
            t.text("pattern", ""),
            signal(t),
            t.number("instances", 0, Limits.INSTANCES),
            t.text("message", ""),
            t.choice("severity", AlertRule.Severity.WARNING),
            hook(t));
    check(t, rung, caches);
    return t.broken() ? null : rung;
  }

  private static List<String> command(TableReader t) {
    if (!t.has("command")) {
      return List.of();
    }
    List<String> command =
        t.node("command") instanceof Node.Scalar
            ? List.of("/bin/sh", "-c", t.text("command", ""))
            : t.textList("command");
    if (!ProbeSpec.Command.isExec(command) || command.getLast().isBlank()) {
      t.problem(
          "command", "must name a program, e.g. [\"/usr/bin/systemctl\", \"reload\", \"db\"]");
    }
    return command;
  }

  private static @Nullable String signal(TableReader t) {
    String text = t.text("signal");
    if (text == null) {
      return null;
    }
    String signal = StopSpec.signal(text);
    if (signal == null) {
      t.problem(
          "signal",
          "unknown signal %s, %s"
              .formatted(
                  Words.quoted(text),
                  Words.instead(text, Limits.SIGNALS.stream().sorted().toList())));
    }
    return signal;
  }

  private String hook(TableReader t) {
    String id = t.text("hook", "");
    if (!t.has("hook")) {
      return id;
    }
    Collection<String> declared =
        workload.node("hooks") instanceof Node.Table hooks ? hooks.entries().keySet() : List.of();
    if (!Section.HOOKS.keys().contains(id)) {
      t.problem(
          "hook",
          "unknown hook %s, %s"
              .formatted(Words.quoted(id), Words.instead(id, Section.HOOKS.keys())));
    } else if (id.equals(HookSpec.Type.ON_DESTROY.id())) {
      t.problem("hook", "on_destroy is for a deletion only: name another hook");
    } else if (!declared.contains(id)) {
      t.problem("hook", "the workload does not declare %s: add it to hooks".formatted(id));
    }
    return id;
  }

  /// What an action needs, and what it has no use for.
  private void check(TableReader t, Rung rung, boolean caches) {
    Action action = rung.action();
    only(t, "command", COMMANDS.contains(action), action);
    for (String key : List.of("paths", "older_than", "pattern")) {
      only(t, key, action == Action.DISK_CLEANUP, action);
    }
    only(t, "signal", action == Action.MEMORY_CLEANUP, action);
    only(t, "instances", action == Action.SCALE, action);
    only(t, "message", action == Action.NOTIFY, action);
    only(t, "severity", action == Action.NOTIFY, action);
    only(t, "hook", action == Action.HOOK, action);
    switch (action) {
      case CLEAR_CACHE -> {
        if (!t.has("command") && !caches) {
          t.problem("clear_cache needs a command, or cache_paths beside the ladder");
        }
      }
      case MEMORY_CLEANUP -> {
        if (t.has("command") == t.has("signal")) {
          t.problem("memory_cleanup needs either a command or a signal");
        }
      }
      case COMMAND, RECONNECT -> needs(t, "command", action);
      case DISK_CLEANUP -> {
        needs(t, "paths", action);
        needs(t, "older_than", action);
        needs(t, "pattern", action);
        checkPattern(t, rung.pattern());
      }
      case SCALE -> {
        needs(t, "instances", action);
        if (t.has("instances") && rung.instances() == 0) {
          t.problem("instances", "must be at least 1: to stop a workload is the action disable");
        }
      }
      case HOOK -> needs(t, "hook", action);
      case REINSTALL -> {
        if (!installs) {
          t.problem(
              "action",
              "reinstall is not for this kind: it watches what others have installed; run what"
                  + " installs it with the action command");
        }
      }
      case RESTART, RESTORE_BACKUP, ROLLBACK_VERSION, DISABLE, NOTIFY -> {}
    }
  }

  private static void needs(TableReader t, String key, Action action) {
    if (!t.has(key)) {
      t.problem(key, "is missing: " + action.id() + " needs it");
    }
  }

  private static void only(TableReader t, String key, boolean fits, Action action) {
    if (t.has(key) && !fits) {
      t.problem(key, "is not for the action " + action.id() + ": remove it");
    }
  }

  private static void checkPattern(TableReader t, String pattern) {
    if (!t.has("pattern")) {
      return;
    }
    try {
      var _ = FileSystems.getDefault().getPathMatcher("glob:" + pattern);
      if (pattern.isBlank() || pattern.contains("/") || pattern.indexOf('\0') >= 0) {
        t.problem("pattern", "must be the pattern of a file's name, e.g. \"*.log\"");
      }
    } catch (PatternSyntaxException e) {
      t.problem("pattern", "is no pattern of file names: " + e.getDescription());
    }
  }
}
