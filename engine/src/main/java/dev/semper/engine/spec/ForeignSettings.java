package dev.semper.engine.spec;

import dev.semper.spi.SettingProblem;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A table whose meaning only a driver or a probe method knows: as plain values for it to look at,
/// and its problems led back to their lines.
final class ForeignSettings {
  private static final Pattern STEP = Pattern.compile("\\[(\\d{1,9})]|\"([^\"]*)\"|[^.\\[\\]\"]+");

  private final Node.Table table;
  private final String path;
  private final Problems problems;

  ForeignSettings(Node.Table table, String path, Problems problems) {
    this.table = table;
    this.path = path;
    this.problems = problems;
  }

  /// The values of some keys: String, Long, Double, Boolean, List or Map of them.
  Map<String, Object> read(List<String> keys) {
    Map<String, Object> settings = new TreeMap<>();
    table
        .entries()
        .forEach((key, entry) -> {
          if (keys.contains(key) && !(entry.value() instanceof Node.Nothing)) {
            settings.put(key, plain(entry.value(), Words.join(path, key), entry.line()));
          }
        });
    return settings;
  }

  private Object plain(Node node, String at, int line) {
    return switch (node) {
      case Node.Table t -> {
        Map<String, Object> map = new TreeMap<>();
        t.entries().forEach((k, e) -> map.put(k, plain(e.value(), Words.join(at, k), e.line())));
        yield Collections.unmodifiableMap(map);
      }
      case Node.Items list -> {
        List<Object> items = new ArrayList<>();
        for (Node item : list.items()) {
          items.add(plain(item, at + "[" + items.size() + "]", item.line()));
        }
        yield Collections.unmodifiableList(items);
      }
      case Node.Scalar s when s.value() instanceof Double d && !Double.isFinite(d) ->
          unusable(node, at, line);
      case Node.Scalar s -> s.value();
      case Node.Nothing _, Node.Unusable _ -> unusable(node, at, line);
    };
  }

  private Object unusable(Node node, String at, int line) {
    problems.add(
        at,
        line,
        "must be a text, a number, true, false, a list or a table, not " + node.describe());
    return "";
  }

  void report(SettingProblem problem) {
    Node node = table;
    int line = table.line();
    Matcher steps = STEP.matcher(problem.path());
    while (steps.find()) {
      Node.Entry next = step(node, steps);
      if (next == null) {
        break;
      }
      node = next.value();
      line = next.line();
    }
    String at =
        path.isEmpty() || problem.path().isEmpty()
            ? path + problem.path()
            : path + "." + problem.path();
    problems.add(at, line, Words.cut(problem.message(), 500));
  }

  private static Node.@Nullable Entry step(Node node, Matcher step) {
    if (node instanceof Node.Table t) {
      return t.entries().get(step.group(2) != null ? step.group(2) : step.group());
    }
    if (node instanceof Node.Items list && step.group(1) != null) {
      int i = Integer.parseInt(step.group(1));
      return i < list.items().size()
          ? new Node.Entry(list.items().get(i).line(), list.items().get(i))
          : null;
    }
    return null;
  }
}
