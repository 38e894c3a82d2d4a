package dev.semper.engine.spec;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads documents whose meaning is not known here, as plain tables, lists, texts, numbers (`Long`,
/// `Double`) and truth values. As with every document all problems are told at once, each with its
/// path and line; duplicate keys, half characters and what is too deep or too large are refused.
public final class Trees {
  private Trees() {}

  /// @return in the order of the document; null where a key has no value
  /// @throws dev.semper.engine.error.SemperException INVALID_SPEC
  public static Map<String, @Nullable Object> read(String text, Format format) {
    Problems problems = new Problems();
    Node root = Source.parse(text, format, problems);
    Map<String, @Nullable Object> table =
        switch (root) {
          case Node.Table t -> table(t, "", problems);
          case Node.Nothing _ -> new LinkedHashMap<>();
          default ->
              throw problems.fatal("", root.line(), "must be a table, not " + root.describe());
        };
    problems.throwIfAny("the document");
    return table;
  }

  /// A path with one more key, as it is written in messages: `hosts."a.example".port`.
  public static String join(String path, String key) {
    return Words.join(path, key);
  }

  /// A name or value as it is shown in messages, cut and without control characters.
  public static String quoted(String value) {
    return Words.quoted(value);
  }

  /// Whether a text is whole: without half of a surrogate pair.
  public static boolean isWhole(String text) {
    return Source.isWhole(text);
  }

  private static Map<String, @Nullable Object> table(
      Node.Table table, String path, Problems problems) {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    table
        .entries()
        .forEach((key, entry) -> {
          String at = Words.join(path, key);
          values.put(key, value(entry.value(), at, entry.line(), problems));
        });
    return values;
  }

  /// A part of a document that is kept as it is; a key without a value is a problem.
  static Map<String, Object> whole(Node.Table table, String path, Problems problems) {
    Map<String, Object> whole = new LinkedHashMap<>();
    table(table, path, problems)
        .forEach((key, value) -> {
          if (value == null) {
            problems.add(Words.join(path, key), table.line(), "has no value");
          } else {
            whole.put(key, value);
          }
        });
    return whole;
  }

  private static @Nullable Object value(Node node, String path, int line, Problems problems) {
    return switch (node) {
      case Node.Table t -> table(t, path, problems);
      case Node.Items list -> {
        List<@Nullable Object> items = new ArrayList<>();
        for (Node item : list.items()) {
          items.add(value(item, path + "[" + items.size() + "]", item.line(), problems));
        }
        yield items;
      }
      case Node.Scalar s -> s.value();
      case Node.Nothing _ -> null;
      case Node.Unusable u -> {
        problems.add(path, line, "must be a text, a number or a truth value, not " + u.describe());
        yield null;
      }
    };
  }
}
