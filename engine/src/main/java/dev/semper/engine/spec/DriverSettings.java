package dev.semper.engine.spec;

import dev.semper.spi.SettingProblem;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The keys of a workload that are its driver's: turned into plain values and shown to the driver.
final class DriverSettings {
  private static final Pattern STEP = Pattern.compile("\\[(\\d{1,9})]|\"([^\"]*)\"|[^.\\[\\]\"]+");
  private static final String WORKING_DIR = "working_dir";

  private final Node.Table table;
  private final String path;
  private final Map<String, DriverFacts> drivers;
  private final @Nullable DriverFacts driver;
  private final Problems problems;

  DriverSettings(
      Node.Table table, String path, Map<String, DriverFacts> drivers, Problems problems) {
    this.table = table;
    this.path = path;
    this.drivers = drivers;
    this.problems = problems;
    this.driver =
        table.entries().get("kind") instanceof Node.Entry(_, Node.Scalar kind)
            ? drivers.get(kind.text())
            : null;
  }

  boolean isKnown(String kind) {
    return drivers.containsKey(kind);
  }

  String knownKinds() {
    return drivers.isEmpty() ? "none" : String.join(", ", new TreeSet<>(drivers.keySet()));
  }

  /// The names that are settings here. With an unknown kind, those of all drivers: only the kind is
  /// to be corrected then.
  List<String> names() {
    return driver != null
        ? driver.settingNames()
        : drivers.values().stream().flatMap(d -> d.settingNames().stream()).distinct().toList();
  }

  Map<String, Object> read(@Nullable Path baseDir) {
    Map<String, Object> settings = new TreeMap<>();
    int before = problems.count();
    table
        .entries()
        .forEach((key, entry) -> {
          if (names().contains(key)
              && !Section.WORKLOAD.keys().contains(key)
              && !(entry.value() instanceof Node.Nothing)) {
            settings.put(key, plain(entry.value(), Words.join(path, key), entry.line()));
          }
        });
    settings.computeIfPresent(WORKING_DIR, (_, dir) -> resolve(dir, baseDir));
    if (driver != null && problems.count() == before) {
      driver.validate().apply(Collections.unmodifiableMap(settings)).forEach(this::report);
    }
    return settings;
  }

  private Object resolve(Object dir, @Nullable Path baseDir) {
    if (!(dir instanceof String text)) {
      return dir;
    }
    try {
      return WorkloadReader.resolve(text, baseDir);
    } catch (InvalidPathException e) {
      report(new SettingProblem(WORKING_DIR, "must be the path of a directory"));
      return dir;
    }
  }

  /// String, Long, Double, Boolean, List or Map of them.
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

  private void report(SettingProblem problem) {
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
    String at = path.isEmpty() ? problem.path() : path + "." + problem.path();
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
