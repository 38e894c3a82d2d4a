package dev.semper.driver.process;

import dev.semper.spi.SettingProblem;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The driver's settings of one workload, read and checked.
///
/// @param command program and arguments
/// @param umask octal digits
/// @param limits keeper's form, e.g. `nofile:1024:1024`
/// @param stdin file that standard input is read from; empty input if null
/// @param stderr where standard error goes
record Settings(
    List<String> command,
    @Nullable String user,
    @Nullable String group,
    @Nullable String directory,
    @Nullable String umask,
    @Nullable Integer nice,
    List<String> limits,
    @Nullable String stdin,
    Stderr stderr) {

  enum Stderr {
    /// into the same file as standard output
    MERGE,
    /// into a file of its own beside it: `web-0.err.log`
    SEPARATE,
    DISCARD
  }

  static final List<String> NAMES =
      List.of(
          "command", "user", "group", "working_dir", "umask", "nice", "limits", "stdin", "stderr");
  static final List<String> LIMITS =
      List.of("as", "core", "cpu", "data", "fsize", "memlock", "nofile", "nproc", "stack");

  static Settings of(Map<String, Object> raw) {
    Reader reader = new Reader(raw);
    Settings settings = reader.settings();
    if (!reader.problems.isEmpty()) {
      SettingProblem first = reader.problems.getFirst();
      throw new IllegalArgumentException(first.path() + ": " + first.message());
    }
    return settings;
  }

  static List<SettingProblem> problems(Map<String, Object> raw) {
    Reader reader = new Reader(raw);
    reader.settings();
    return reader.problems;
  }

  /// Reads what it can and collects what is wrong.
  private static final class Reader {
    private final Map<String, Object> raw;
    private final List<SettingProblem> problems = new ArrayList<>();

    Reader(Map<String, Object> raw) {
      this.raw = raw;
    }

    Settings settings() {
      return new Settings(
          command(),
          account("user"),
          account("group"),
          path("working_dir", "must be the path of a directory"),
          umask(),
          nice(),
          limits(),
          path("stdin", "must be the path of a file"),
          stderr());
    }

    private void problem(String path, String message) {
      problems.add(new SettingProblem(path, message));
    }

    private List<String> command() {
      Object value = raw.get("command");
      if (value == null) {
        problem(
            "command",
            "is required: a list such as [\"jwebserver\", \"-p\", \"8081\"], or one text for the"
                + " shell");
      } else if (value instanceof String line) {
        if (line.isBlank()) {
          problem("command", "must not be empty");
        }
        checkNul("command", line);
        return List.of("/bin/sh", "-c", line);
      } else if (value instanceof List<?> list) {
        return arguments(list);
      } else {
        problem("command", "must be a list of texts, or one text for the shell");
      }
      return List.of();
    }

    private List<String> arguments(List<?> list) {
      if (list.isEmpty()) {
        problem("command", "must name a program");
      }
      List<String> arguments = new ArrayList<>();
      for (int i = 0; i < list.size(); i++) {
        String path = "command[" + i + "]";
        if (list.get(i) instanceof String argument) {
          checkNul(path, argument);
          arguments.add(argument);
          if (i == 0 && argument.isBlank()) {
            problem(path, "must name a program");
          }
        } else {
          problem(path, "must be a text: put it in quotes");
        }
      }
      return arguments;
    }

    private void checkNul(String path, String text) {
      if (text.indexOf(0) >= 0) {
        problem(path, "must not contain the NUL character");
      }
    }

    private @Nullable String account(String name) {
      Object value = raw.get(name);
      if (value instanceof Long || value instanceof Integer) {
        if (((Number) value).longValue() < 0) {
          problem(name, "must not be negative");
        }
        return value.toString();
      }
      return text(name, value, "must be the name or number of a " + name);
    }

    private @Nullable String text(String name, @Nullable Object value, String otherwise) {
      if (value == null) {
        return null;
      }
      if (value instanceof String text && !text.isBlank()) {
        checkNul(name, text);
        return text;
      }
      problem(name, otherwise);
      return null;
    }

    private @Nullable String path(String name, String otherwise) {
      String path = text(name, raw.get(name), otherwise);
      if (path != null && !path.startsWith("/")) {
        problem(name, "must be an absolute path, but is '" + path + "'");
      }
      return path;
    }

    private @Nullable String umask() {
      Object value = raw.get("umask");
      if (value == null) {
        return null;
      }
      if (value instanceof String digits && digits.matches("[0-7]{1,4}")) {
        return digits;
      }
      problem("umask", "must be octal digits in quotes, e.g. \"022\"");
      return null;
    }

    private @Nullable Integer nice() {
      Object value = raw.get("nice");
      if (value == null) {
        return null;
      }
      if (value instanceof Long || value instanceof Integer) {
        long nice = ((Number) value).longValue();
        if (nice >= -20 && nice <= 19) {
          return (int) nice;
        }
      }
      problem("nice", "must be a whole number from -20 (first served) to 19 (last served)");
      return null;
    }

    private List<String> limits() {
      Object value = raw.get("limits");
      if (value == null) {
        return List.of();
      }
      if (!(value instanceof Map<?, ?> table)) {
        problem("limits", "must be a table, e.g. { nofile = 4096 }");
        return List.of();
      }
      List<String> limits = new ArrayList<>();
      for (Map.Entry<?, ?> entry : table.entrySet()) {
        String limit = limit(String.valueOf(entry.getKey()), entry.getValue());
        if (limit != null) {
          limits.add(limit);
        }
      }
      Collections.sort(limits);
      return limits;
    }

    private @Nullable String limit(String name, @Nullable Object value) {
      if (!LIMITS.contains(name)) {
        problem("limits." + name, "is not a limit; known are " + String.join(", ", LIMITS));
        return null;
      }
      if (value instanceof Long || value instanceof Integer) {
        if (((Number) value).longValue() >= 0) {
          return name + ":" + value + ":" + value;
        }
      } else if (value instanceof String text && text.matches("unlimited|[0-9]{1,18}")) {
        return name + ":" + text + ":" + text;
      } else if (value instanceof String text
          && text.matches("(unlimited|[0-9]{1,18}):(unlimited|[0-9]{1,18})")) {
        return name + ":" + text;
      }
      problem(
          "limits." + name,
          "must be a whole number, \"unlimited\", or \"soft:hard\", but is '" + value + "'");
      return null;
    }

    private Stderr stderr() {
      Object value = raw.get("stderr");
      if (value == null) {
        return Stderr.MERGE;
      }
      for (Stderr stderr : Stderr.values()) {
        if (stderr.name().toLowerCase(Locale.ROOT).equals(value)) {
          return stderr;
        }
      }
      problem("stderr", "must be \"merge\", \"separate\" or \"discard\"");
      return Stderr.MERGE;
    }
  }
}
