package dev.semper.run;

import java.io.IOException;
import java.io.Serial;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlTable;

/// What one flow needs and does, from a TOML file; `docs/run.md` describes it. Strings may hold
/// `${VARIABLE}` and `${VARIABLE:-otherwise}`.
///
/// @param dependencies null if the file names none: then those of the environment count
record Profile(
    List<String> requiredVariables,
    List<String> directories,
    @Nullable List<Need> dependencies,
    List<HealthCheck> checks,
    List<Handler> handlers,
    List<Declared> temporary,
    List<Declared> disk,
    List<String> memoryCleanup,
    List<String> connectionRestart,
    boolean serviceRestart,
    @Nullable Integer threshold,
    int stopSignal,
    @Nullable Double stopTimeout) {

  static final Profile NONE =
      new Profile(
          List.of(),
          List.of(),
          null,
          List.of(),
          List.of(),
          List.of(),
          List.of(),
          List.of(),
          List.of(),
          true,
          null,
          Signals.TERM,
          null);

  /// A dependency of the file. Either a check, or the name of a database of the environment.
  record Need(
      String name,
      @Nullable Check check,
      @Nullable String database,
      double timeout,
      double retryInterval,
      boolean required,
      String description) {}

  /// Looked at in every health check.
  ///
  /// @param required whether failing means unhealthy, or degraded
  record HealthCheck(String name, Check check, double timeout, boolean required) {}

  /// Run at the end.
  record Handler(String name, List<String> command, double timeout) {}

  /// Files that may go: only below this folder, only of this name, only this old.
  record Declared(Path folder, String pattern, double olderThan) {}

  /// All that is wrong with the file.
  static final class WrongException extends Exception {
    @Serial private static final long serialVersionUID = 1;

    WrongException(String message) {
      super(message);
    }
  }

  static Profile read(Path file, Map<String, String> environment, Children children)
      throws WrongException {
    TomlParseResult toml;
    try {
      toml = Toml.parse(Files.readString(file));
    } catch (IOException e) {
      throw new WrongException("--profile " + file + ": " + Check.reason(e));
    }
    if (toml.hasErrors()) {
      throw new WrongException("--profile " + file + ": " + toml.errors().getFirst().toString());
    }
    Reader reader = new Reader(environment, children);
    Profile profile = reader.profile(toml);
    if (!reader.problems.isEmpty()) {
      throw new WrongException("--profile " + file + ": " + String.join("; ", reader.problems));
    }
    return profile;
  }

  /// Goes through the tables; collects what is wrong with the path of each.
  private static final class Reader {
    private static final Pattern VARIABLE =
        Pattern.compile("\\$\\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?}");
    private static final Pattern DURATION = Pattern.compile("([0-9]+(?:\\.[0-9]+)?)(ms|s|m|h|d)");

    private final Map<String, String> environment;
    private final Children children;
    private final List<String> problems = new ArrayList<>();

    Reader(Map<String, String> environment, Children children) {
      this.environment = environment;
      this.children = children;
    }

    Profile profile(TomlTable toml) {
      known(
          toml,
          "",
          "required_variables",
          "directories",
          "dependencies",
          "checks",
          "shutdown",
          "remediation",
          "stop");
      TomlTable remediation = table(toml, "", "remediation");
      known(
          remediation,
          "remediation.",
          "threshold",
          "memory_cleanup",
          "connection_restart",
          "disk_cleanup",
          "service_restart");
      TomlTable shutdown = table(toml, "", "shutdown");
      known(shutdown, "shutdown.", "handlers", "temporary");
      TomlTable stop = table(toml, "", "stop");
      known(stop, "stop.", "signal", "timeout_seconds");
      String signalName = text(stop, "stop.", "signal", "TERM");
      int signal = Signals.number(signalName);
      if (signal == 0) {
        problems.add("stop.signal '" + signalName + "' is no signal");
      }
      Double threshold = number(remediation, "remediation.", "threshold", 1, 1000);
      return new Profile(
          strings(toml, "", "required_variables"),
          strings(toml, "", "directories"),
          toml.contains("dependencies") ? needs(toml) : null,
          checks(toml),
          handlers(shutdown),
          deletions(shutdown, "shutdown.", "temporary"),
          deletions(remediation, "remediation.", "disk_cleanup"),
          strings(remediation, "remediation.", "memory_cleanup"),
          strings(remediation, "remediation.", "connection_restart"),
          flag(remediation, "remediation.", "service_restart", true),
          threshold == null ? null : threshold.intValue(),
          signal,
          number(stop, "stop.", "timeout_seconds", 0, 86_400));
    }

    private List<Need> needs(TomlTable toml) {
      List<Need> needs = new ArrayList<>();
      Set<String> names = new HashSet<>();
      for (Entry entry : entries(toml, "", "dependencies")) {
        TomlTable at = entry.table();
        String path = entry.path();
        known(
            at,
            path,
            "name",
            "description",
            "timeout_seconds",
            "retry_interval",
            "required",
            "if_set",
            "database",
            "http",
            "status_below",
            "tcp",
            "directory",
            "writable",
            "command",
            "workers",
            "memory_per_worker");
        if (isLeftOut(at, path)) {
          continue;
        }
        String name = name(at, path, names);
        Double timeout = number(at, path, "timeout_seconds", 0.01, 86_400);
        Double retry = number(at, path, "retry_interval", 0.01, 86_400);
        String database = at.contains("database") ? text(at, path, "database", "") : null;
        Check check = check(at, path, database != null);
        needs.add(
            new Need(
                name,
                check,
                database,
                timeout == null ? 60 : timeout,
                retry == null ? 2 : retry,
                flag(at, path, "required", true),
                text(at, path, "description", "")));
      }
      return needs;
    }

    private List<HealthCheck> checks(TomlTable toml) {
      List<HealthCheck> checks = new ArrayList<>();
      Set<String> names = new HashSet<>(Set.of("database", "application", "resources"));
      for (Entry entry : entries(toml, "", "checks")) {
        TomlTable at = entry.table();
        String path = entry.path();
        known(
            at,
            path,
            "name",
            "timeout_seconds",
            "required",
            "if_set",
            "http",
            "status_below",
            "tcp",
            "directory",
            "writable",
            "command",
            "workers",
            "memory_per_worker");
        if (isLeftOut(at, path)) {
          continue;
        }
        String name = name(at, path, names);
        Double timeout = number(at, path, "timeout_seconds", 0.01, 30);
        Check check = check(at, path, false);
        if (check != null) {
          checks.add(
              new HealthCheck(
                  name, check, timeout == null ? 5 : timeout, flag(at, path, "required", true)));
        }
      }
      return checks;
    }

    private List<Handler> handlers(TomlTable shutdown) {
      List<Handler> handlers = new ArrayList<>();
      Set<String> names = new HashSet<>();
      for (Entry entry : entries(shutdown, "shutdown.", "handlers")) {
        TomlTable at = entry.table();
        String path = entry.path();
        known(at, path, "name", "command", "timeout_seconds");
        Double timeout = number(at, path, "timeout_seconds", 0.01, 86_400);
        List<String> command = strings(at, path, "command");
        if (command.isEmpty()) {
          problems.add(path + "command is missing");
        }
        handlers.add(new Handler(name(at, path, names), command, timeout == null ? 30 : timeout));
      }
      return handlers;
    }

    private List<Declared> deletions(TomlTable in, String before, String key) {
      List<Declared> all = new ArrayList<>();
      for (Entry entry : entries(in, before, key)) {
        TomlTable at = entry.table();
        String path = entry.path();
        known(at, path, "folder", "pattern", "older_than");
        String folder = text(at, path, "folder", "");
        String pattern = text(at, path, "pattern", "");
        String age = text(at, path, "older_than", "");
        Matcher matcher = DURATION.matcher(age);
        // All three, written out: what is deleted is never a matter of defaults.
        if (!folder.startsWith("/") || Path.of(folder).normalize().getNameCount() == 0) {
          problems.add(path + "folder has to be a path from / on, and not / itself");
        }
        if (pattern.isEmpty() || pattern.contains("/")) {
          problems.add(path + "pattern has to be a file name like *.tmp");
        }
        if (!matcher.matches()) {
          problems.add(path + "older_than has to be a time like 1h or 30m");
          continue;
        }
        double unit =
            switch (matcher.group(2)) {
              case "ms" -> 0.001;
              case "m" -> 60;
              case "h" -> 3600;
              case "d" -> 86_400;
              default -> 1;
            };
        all.add(
            new Declared(
                Path.of(folder).normalize(), pattern, Double.parseDouble(matcher.group(1)) * unit));
      }
      return all;
    }

    private boolean isLeftOut(TomlTable at, String path) {
      String variable = at.contains("if_set") ? text(at, path, "if_set", "") : null;
      String value = variable == null ? "" : environment.get(variable);
      return variable != null && (value == null || value.isBlank());
    }

    private @Nullable Check check(TomlTable at, String path, boolean isDatabase) {
      List<String> kinds =
          List.of("http", "tcp", "directory", "command", "workers").stream()
              .filter(at::contains)
              .toList();
      if (kinds.size() + (isDatabase ? 1 : 0) != 1) {
        problems.add(
            path.substring(0, path.length() - 1)
                + " has to say how to look, by one of database, http, tcp, directory, command, workers");
        return null;
      }
      if (isDatabase) {
        return null;
      }
      return switch (kinds.getFirst()) {
        case "http" -> {
          Double below = number(at, path, "status_below", 100, 600);
          String url = text(at, path, "http", "");
          if (!url.matches("https?://[^/\\s]+.*")) {
            problems.add(path + "http '" + url + "' has to be a URL with http or https");
            yield null;
          }
          try {
            yield Check.http(URI.create(url), below == null ? 400 : below.intValue());
          } catch (IllegalArgumentException e) {
            problems.add(path + "http '" + url + "': " + e.getMessage());
            yield null;
          }
        }
        case "tcp" -> {
          String address = text(at, path, "tcp", "");
          int colon = address.lastIndexOf(':');
          if (colon < 1 || !address.substring(colon + 1).matches("[0-9]{1,5}")) {
            problems.add(path + "tcp '" + address + "' has to be HOST:PORT");
            yield null;
          }
          yield Check.tcp(
              address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
        }
        case "directory" ->
            Check.directory(
                Path.of(text(at, path, "directory", "")), flag(at, path, "writable", false));
        case "command" -> Check.command(children, strings(at, path, "command"));
        default -> {
          Double workers = number(at, path, "workers", 1, 1e6);
          Double each = number(at, path, "memory_per_worker", 0, 1e9);
          yield Check.resources(
              workers == null ? 1 : workers.intValue(),
              (long) ((each == null ? 128 : each) * (1 << 20)));
        }
      };
    }

    private String name(TomlTable at, String path, Set<String> names) {
      String name = text(at, path, "name", "");
      if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")) {
        problems.add(path + "name '" + name + "': letters, digits, '.', '_' and '-' only");
      } else if (!names.add(name)) {
        problems.add(path + "name '" + name + "' is taken");
      }
      return name;
    }

    private record Entry(TomlTable table, String path) {}

    private List<Entry> entries(TomlTable in, String before, String key) {
      List<Entry> all = new ArrayList<>();
      Object value = in.get(List.of(key));
      if (value instanceof TomlArray array) {
        for (int i = 0; i < array.size(); i++) {
          if (array.get(i) instanceof TomlTable table) {
            all.add(new Entry(table, before + key + "[" + i + "]."));
          } else {
            problems.add(before + key + " has to be written as [[" + before + key + "]]");
          }
        }
      } else if (value != null) {
        problems.add(before + key + " has to be written as [[" + before + key + "]]");
      }
      return all;
    }

    private TomlTable table(TomlTable in, String before, String key) {
      Object value = in.get(List.of(key));
      if (value instanceof TomlTable table) {
        return table;
      }
      if (value != null) {
        problems.add(before + key + " has to be a table");
      }
      return Toml.parse("");
    }

    private void known(TomlTable at, String before, String... keys) {
      for (String key : at.keySet()) {
        if (!List.of(keys).contains(key)) {
          problems.add(before + key + " is unknown; known are " + String.join(", ", keys));
        }
      }
    }

    private String text(TomlTable at, String before, String key, String otherwise) {
      Object value = at.get(List.of(key));
      if (value == null) {
        return otherwise;
      }
      if (value instanceof String text) {
        return expand(text, before + key);
      }
      problems.add(before + key + " has to be a string");
      return otherwise;
    }

    private List<String> strings(TomlTable at, String before, String key) {
      Object value = at.get(List.of(key));
      if (value == null) {
        return List.of();
      }
      List<String> all = new ArrayList<>();
      if (value instanceof TomlArray array
          && !array.isEmpty()
          && array.toList().stream().allMatch(String.class::isInstance)) {
        for (int i = 0; i < array.size(); i++) {
          all.add(expand(array.getString(i), before + key));
        }
      } else {
        problems.add(before + key + " has to be a list of strings");
      }
      return all;
    }

    private boolean flag(TomlTable at, String before, String key, boolean otherwise) {
      Object value = at.get(List.of(key));
      if (value == null || value instanceof Boolean) {
        return value == null ? otherwise : (Boolean) value;
      }
      problems.add(before + key + " has to be true or false");
      return otherwise;
    }

    private @Nullable Double number(
        TomlTable at, String before, String key, double least, double most) {
      Object value = at.get(List.of(key));
      if (value == null) {
        return null;
      }
      try {
        double number =
            value instanceof Number given
                ? given.doubleValue()
                : Double.parseDouble(expand(value.toString(), before + key));
        if (number >= least && number <= most) {
          return number;
        }
      } catch (NumberFormatException e) {
        // told below
      }
      problems.add(
          before
              + key
              + " is "
              + value
              + "; it has to be a number from "
              + RestartPolicy.number(least)
              + " to "
              + RestartPolicy.number(most));
      return null;
    }

    private String expand(String text, String path) {
      Matcher matcher = VARIABLE.matcher(text);
      StringBuilder to = new StringBuilder();
      while (matcher.find()) {
        String value = environment.get(matcher.group(1));
        if (value == null || value.isBlank()) {
          value = matcher.group(2);
        }
        if (value == null) {
          problems.add(path + ": " + matcher.group(1) + " is not set");
          value = "";
        }
        matcher.appendReplacement(to, Matcher.quoteReplacement(value));
      }
      matcher.appendTail(to);
      return to.toString();
    }
  }
}
