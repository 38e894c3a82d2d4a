package dev.semper.engine.spec;

import dev.semper.engine.spec.ConfigSpec.Change;
import dev.semper.engine.spec.ConfigSpec.Mode;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads the `config` of one workload, and writes it.
final class ConfigReader {
  private static final List<String> SCHEMA = List.of("items", "additional", "json_schema");
  private static final Duration HOLD = Duration.ofMinutes(5);

  private final String workload;
  private final TableReader table;
  private final boolean ownPort;
  private final @Nullable Path baseDir;

  ConfigReader(String workload, TableReader table, boolean ownPort, @Nullable Path baseDir) {
    this.workload = workload;
    this.table = table;
    this.ownPort = ownPort;
    this.baseDir = baseDir;
  }

  /// @return null if there is none, or a problem
  @Nullable ConfigSpec read() {
    TableReader t = table.table("config", Section.CONFIG);
    if (t == null) {
      return null;
    }
    String name = t.text("name", workload);
    if (!Limits.isName(name)) {
      t.problem("name", Limits.NAME_FORM);
    }
    String environment = t.text("environment", "development");
    if (!ConfigSpec.ENVIRONMENTS.contains(environment)) {
      t.problem(
          "environment",
          "unknown environment %s, %s"
              .formatted(
                  Words.quoted(environment), Words.instead(environment, ConfigSpec.ENVIRONMENTS)));
    }
    Set<String> features = new LinkedHashSet<>(t.textList("features"));
    long revision = t.number("revision", 0L, Limits.REVISION);
    boolean follow = t.flag("follow", true);
    boolean whole = false;
    Map<String, String> env = Map.of();
    if (t.node("env") instanceof Node.Table) {
      env = variables(t);
    } else {
      whole = t.flag("env", false);
    }
    String prefix = t.text("env_prefix", "");
    if (!prefix.isEmpty() && (!whole || !prefix.matches("[A-Za-z_][A-Za-z0-9_]*"))) {
      t.problem(
          "env_prefix",
          whole ? "must be letters, digits and _" : "is only for env = true: add that");
    }
    List<ConfigSpec.File> files = files(t);
    Change change = change(t);
    ConfigSpec.Gray gray = gray(t);
    Map<String, Object> schema = schema(t);
    return t.broken()
        ? null
        : new ConfigSpec(
            name,
            environment,
            features,
            revision,
            follow,
            whole,
            env,
            prefix,
            files,
            change,
            gray,
            schema);
  }

  /// Its form only; what it says is looked at where it is used.
  private static Map<String, Object> schema(TableReader config) {
    TableReader t = config.table("schema", SCHEMA);
    if (t == null || !(config.node("schema") instanceof Node.Table node)) {
      return Map.of();
    }
    boolean _ = t.flag("additional", true);
    if (t.has("json_schema") && !(t.node("json_schema") instanceof Node.Table)) {
      t.problem("json_schema", "must be a JSON Schema, a table");
    }
    t.items(
        "items",
        "a list of tables",
        (item, path) -> {
          if (!(item instanceof Node.Table)) {
            t.problem(item, path, "must be a table with at least a key, not " + item.describe());
          }
        });
    return t.broken() ? Map.of() : config.tree(node, "schema");
  }

  private static Map<String, String> variables(TableReader t) {
    Map<String, String> env = t.texts("env");
    env.forEach((name, key) -> {
      if (!Limits.isVariable(name)) {
        t.problem("env", name, "the name of a variable must not be empty or contain =");
      } else if (key.isBlank()) {
        t.problem("env", name, "must be a key of the configuration, e.g. database.url");
      }
    });
    return env;
  }

  private List<ConfigSpec.File> files(TableReader t) {
    List<ConfigSpec.File> files = new ArrayList<>();
    Set<String> paths = new HashSet<>();
    t.items(
        "files",
        "a list of tables",
        (node, path) -> {
          if (!(node instanceof Node.Table item)) {
            t.problem(node, path, "must be a table with path, not " + node.describe());
            return;
          }
          ConfigSpec.File file = file(t.table(item, path, Section.CONFIG_FILE));
          if (file != null && !paths.add(file.path())) {
            t.problem(node, path, "the path is there twice: " + Words.quoted(file.path()));
          } else if (file != null) {
            files.add(file);
          }
        });
    return files;
  }

  private ConfigSpec.@Nullable File file(TableReader t) {
    String path = t.text("path");
    if (path == null && !t.has("path")) {
      t.problem("path", "is missing: where the file is to be");
    } else if (path != null && !isPath(path)) {
      t.problem(
          "path",
          "must be absolute, or below the instance's directory without .., not "
              + Words.quoted(path));
    }
    String format = t.text("format", "");
    if (!format.isEmpty() && !ConfigSpec.FORMATS.contains(format)) {
      t.problem(
          "format",
          "unknown format %s, %s"
              .formatted(Words.quoted(format), Words.instead(format, ConfigSpec.FORMATS)));
    }
    String template = t.text("template", "");
    String templateFile = templateFile(t);
    int ways =
        (t.has("format") ? 1 : 0) + (t.has("template") ? 1 : 0) + (t.has("template_file") ? 1 : 0);
    if (ways != 1) {
      t.problem("must have one of format, template and template_file");
    }
    int mode = mode(t);
    String owner = t.text("owner");
    if (owner != null && !owner.matches("[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+)?")) {
      t.problem("owner", "must be USER or USER:GROUP, not " + Words.quoted(owner));
    }
    return path == null || t.broken()
        ? null
        : new ConfigSpec.File(path, format, template, templateFile, mode, owner);
  }

  private static boolean isPath(String text) {
    try {
      Path path = Path.of(text);
      return !text.isBlank()
          && !text.endsWith("/")
          && text.indexOf('\0') < 0
          && path.equals(path.normalize())
          && !path.startsWith("..");
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private @Nullable String templateFile(TableReader t) {
    String file = t.text("template_file");
    if (file == null) {
      return null;
    }
    try {
      String path = file.isBlank() ? "" : WorkloadReader.resolve(file, baseDir);
      if (path.startsWith("/")) {
        return path;
      }
    } catch (InvalidPathException e) {
      // Reported below.
    }
    t.problem("template_file", "must be the absolute path of a file, not " + Words.quoted(file));
    return null;
  }

  private static int mode(TableReader t) {
    String text = t.text("mode", "0600");
    if (!text.matches("0?[0-7]{3}")) {
      t.problem("mode", "must be permissions as text, e.g. \"0640\", not " + Words.quoted(text));
      return 0600;
    }
    return Integer.parseInt(text, 8);
  }

  private Change change(TableReader config) {
    if (config.node("change") instanceof Node.Scalar) {
      Mode mode = config.choice("change", Mode.RESTART);
      if (mode == Mode.HOOK || mode == Mode.RELOAD) {
        config.problem(
            "change",
            mode == Mode.HOOK
                ? "needs a command: change = { mode = \"hook\", command = [\"/path\"] }"
                : "needs a path: change = { mode = \"reload\", path = \"/reload\" }");
        return Change.RESTART;
      }
      return of(mode);
    }
    TableReader t = config.table("change", Section.CONFIG_CHANGE);
    if (t == null) {
      return Change.RESTART;
    }
    Mode mode = t.choice("mode", Mode.RESTART);
    only(t, "signal", mode, Mode.SIGNAL);
    only(t, "command", mode, Mode.HOOK);
    only(t, "path", mode, Mode.RELOAD);
    only(t, "port", mode, Mode.RELOAD);
    String signal = t.text("signal", "HUP");
    String known = StopSpec.signal(signal);
    if (known == null) {
      t.problem("signal", "unknown signal " + Words.quoted(signal));
    }
    List<String> command = t.textList("command");
    if (mode == Mode.HOOK && !ProbeSpec.Command.isExec(command)) {
      t.problem("command", "must name a program, e.g. [\"/usr/local/bin/reload.sh\"]");
    }
    String path = t.text("path", "");
    if (mode == Mode.RELOAD && !path.startsWith("/")) {
      t.problem("path", "must begin with /, e.g. \"/reload\"");
    }
    int port = t.number("port", 0, Limits.PORT);
    if (mode == Mode.RELOAD && port == 0 && !ownPort) {
      t.problem("port", "is missing: the workload has no port of its own");
    }
    Duration timeout = t.duration("timeout", Change.RESTART.timeout(), Limits.PROBE_TIMEOUT);
    Duration settle = t.duration("settle", Change.RESTART.settle(), Limits.SETTLE);
    return t.broken() || known == null
        ? Change.RESTART
        : new Change(mode, known, command, path, port, timeout, settle);
  }

  private static Change of(Mode mode) {
    Change d = Change.RESTART;
    return new Change(mode, d.signal(), d.command(), d.path(), d.port(), d.timeout(), d.settle());
  }

  private static void only(TableReader t, String key, Mode mode, Mode needed) {
    if (t.has(key) && mode != needed) {
      t.problem(key, "is only for mode = \"%s\"".formatted(TableReader.word(needed)));
    }
  }

  private ConfigSpec.@Nullable Gray gray(TableReader config) {
    TableReader t = config.table("gray", Section.CONFIG_GRAY);
    if (t == null) {
      return null;
    }
    double share = t.decimal("share", 0.1, Limits.GRAY);
    if (share <= 0) {
      t.problem("share", "must be more than 0 and at most 1, e.g. 0.25");
    }
    Duration hold = t.duration("for", HOLD, Limits.HEALTHY_FOR);
    return t.broken() ? null : new ConfigSpec.Gray(share, hold);
  }

  static Map<String, Object> write(ConfigSpec c) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("name", c.name());
    out.put("environment", c.environment());
    out.put("features", c.features().stream().sorted().toList());
    out.put("revision", c.revision());
    out.put("follow", c.follow());
    if (c.env().isEmpty()) {
      out.put("env", c.wholeEnv());
    } else {
      out.put("env", new java.util.TreeMap<>(c.env()));
    }
    if (!c.envPrefix().isEmpty()) {
      out.put("env_prefix", c.envPrefix());
    }
    out.put("files", c.files().stream().map(ConfigReader::write).toList());
    out.put("change", write(c.change()));
    if (c.gray() != null) {
      Map<String, Object> gray = new LinkedHashMap<>();
      gray.put("share", c.gray().share());
      gray.put("for", Durations.format(c.gray().hold()));
      out.put("gray", gray);
    }
    if (!c.schema().isEmpty()) {
      out.put("schema", SpecWriter.sorted(c.schema()));
    }
    return out;
  }

  private static Map<String, Object> write(ConfigSpec.File f) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("path", f.path());
    if (f.templateFile() != null) {
      out.put("template_file", f.templateFile());
    } else if (f.format().isEmpty()) {
      out.put("template", f.template());
    } else {
      out.put("format", f.format());
    }
    out.put("mode", "0%03o".formatted(f.mode()));
    if (f.owner() != null) {
      out.put("owner", f.owner());
    }
    return out;
  }

  private static Map<String, Object> write(Change c) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("mode", TableReader.word(c.mode()));
    switch (c.mode()) {
      case SIGNAL -> out.put("signal", c.signal());
      case HOOK -> out.put("command", c.command());
      case RELOAD -> {
        out.put("path", c.path());
        if (c.port() > 0) {
          out.put("port", (long) c.port());
        }
      }
      case NONE, RESTART -> {}
    }
    out.put("timeout", Durations.format(c.timeout()));
    out.put("settle", Durations.format(c.settle()));
    return out;
  }
}
