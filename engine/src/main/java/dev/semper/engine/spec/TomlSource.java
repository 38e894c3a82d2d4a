package dev.semper.engine.spec;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/// Reads TOML with tomlj: Jackson's TOML forgets where a value stood.
final class TomlSource {
  private final String text;
  private final List<String> lines;
  private final Problems problems;

  TomlSource(String text, Problems problems) {
    this.text = text;
    this.lines = text.lines().toList();
    this.problems = problems;
  }

  Node parse() {
    int line = TomlNesting.lineDeeperThan(Source.MAX_DEPTH, text);
    if (line > 0) {
      throw Source.tooDeep("", line, problems);
    }
    TomlParseResult result = parsed();
    for (TomlParseError error : result.errors()) {
      problems.add(
          "", line(error.position()), () -> Words.cut(String.valueOf(error.getMessage()), 300));
    }
    problems.throwIfAny("the document");
    return table(result, "", 1, 1);
  }

  /// tomlj ends with an assertion or an index error on some broken strings.
  private TomlParseResult parsed() {
    try {
      return Toml.parse(text);
    } catch (RuntimeException | AssertionError e) {
      throw problems.fatal(
          "", lastReadable() + 1, "is not TOML: a text is broken here, or ends not");
    }
  }

  /// How many of the first lines can be parsed without ending the parser, found by halving.
  private int lastReadable() {
    int good = 0;
    int bad = lines.size();
    while (bad - good > 1) {
      int middle = (good + bad) / 2;
      try {
        Toml.parse(String.join("\n", lines.subList(0, middle)));
        good = middle;
      } catch (RuntimeException | AssertionError e) {
        bad = middle;
      }
    }
    return good;
  }

  private Node table(TomlTable table, String path, int line, int depth) {
    check(path, line, depth);
    Map<String, Node.Entry> entries = new LinkedHashMap<>();
    for (String key : table.keySet()) {
      List<String> step = List.of(key);
      int keyLine = line(table.inputPositionOf(step));
      Object value = Objects.requireNonNull(table.get(step));
      entries.put(
          key, new Node.Entry(keyLine, node(value, Words.join(path, key), keyLine, depth + 1)));
    }
    return new Node.Table(line, entries);
  }

  private Node array(TomlArray array, String path, int line, int depth) {
    check(path, line, depth);
    List<Node> items = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      int itemLine = itemLine(array.inputPositionOf(i));
      items.add(node(array.get(i), path + "[" + i + "]", itemLine, depth + 1));
    }
    return new Node.Items(line, items);
  }

  private Node node(Object value, String path, int line, int depth) {
    return switch (value) {
      case TomlTable table -> table(table, path, line, depth);
      case TomlArray array -> array(array, path, line, depth);
      default -> Source.scalar(line, value);
    };
  }

  private void check(String path, int line, int depth) {
    if (depth > Source.MAX_DEPTH) {
      throw Source.tooDeep(path, line, problems);
    }
  }

  /// tomlj says that an item begins with the line breaks and comments before it.
  private int itemLine(TomlPosition position) {
    int line = position.line();
    int from = position.column() - 1;
    while (line < lines.size() && isBlankFrom(lines.get(line - 1), from)) {
      line++;
      from = 0;
    }
    return line;
  }

  private static boolean isBlankFrom(String line, int from) {
    String rest = line.substring(Math.min(from, line.length())).strip();
    return rest.isEmpty() || rest.startsWith("#");
  }

  private static int line(@Nullable TomlPosition position) {
    return position == null ? 0 : position.line();
  }
}
