package dev.semper.engine.config;

import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.spec.Trees;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Resolves what values refer to: `${env:NAME}` of the server's environment (allowed names only),
/// `${config:KEY}` of the same configuration, `{{secret:ID}}`. A text that is one `${config:…}` and
/// nothing else becomes that value with its type; within a text values are put in as text. `$${`
/// stands for `${`, `{{{{` for `{{`. What is put in is not looked at again. One object resolves one
/// tree.
final class References {
  /// How many values may refer to each other in a row.
  static final int MAX_CHAIN = 32;

  private static final int MOST_PROBLEMS = 100;

  /// What becomes of references to secrets.
  enum Secrets {
    /// They are checked and stay as they are written.
    SHOW,
    /// The value takes their place.
    REVEAL
  }

  /// Whose values are to be had.
  ///
  /// @param allowed names of variables; with a `*` at the end all that begin so
  /// @param environment gives the value of a variable; null if there is none
  record Sources(Set<String> allowed, EnvironmentVariables environment, SecretSource secrets) {}

  /// The server's own environment.
  @FunctionalInterface
  interface EnvironmentVariables {
    @Nullable String get(String name);
  }

  private final Map<String, Object> raw;
  private final Reader reader;
  private final Sources sources;
  private final Secrets mode;
  private final List<Problem> problems;
  private final Map<KeyPath, Object> resolved = new HashMap<>();
  private final LinkedHashSet<KeyPath> under = new LinkedHashSet<>();
  private long size;
  private boolean tooLarge;

  private References(
      Map<String, Object> raw,
      Reader reader,
      Sources sources,
      Secrets mode,
      List<Problem> problems) {
    this.raw = raw;
    this.reader = reader;
    this.sources = sources;
    this.mode = mode;
    this.problems = problems;
  }

  /// @param problems gets what is missing, not allowed or goes in a circle, each with its path
  static Map<String, Object> resolve(
      Map<String, Object> raw,
      Reader reader,
      Sources sources,
      Secrets mode,
      List<Problem> problems) {
    return new References(raw, reader, sources, mode, problems).table(raw, KeyPath.ROOT);
  }

  /// Whether values refer to a secret.
  static boolean toSecret(Object value, String id) {
    return switch (value) {
      case String text -> text.contains("{{secret:" + id + "}}");
      case Map<?, ?> map ->
          map.values().stream().anyMatch(v -> toSecret(Objects.requireNonNull(v), id));
      case List<?> list -> list.stream().anyMatch(v -> toSecret(Objects.requireNonNull(v), id));
      default -> false;
    };
  }

  private Map<String, Object> table(Map<String, Object> table, KeyPath path) {
    TreeMap<String, Object> made = new TreeMap<>();
    table.forEach((key, value) -> made.put(key, value(value, path.with(key))));
    return made;
  }

  private Object value(Object value, KeyPath path) {
    if (value instanceof Map<?, ?>) {
      return table(Values.table(value), path);
    }
    Object known = resolved.get(path);
    if (known != null) {
      return known;
    }
    if (!under.add(path)) {
      circle(path);
      return "";
    }
    try {
      if (under.size() > MAX_CHAIN) {
        problem(path, "refers through more than %d values".formatted(MAX_CHAIN));
        return "";
      }
      Object made = scalar(value, path);
      resolved.put(path, made);
      return made;
    } finally {
      under.remove(path);
    }
  }

  private Object scalar(Object value, KeyPath path) {
    return switch (value) {
      case String text -> text(text, path);
      case List<?> list -> {
        List<Object> made = new ArrayList<>();
        for (Object item : list) {
          Object some = Objects.requireNonNull(item);
          made.add(
              some instanceof Map<?, ?> ? table(Values.table(some), path) : scalar(some, path));
        }
        yield made;
      }
      default -> value;
    };
  }

  private void circle(KeyPath path) {
    StringBuilder way = new StringBuilder();
    boolean within = false;
    for (KeyPath step : under) {
      within |= step.equals(path);
      if (within) {
        way.append(step).append(" → ");
      }
    }
    problem(path, "refers to itself: " + way + path);
  }

  private Object text(String text, KeyPath path) {
    if (text.indexOf('{') < 0) {
      return count(text, path);
    }
    if (text.startsWith("${config:") && text.indexOf('}') == text.length() - 1) {
      return other(text.substring(9, text.length() - 1), path);
    }
    StringBuilder made = new StringBuilder();
    int at = 0;
    while (at < text.length()) {
      if (text.startsWith("$${", at)) {
        made.append("${");
        at += 3;
      } else if (text.startsWith("{{{{", at)) {
        made.append("{{");
        at += 4;
      } else if (text.startsWith("${env:", at)) {
        at = inserted(text, at, 6, "}", made, path, name -> variable(name, path));
      } else if (text.startsWith("${config:", at)) {
        at = inserted(text, at, 9, "}", made, path, key -> asText(other(key, path), key, path));
      } else if (text.startsWith("{{secret:", at)) {
        at = inserted(text, at, 9, "}}", made, path, id -> secret(id, path));
      } else {
        made.append(text.charAt(at++));
      }
    }
    return count(made.toString(), path);
  }

  private int inserted(
      String text,
      int at,
      int prefix,
      String closing,
      StringBuilder made,
      KeyPath path,
      UnaryOperator<String> source) {
    int end = text.indexOf(closing, at);
    if (end < 0) {
      String open = text.substring(at, Math.min(text.length(), at + 40));
      problem(path, "the reference %s has no %s".formatted(Trees.quoted(open), closing));
      return text.length();
    }
    made.append(source.apply(text.substring(at + prefix, end)));
    if (made.length() > Values.MAX_BYTES) {
      count(made.toString(), path);
      made.setLength(0);
    }
    return end + closing.length();
  }

  private String variable(String name, KeyPath path) {
    if (!allows(name)) {
      problem(
          path,
          "the variable %s may not be read: config.allowed_env of the server's settings does not name it"
              .formatted(Trees.quoted(name)));
      return "";
    }
    String value = sources.environment().get(name);
    if (value == null) {
      problem(path, "there is no variable %s in the server's environment".formatted(name));
      return "";
    }
    return value;
  }

  private boolean allows(String name) {
    return sources.allowed().stream()
        .anyMatch(a ->
            a.endsWith("*") ? name.startsWith(a.substring(0, a.length() - 1)) : a.equals(name));
  }

  private Object other(String key, KeyPath path) {
    KeyPath other;
    try {
      other = KeyPath.parse(key);
    } catch (SemperException e) {
      problem(path, String.valueOf(e.getMessage()));
      return "";
    }
    Object value = Values.get(raw, other);
    if (value == null) {
      problem(path, "refers to %s, which is not there".formatted(Trees.quoted(key)));
      return "";
    }
    if (value instanceof Map<?, ?> && path.isWithin(other)) {
      problem(path, "refers to %s, which it is part of".formatted(other));
      return "";
    }
    return tooLarge ? "" : counted(value(value, other), path);
  }

  /// What is put in somewhere else counts again.
  private Object counted(Object value, KeyPath path) {
    switch (value) {
      case String text -> {
        return count(text, path);
      }
      case Map<?, ?> map -> map.values().forEach(v -> counted(Objects.requireNonNull(v), path));
      case List<?> list -> list.forEach(v -> counted(Objects.requireNonNull(v), path));
      default -> {}
    }
    return count(8) ? value : overflow(path);
  }

  private Object count(String text, KeyPath path) {
    return count(text.length()) ? text : overflow(path);
  }

  private boolean count(int more) {
    size += more;
    return size <= 4L * Values.MAX_BYTES;
  }

  private String overflow(KeyPath path) {
    if (!tooLarge) {
      problem(path, "comes to more than %d MiB with its references".formatted(4));
    }
    tooLarge = true;
    return "";
  }

  private String asText(Object value, String key, KeyPath path) {
    if (value instanceof Map<?, ?> || value instanceof List<?>) {
      problem(
          path,
          "%s is a table or a list: it can be referred to only alone, not within a text"
              .formatted(Trees.quoted(key)));
      return "";
    }
    return String.valueOf(value);
  }

  private String secret(String id, KeyPath path) {
    try {
      if (mode == Secrets.REVEAL) {
        return sources.secrets().value(id, reader);
      }
      sources.secrets().check(id, reader);
    } catch (SemperException e) {
      problem(path, String.valueOf(e.getMessage()));
    }
    return "{{secret:" + id + "}}";
  }

  private void problem(KeyPath path, String message) {
    if (problems.size() < MOST_PROBLEMS) {
      problems.add(new Problem(path.toString(), 0, message));
    }
  }
}
