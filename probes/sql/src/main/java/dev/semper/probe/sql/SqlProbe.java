package dev.semper.probe.sql;

import dev.semper.spi.ProbeMethod;
import dev.semper.spi.ProbeOutcome;
import dev.semper.spi.ProbeTarget;
import dev.semper.spi.SettingProblem;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// Connects to a database by JDBC and asks it something.
///
/// Settings: `url` (`jdbc:…`), `user`, `password_file`, `query` (default `SELECT 1`), and what the
/// first value of its first row must be: `expected` (a text), `min` and `max` (numbers). So the
/// state of a pool is a question too, e.g. how many of the connections are taken.
public final class SqlProbe implements ProbeMethod {
  private static final List<String> NAMES =
      List.of("url", "user", "password_file", "query", "expected", "min", "max");
  private static final Pattern PASSWORD =
      Pattern.compile("[?&;]\\s*password\\s*=|://[^/@]*:[^/@]*@", Pattern.CASE_INSENSITIVE);

  @Override
  public String name() {
    return "sql";
  }

  @Override
  public List<String> settingNames() {
    return NAMES;
  }

  @Override
  public List<SettingProblem> validate(Map<String, Object> settings) {
    List<SettingProblem> problems = new ArrayList<>();
    if (!(settings.get("url") instanceof String url) || !url.startsWith("jdbc:")) {
      problems.add(
          new SettingProblem(
              "url", "must be the JDBC URL of a database, e.g. \"jdbc:postgresql://db/app\""));
    } else if (PASSWORD.matcher(url).find()) {
      problems.add(
          new SettingProblem("url", "must not hold a password: put it into a password_file"));
    }
    for (String key : List.of("user", "query", "expected")) {
      Object value = settings.get(key);
      if (value != null && !(value instanceof String)) {
        problems.add(new SettingProblem(key, "must be a text"));
      }
    }
    if (settings.get("query") instanceof String query && query.isBlank()) {
      problems.add(new SettingProblem("query", "must not be empty"));
    }
    Object file = settings.get("password_file");
    if (file != null && !(file instanceof String path && path.startsWith("/"))) {
      problems.add(new SettingProblem("password_file", "must be an absolute path"));
    }
    for (String key : List.of("min", "max")) {
      Object value = settings.get(key);
      if (value != null && !(value instanceof Number)) {
        problems.add(new SettingProblem(key, "must be a number"));
      }
    }
    return problems;
  }

  @Override
  public ProbeOutcome check(ProbeTarget target) throws InterruptedException {
    return Database.check(target);
  }
}
