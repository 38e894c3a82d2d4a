package dev.semper.run;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The command line of `semper run`.
///
/// @param words how many of the arguments, from the end, are the program's
record Options(
    String flow,
    boolean managed,
    @Nullable String containerId,
    @Nullable String logLevel,
    @Nullable Path report,
    @Nullable Path profile,
    @Nullable Integer metricsPort,
    @Nullable Path base,
    int words) {

  static final String USAGE =
      """
      Usage: semper run --flow-name NAME [OPTIONS] [--] COMMAND...

      Runs COMMAND as a container's first process, or as a careful parent on a host: checks the
      environment and what it depends on, passes signals on, collects orphans, watches health, restarts
      by policy, ends cleanly, and exits with COMMAND's code.

        --flow-name NAME       what runs here; CONTAINER_FLOW_NAME has to say the same (required)
        --mode managed|simple  simple: no checks, no restarts; run, pass signals on, reap (managed)
        --container-id ID      name of this container in logs and report (NAME-EPOCHSECONDS)
        --log-level LEVEL      DEBUG, INFO, WARNING, ERROR, CRITICAL (INFO)
        --export-report FILE   also writes the lifecycle report there, at the end
        --profile FILE         dependencies, handlers and remedies of this flow, in TOML
        --metrics-port PORT    /health and /metrics (CONTAINER_MONITORING_METRICS_PORT, 8080); 0 picks one
        --base DIR             the folder with logs, data and output (CONTAINER_BASE_DIR, /app)

      Exit codes: COMMAND's own, 128 + signal if a signal ended it; 1 could not be started up; 2 wrong
      arguments; 126, 127 COMMAND cannot be run, was not found. Logs go to standard error.
      Example: semper run --flow-name rpa1 --profile samples/run/rpa1.toml -- python3 flow.py
      """;

  static final List<String> LEVELS = List.of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL");

  /// What was asked for cannot be done; the message names the option.
  static final class WrongException extends Exception {
    @java.io.Serial private static final long serialVersionUID = 1;

    WrongException(String message) {
      super(message);
    }
  }

  static Options parse(List<String> arguments) throws WrongException {
    Map<String, String> given = new java.util.HashMap<>();
    int i = 0;
    for (; i < arguments.size(); i++) {
      String word = arguments.get(i);
      if (word.equals("--")) {
        i++;
        break;
      }
      if (!word.startsWith("-") || word.equals("-")) {
        break;
      }
      int equals = word.indexOf('=');
      String name = equals < 0 ? word : word.substring(0, equals);
      if (!KNOWN.contains(name)) {
        throw new WrongException("unknown option '" + name + "'; before COMMAND write --");
      }
      if (equals < 0 && i + 1 == arguments.size()) {
        throw new WrongException(name + " needs a value");
      }
      String value = equals < 0 ? arguments.get(++i) : word.substring(equals + 1);
      if (value.isEmpty()) {
        throw new WrongException(name + " needs a value");
      }
      if (given.put(name, value) != null) {
        throw new WrongException(name + " is given twice");
      }
    }
    String flow = given.get("--flow-name");
    if (flow == null) {
      throw new WrongException("--flow-name is missing");
    }
    if (!flow.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,127}")) {
      // It becomes part of a file's name.
      throw new WrongException(
          "--flow-name '" + flow + "': letters, digits, '.', '_' and '-' only, at most 128");
    }
    String mode = given.getOrDefault("--mode", "managed");
    if (!mode.equals("managed") && !mode.equals("simple")) {
      throw new WrongException("--mode '" + mode + "': managed or simple");
    }
    String level = given.get("--log-level");
    if (level != null && !LEVELS.contains(level)) {
      throw new WrongException("--log-level '" + level + "': one of " + String.join(", ", LEVELS));
    }
    if (i == arguments.size()) {
      throw new WrongException("no COMMAND is given");
    }
    return new Options(
        flow,
        mode.equals("managed"),
        given.get("--container-id"),
        level,
        path(given, "--export-report"),
        path(given, "--profile"),
        port(given.get("--metrics-port")),
        path(given, "--base"),
        arguments.size() - i);
  }

  private static final List<String> KNOWN =
      List.of(
          "--flow-name",
          "--mode",
          "--container-id",
          "--log-level",
          "--export-report",
          "--profile",
          "--metrics-port",
          "--base");

  private static @Nullable Path path(Map<String, String> given, String name) throws WrongException {
    String value = given.get(name);
    try {
      return value == null ? null : Path.of(value);
    } catch (java.nio.file.InvalidPathException e) {
      throw new WrongException(name + " '" + value + "': " + e.getReason());
    }
  }

  private static @Nullable Integer port(@Nullable String value) throws WrongException {
    if (value == null) {
      return null;
    }
    if (!value.matches("[0-9]{1,5}") || Integer.parseInt(value) > 65535) {
      throw new WrongException("--metrics-port '" + value + "': 0 to 65535");
    }
    return Integer.valueOf(value);
  }
}
