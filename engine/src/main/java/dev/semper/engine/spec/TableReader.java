package dev.semper.engine.spec;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// Reads one table by its keys. A value that does not fit is a problem, and its default is given
/// instead, so that reading goes on to the next problem.
final class TableReader {
  private final Node.Table table;
  private final String path;
  private final List<String> keys;
  private final Problems problems;
  private final int problemsBefore;

  /// Reports the keys that are not known.
  TableReader(Node.Table table, String path, List<String> keys, Problems problems) {
    this.table = table;
    this.path = path;
    this.keys = keys;
    this.problems = problems;
    this.problemsBefore = problems.count();
    table
        .entries()
        .forEach((key, entry) -> {
          if (!keys.contains(key)) {
            problems.add(Words.join(path, key), entry.line(), () -> unknown(key));
          }
        });
  }

  private String unknown(String key) {
    return "unknown key `%s`, %s".formatted(Words.cut(key), Words.instead(key, keys));
  }

  /// Whether anything in this table, or below it, was wrong so far.
  boolean broken() {
    return problems.count() > problemsBefore;
  }

  void problem(String key, String message) {
    problems.add(path(key), line(key), message);
  }

  /// A problem of the table as a whole.
  void problem(String message) {
    problems.add(path, table.line(), message);
  }

  String path(String key) {
    return Words.join(path, key);
  }

  /// Of the key, or of the table if the key is not there.
  int line(String key) {
    return line(table, key);
  }

  private static int line(Node.Table table, String key) {
    Node.Entry entry = table.entries().get(key);
    return entry == null ? table.line() : entry.line();
  }

  /// @return null if the key is not there or has no value
  @Nullable Node node(String key) {
    if (!keys.contains(key)) {
      throw new IllegalStateException("the key " + key + " is not declared in its section");
    }
    Node.Entry entry = table.entries().get(key);
    return entry == null || entry.value() instanceof Node.Nothing ? null : entry.value();
  }

  boolean has(String key) {
    return node(key) != null;
  }

  private void mismatch(String key, String expected, Node actual) {
    problem(key, "must be %s, not %s".formatted(expected, actual.describe()));
  }

  private @Nullable Object scalar(String key) {
    return node(key) instanceof Node.Scalar s ? s.value() : null;
  }

  @Nullable String text(String key) {
    Node node = node(key);
    if (node == null) {
      return null;
    }
    if (node instanceof Node.Scalar s && s.value() instanceof String text) {
      return text;
    }
    mismatch(key, "a text", node);
    return null;
  }

  String text(String key, String otherwise) {
    String text = text(key);
    return text == null ? otherwise : text;
  }

  /// A text that people tend to write as a number, e.g. a version.
  String loose(String key, String otherwise) {
    Node node = node(key);
    String text = node == null ? otherwise : loose(node, path(key), line(key));
    return text == null ? otherwise : text;
  }

  private @Nullable String loose(Node node, String at, int line) {
    if (node instanceof Node.Scalar s && s.value() instanceof Double) {
      problems.add(at, line, "must be a text: put the number into quotes");
      return null;
    }
    if (node instanceof Node.Scalar s) {
      return s.text();
    }
    problems.add(at, line, "must be a text, not " + node.describe());
    return null;
  }

  /// A table of texts.
  Map<String, String> texts(String key) {
    Map<String, String> texts = new LinkedHashMap<>();
    Node node = node(key);
    if (node instanceof Node.Table t) {
      t.entries()
          .forEach((name, entry) -> {
            String text = loose(entry.value(), Words.join(path(key), name), entry.line());
            texts.put(name, text == null ? "" : text);
          });
    } else if (node != null) {
      mismatch(key, "a table of texts", node);
    }
    return texts;
  }

  /// A problem of one entry of a table of texts.
  void problem(String key, String entry, String message) {
    int line = node(key) instanceof Node.Table t ? line(t, entry) : line(key);
    problems.add(Words.join(path(key), entry), line, message);
  }

  List<String> textList(String key) {
    List<String> texts = new ArrayList<>();
    items(
        key,
        "a list of texts",
        (node, at) -> {
          if (node instanceof Node.Scalar s && s.value() instanceof String text) {
            texts.add(text);
          } else {
            problems.add(at, node.line(), "must be a text, not " + node.describe());
          }
        });
    return texts;
  }

  /// @param each gets every item with its path
  void items(String key, String expected, BiConsumer<Node, String> each) {
    Node node = node(key);
    if (node instanceof Node.Items list) {
      for (int i = 0; i < list.items().size(); i++) {
        each.accept(list.items().get(i), path(key) + "[" + i + "]");
      }
    } else if (node != null) {
      mismatch(key, expected, node);
    }
  }

  /// One of an enum's constants, written in lower case with dashes.
  <E extends Enum<E>> E choice(String key, E otherwise) {
    E choice = choice(key, otherwise.getDeclaringClass());
    return choice == null ? otherwise : choice;
  }

  <E extends Enum<E>> @Nullable E choice(String key, Class<E> type) {
    E[] all = type.getEnumConstants();
    String text = text(key);
    if (text == null) {
      return null;
    }
    for (E e : all) {
      if (word(e).equals(text)) {
        return e;
      }
    }
    List<String> words = Arrays.stream(all).map(TableReader::word).toList();
    problem(
        key, "unknown %s %s, %s".formatted(key, Words.quoted(text), Words.instead(text, words)));
    return null;
  }

  static String word(Enum<?> e) {
    return e.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  boolean flag(String key, boolean otherwise) {
    Node node = node(key);
    if (node == null) {
      return otherwise;
    }
    if (scalar(key) instanceof Boolean value) {
      return value;
    }
    mismatch(key, "true or false", node);
    return otherwise;
  }

  int number(String key, int otherwise, Limits.Numbers limits) {
    return (int) number(key, (long) otherwise, limits);
  }

  long number(String key, long otherwise, Limits.Numbers limits) {
    Node node = node(key);
    if (node == null) {
      return otherwise;
    }
    Long value = number(node, path(key), line(key), limits);
    return value == null ? otherwise : value;
  }

  private @Nullable Long number(Node node, String at, int line, Limits.Numbers limits) {
    if (!(node instanceof Node.Scalar s && s.value() instanceof Long value)) {
      problems.add(at, line, "must be a whole number, not " + node.describe());
      return null;
    }
    return fits(limits.problem(value), at, line) ? value : null;
  }

  List<Integer> numbers(String key, Limits.Numbers limits) {
    List<Integer> numbers = new ArrayList<>();
    items(
        key,
        "a list of whole numbers",
        (node, at) -> {
          Long value = number(node, at, node.line(), limits);
          if (value != null) {
            numbers.add(value.intValue());
          }
        });
    return numbers;
  }

  /// An item of a list.
  @Nullable Integer number(Node item, String at, Limits.Numbers limits) {
    Long value = number(item, at, item.line(), limits);
    return value == null ? null : value.intValue();
  }

  double decimal(String key, double otherwise, Limits.Decimals limits) {
    Node node = node(key);
    if (node == null) {
      return otherwise;
    }
    if (!(node instanceof Node.Scalar s && s.value() instanceof Number n)) {
      mismatch(key, "a number", node);
      return otherwise;
    }
    double value = n.doubleValue() + 0.0; // no -0.0, which equals 0.0 but for records
    return fits(limits.problem(value), path(key), line(key)) ? value : otherwise;
  }

  Duration duration(String key, Duration otherwise, Limits.Times limits) {
    Node node = node(key);
    if (node == null) {
      return otherwise;
    }
    Duration value = duration(node);
    if (value == null) {
      mismatch(key, Durations.FORM, node);
      return otherwise;
    }
    return fits(limits.problem(value), path(key), line(key)) ? value : otherwise;
  }

  private static @Nullable Duration duration(Node node) {
    if (!(node instanceof Node.Scalar s)) {
      return null;
    }
    return switch (s.value()) {
      case String text -> Durations.parse(text);
      case Number seconds -> Durations.ofSeconds(seconds.doubleValue());
      default -> null;
    };
  }

  long size(String key, long otherwise, Limits.Numbers limits) {
    Node node = node(key);
    if (node == null) {
      return otherwise;
    }
    Long value =
        switch (scalar(key)) {
          case String text -> Sizes.parse(text);
          case Long bytes -> bytes;
          case null, default -> null;
        };
    if (value == null) {
      mismatch(key, Sizes.FORM, node);
      return otherwise;
    }
    return fits(limits.problem(value), path(key), line(key)) ? value : otherwise;
  }

  private boolean fits(@Nullable String problem, String at, int line) {
    if (problem != null) {
      problems.add(at, line, problem);
    }
    return problem == null;
  }

  /// @return null if the key is not there or is no table
  @Nullable TableReader table(String key, Section section) {
    return table(key, section.keys());
  }

  @Nullable TableReader table(String key, List<String> itemKeys) {
    Node node = node(key);
    if (node instanceof Node.Table t) {
      return new TableReader(t, path(key), itemKeys, problems);
    }
    if (node != null) {
      mismatch(key, "a table with " + String.join(", ", itemKeys), node);
    }
    return null;
  }

  TableReader table(Node.Table item, String at, Section section) {
    return table(item, at, section.keys());
  }

  TableReader table(Node.Table item, String at, List<String> itemKeys) {
    return new TableReader(item, at, itemKeys, problems);
  }

  /// The table of a key for a probe method to read; null if the key is not there or is no table.
  @Nullable ForeignSettings foreign(String key, List<String> itemKeys) {
    TableReader read = table(key, itemKeys);
    return read == null ? null : new ForeignSettings(read.table, read.path, problems);
  }

  /// A table below a key, kept as it is.
  Map<String, Object> tree(Node.Table node, String key) {
    return Trees.whole(node, path(key), problems);
  }

  /// The alert rules of a workload.
  List<AlertRule> alerts(@Nullable Path baseDir) {
    return new AlertReader(problems, baseDir).ofWorkload(this);
  }

  void problem(Node item, String at, String message) {
    problems.add(at, item.line(), message);
  }
}
