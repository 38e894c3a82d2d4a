package dev.semper.driver.remote;

import dev.semper.spi.SettingProblem;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The driver's settings of one workload. A command that is empty is not there.
///
/// @param host for people; may be empty
/// @param timeout of each command
record Settings(
    String host, List<String> start, List<String> stop, List<String> restart, Duration timeout) {
  static final List<String> NAMES =
      List.of("host", "start_command", "stop_command", "restart_command", "command_timeout");
  private static final Duration TIMEOUT = Duration.ofMinutes(5);
  private static final Duration LONGEST = Duration.ofDays(1);
  private static final Pattern DURATION =
      Pattern.compile(
          "(?:(\\d{1,9})d)?(?:(\\d{1,9})h)?(?:(\\d{1,9})m)?(?:(\\d{1,9})s)?(?:(\\d{1,9})ms)?");

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
          host(),
          command("start_command"),
          command("stop_command"),
          command("restart_command"),
          timeout());
    }

    private void problem(String path, String message) {
      problems.add(new SettingProblem(path, message));
    }

    private String host() {
      Object value = raw.getOrDefault("host", "");
      if (value instanceof String host
          && (!raw.containsKey("host") || !host.isBlank())
          && host.chars().noneMatch(Character::isISOControl)) {
        return host;
      }
      problem("host", "must be the name or address of a host");
      return "";
    }

    private List<String> command(String name) {
      Object value = raw.get(name);
      if (value == null) {
        return List.of();
      }
      List<String> command = new ArrayList<>();
      if (!(value instanceof List<?> list) || list.isEmpty()) {
        problem(name, "must be a list such as [\"ssh\", \"vm1\", \"sudo\", \"reboot\"]");
        return command;
      }
      for (int i = 0; i < list.size(); i++) {
        String path = name + "[" + i + "]";
        if (!(list.get(i) instanceof String argument)) {
          problem(path, "must be a text: put it in quotes");
        } else if (argument.indexOf(0) >= 0) {
          problem(path, "must not contain the NUL character");
        } else if (i == 0 && argument.isBlank()) {
          problem(path, "must name a program");
        } else {
          command.add(argument);
        }
      }
      return command;
    }

    private Duration timeout() {
      Object value = raw.get("command_timeout");
      if (value == null) {
        return TIMEOUT;
      }
      Duration timeout =
          switch (value) {
            case Long seconds when Math.abs(seconds) <= LONGEST.toSeconds() ->
                Duration.ofSeconds(seconds);
            case Double seconds when Math.abs(seconds) <= LONGEST.toSeconds() ->
                Duration.ofMillis(BigDecimal.valueOf(seconds).movePointRight(3).longValue());
            case String text -> duration(text);
            default -> Duration.ZERO;
          };
      if (timeout.isPositive() && timeout.compareTo(LONGEST) <= 0) {
        return timeout;
      }
      problem("command_timeout", "must be a duration of 1ms to 1d, e.g. \"5m\", not " + value);
      return TIMEOUT;
    }

    /// @return zero if it is none
    private static Duration duration(String text) {
      Matcher matcher = DURATION.matcher(text.strip());
      if (!matcher.matches()) {
        return Duration.ZERO;
      }
      return Duration.ofDays(number(matcher, 1))
          .plusHours(number(matcher, 2))
          .plusMinutes(number(matcher, 3))
          .plusSeconds(number(matcher, 4))
          .plusMillis(number(matcher, 5));
    }

    private static long number(Matcher matcher, int group) {
      String digits = matcher.group(group);
      return digits == null ? 0 : Long.parseLong(digits);
    }
  }
}
