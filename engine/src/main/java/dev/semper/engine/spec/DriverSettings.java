package dev.semper.engine.spec;

import dev.semper.spi.SettingProblem;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// The keys of a workload that are its driver's: turned into plain values and shown to the driver.
final class DriverSettings {
  private static final String WORKING_DIR = "working_dir";

  private final Map<String, DriverFacts> drivers;
  private final @Nullable DriverFacts driver;
  private final Problems problems;
  private final ForeignSettings foreign;

  DriverSettings(
      Node.Table table, String path, Map<String, DriverFacts> drivers, Problems problems) {
    this.foreign = new ForeignSettings(table, path, problems);
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

  /// Of an unknown kind nothing is said.
  boolean installs() {
    return driver == null || driver.installs();
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
    int before = problems.count();
    List<String> own =
        names().stream().filter(name -> !Section.WORKLOAD.keys().contains(name)).toList();
    Map<String, Object> settings = foreign.read(own);
    settings.computeIfPresent(WORKING_DIR, (_, dir) -> resolve(dir, baseDir));
    if (driver != null && problems.count() == before) {
      driver.validate().apply(Collections.unmodifiableMap(settings)).forEach(foreign::report);
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
      foreign.report(new SettingProblem(WORKING_DIR, "must be the path of a directory"));
      return dir;
    }
  }
}
