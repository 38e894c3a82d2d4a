package dev.semper.probe.ssh;

import dev.semper.spi.ProbeMethod;
import dev.semper.spi.ProbeOutcome;
import dev.semper.spi.ProbeTarget;
import dev.semper.spi.SettingProblem;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Logs in by SSH and, if told, runs a command there.
///
/// Settings: `host` (default `127.0.0.1`), `port` (default 22), `user`, `identity_file` or
/// `password_file`, `host_check` (`strict`: the host must be in known_hosts, the default;
/// `accept-new`: an unknown one is added; `off`), `known_hosts` (default that of the server's
/// user), `command`, `expected_exit` (default 0) and `expected_output` (a text within it).
public final class SshProbe implements ProbeMethod {
  private static final List<String> NAMES =
      List.of(
          "host",
          "port",
          "user",
          "identity_file",
          "password_file",
          "host_check",
          "known_hosts",
          "command",
          "expected_exit",
          "expected_output");
  private static final List<String> CHECKS = List.of("strict", "accept-new", "off");
  private @Nullable Logins logins;

  @Override
  public String name() {
    return "ssh";
  }

  @Override
  public List<String> settingNames() {
    return NAMES;
  }

  @Override
  public List<SettingProblem> validate(Map<String, Object> settings) {
    List<SettingProblem> problems = new ArrayList<>();
    if (!settings.containsKey("user")) {
      problems.add(new SettingProblem("user", "is missing: who logs in"));
    }
    if (!settings.containsKey("identity_file") && !settings.containsKey("password_file")) {
      problems.add(new SettingProblem("identity_file", "is missing: give one, or a password_file"));
    }
    for (String key : List.of("host", "user", "command", "expected_output")) {
      if (!(settings.getOrDefault(key, "x") instanceof String text) || text.isBlank()) {
        problems.add(new SettingProblem(key, "must be a text, and not empty"));
      }
    }
    for (String key : List.of("identity_file", "password_file", "known_hosts")) {
      if (!(settings.getOrDefault(key, "/") instanceof String path) || !path.startsWith("/")) {
        problems.add(new SettingProblem(key, "must be an absolute path"));
      }
    }
    if (!CHECKS.contains(settings.getOrDefault("host_check", "strict"))) {
      problems.add(new SettingProblem("host_check", "must be strict, accept-new or off"));
    }
    number(settings, "port", 1, 65535, problems);
    number(settings, "expected_exit", 0, 255, problems);
    for (String key : List.of("expected_exit", "expected_output")) {
      if (settings.containsKey(key) && !settings.containsKey("command")) {
        problems.add(new SettingProblem(key, "is of a command: give one"));
      }
    }
    return problems;
  }

  private static void number(
      Map<String, Object> settings, String key, int min, int max, List<SettingProblem> problems) {
    if (!(settings.getOrDefault(key, (long) min) instanceof Long value)
        || value < min
        || value > max) {
      problems.add(new SettingProblem(key, "must be " + min + " to " + max));
    }
  }

  @Override
  public ProbeOutcome check(ProbeTarget target) throws InterruptedException {
    return logins().check(target);
  }

  private synchronized Logins logins() {
    if (logins == null) {
      logins = new Logins();
    }
    return logins;
  }

  @Override
  public synchronized void close() {
    if (logins != null) {
      logins.close();
      logins = null;
    }
  }
}
