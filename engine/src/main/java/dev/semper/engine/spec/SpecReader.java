package dev.semper.engine.spec;

import dev.semper.spi.ProbeMethod;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Reads the specifications of workloads from documents and requests.
///
/// Whatever the input, the outcome is a valid specification or one [SemperException] with
/// `INVALID_SPEC` that holds all problems, each with its path and, for documents, its line.
/// Stateless, for any thread.
public final class SpecReader {
  private static final Map<String, String> REFUSED =
      Map.of("name", "a workload is named by its table, [workloads.NAME]: remove the key");

  private static final Path HOME = Path.of(System.getProperty("user.home"));

  private final Map<String, DriverFacts> drivers;
  private final Supplier<Map<String, ProbeMethod>> methods;

  /// A reader that knows no probe methods but the engine's own.
  ///
  /// @param drivers by kind
  public SpecReader(Map<String, DriverFacts> drivers) {
    this(drivers, Map::of);
  }

  /// @param drivers by kind
  /// @param methods by name; asked for when a probe has a key that is not the engine's own
  public SpecReader(Map<String, DriverFacts> drivers, Supplier<Map<String, ProbeMethod>> methods) {
    this.drivers = Map.copyOf(drivers);
    this.methods = methods;
  }

  /// Reads a document with `[workloads.NAME]` tables, in the order of the document.
  ///
  /// @param baseDir relative `env_file` and `working_dir` are made absolute against it
  public List<WorkloadSpec> readDocument(String text, Format format, @Nullable Path baseDir) {
    return read(text, format, baseDir).workloads();
  }

  /// As [#readDocument], with what is to be said about the document. One with `[vms.NAME]` tables
  /// is a `lifecycle-config.toml`: each becomes a workload of kind `remote`.
  public Document read(String text, Format format, @Nullable Path baseDir) {
    Problems problems = new Problems();
    Node.Table document = document(Source.parse(text, format, problems), problems);
    if (LifecycleFile.is(document)) {
      LifecycleFile file = LifecycleFile.read(document, HOME, problems);
      List<WorkloadSpec> specs = new ArrayList<>();
      file.workloads()
          .forEach((name, entry) -> {
            WorkloadSpec spec = workload(LifecycleFile.VMS, name, entry, baseDir, problems);
            if (spec != null) {
              specs.add(spec);
            }
          });
      problems.throwIfAny("the document");
      return new Document(specs, file.notes());
    }
    List<WorkloadSpec> specs = new ArrayList<>();
    workloads(document, problems)
        .entries()
        .forEach((name, entry) -> {
          WorkloadSpec spec = workload("workloads", name, entry, baseDir, problems);
          if (spec != null) {
            specs.add(spec);
          }
        });
    Cycles.report(document, specs, problems);
    problems.throwIfAny("the document");
    return new Document(specs, List.of());
  }

  /// Reads one workload from JSON that is parsed already; the paths of problems start below it.
  ///
  /// @param json what `[workloads.NAME]` holds in a file
  public WorkloadSpec readWorkload(String name, Map<String, ?> json) {
    Problems problems = new Problems();
    Node node = Source.ofJson(json, problems);
    if (!Limits.isName(name)) {
      problems.add("name", 0, Words.quoted(name) + ": a name " + Limits.NAME_FORM);
    }
    WorkloadSpec spec = workload(name, (Node.Table) node, "", null, problems);
    problems.throwIfAny("workload " + Words.quoted(name));
    if (spec == null) {
      throw new IllegalStateException("a workload without problems was not read: " + name);
    }
    return spec;
  }

  /// The whole specification as the JSON document that [#readWorkload] reads back to an equal one:
  /// every default written out, durations as text, keys in the order of the reference.
  public static Map<String, Object> write(WorkloadSpec spec) {
    return SpecWriter.write(spec);
  }

  /// As [#write], with the values of what looks secret by its name replaced by `***`, to be shown.
  public static Map<String, Object> writeMasked(WorkloadSpec spec) {
    return Secrets.maskedTree(SpecWriter.write(spec));
  }

  /// Whether the value of a variable is masked when it is shown, by the variable's name.
  public static boolean looksSecret(String name) {
    return Secrets.looksSecret(name);
  }

  /// Reads the `[alerts]` table of a server's settings; without it, the defaults.
  ///
  /// @param toml the whole file; its other tables are not looked at
  /// @param baseDir relative files of channels are against it
  /// @throws SemperException INVALID_SPEC with all that is wrong
  public static AlertSettings readAlerts(String toml, @Nullable Path baseDir) {
    Problems problems = new Problems();
    Node root = Source.parse(toml, Format.TOML, problems);
    Node.Entry alerts = root instanceof Node.Table t ? t.entries().get("alerts") : null;
    if (alerts == null) {
      return AlertSettings.DEFAULT;
    }
    if (!(alerts.value() instanceof Node.Table table)) {
      throw problems.fatal(
          "alerts", alerts.line(), "must be a table, not " + alerts.value().describe());
    }
    AlertSettings settings = new AlertReader(problems, baseDir).ofServer(table);
    problems.throwIfAny("the settings");
    return settings;
  }

  /// @param text e.g. `256Mi`, `1G`, or a number of bytes
  /// @throws IllegalArgumentException if it is none
  public static long size(String text) {
    Long bytes = Sizes.parse(text);
    if (bytes == null) {
      throw new IllegalArgumentException(
          "must be %s, not %s".formatted(Sizes.FORM, Words.quoted(text)));
    }
    return bytes;
  }

  /// @param text e.g. `1s`, `500ms`, `1h30m`, `2d`, or seconds without unit
  /// @throws IllegalArgumentException if it is none
  public static Duration duration(String text) {
    Duration duration = Durations.parse(text);
    if (duration == null) {
      throw new IllegalArgumentException(
          "must be %s, not %s".formatted(Durations.FORM, Words.quoted(text)));
    }
    return duration;
  }

  /// Text that [#duration] reads back, to the millisecond.
  public static String format(Duration duration) {
    return Durations.format(duration);
  }

  private static Node.Table document(Node root, Problems problems) {
    if (root instanceof Node.Table table && !table.entries().isEmpty()) {
      return table;
    }
    int line = Math.max(1, root.line());
    throw problems.fatal(
        "",
        line,
        root instanceof Node.Table || root instanceof Node.Nothing
            ? "the document is empty: it must have [workloads.NAME] tables"
            : "the document must be a table with workloads, not " + root.describe());
  }

  private static Node.Table workloads(Node.Table document, Problems problems) {
    TableReader top = new TableReader(document, "", Section.DOCUMENT.keys(), problems);
    Node node = top.node("workloads");
    if (node instanceof Node.Table table && !table.entries().isEmpty()) {
      return table;
    }
    int line = Math.max(1, top.line("workloads"));
    throw problems.fatal(
        "workloads",
        line,
        node == null || node instanceof Node.Table
            ? "there are no workloads: add a [workloads.NAME] table"
            : "must be a table of workloads, not " + node.describe());
  }

  private @Nullable WorkloadSpec workload(
      String where, String name, Node.Entry entry, @Nullable Path baseDir, Problems problems) {
    String path = Words.join(where, name);
    boolean named = Limits.isName(name);
    if (!named) {
      problems.add(
          path,
          entry.line(),
          "no workload can be named %s: a name %s".formatted(Words.quoted(name), Limits.NAME_FORM));
    }
    if (!(entry.value() instanceof Node.Table table)) {
      problems.add(path, entry.line(), "must be a table, not " + entry.value().describe());
      return null;
    }
    WorkloadSpec spec = workload(named ? name : "unnamed", table, path, baseDir, problems);
    return named ? spec : null;
  }

  private @Nullable WorkloadSpec workload(
      String name, Node.Table table, String path, @Nullable Path baseDir, Problems problems) {
    int before = problems.count();
    DriverSettings settings = new DriverSettings(table, path, drivers, problems);
    List<String> keys = new ArrayList<>(Section.WORKLOAD.keys());
    keys.addAll(settings.names());
    REFUSED.forEach((key, message) -> {
      Node.Entry entry = table.entries().get(key);
      if (entry != null && !keys.contains(key)) {
        problems.add(Words.join(path, key), entry.line(), message);
      }
    });
    Node.Table rest = new Node.Table(table.line(), without(table.entries(), keys));
    TableReader reader = new TableReader(rest, path, keys, problems);
    WorkloadSpec spec = new WorkloadReader(name, reader, settings, methods, baseDir).read();
    return problems.count() > before ? null : spec;
  }

  /// The entries without the refused ones, which have been reported already.
  private static Map<String, Node.Entry> without(
      Map<String, Node.Entry> entries, List<String> keys) {
    Map<String, Node.Entry> rest = new LinkedHashMap<>(entries);
    rest.keySet().removeIf(key -> REFUSED.containsKey(key) && !keys.contains(key));
    return rest;
  }
}
