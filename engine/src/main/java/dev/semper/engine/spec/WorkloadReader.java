package dev.semper.engine.spec;

import dev.semper.spi.ProbeMethod;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Reads the table of one workload.
final class WorkloadReader {
  private static final Duration START_SECONDS = Duration.ofSeconds(1);
  private static final Duration READY_TIMEOUT = Duration.ofSeconds(60);
  private static final Duration DEPENDENCY_TIMEOUT = Duration.ofSeconds(60);

  private final String name;
  private final TableReader table;
  private final DriverSettings settings;
  private final Supplier<Map<String, ProbeMethod>> methods;
  private final @Nullable Path baseDir;

  WorkloadReader(
      String name,
      TableReader table,
      DriverSettings settings,
      Supplier<Map<String, ProbeMethod>> methods,
      @Nullable Path baseDir) {
    this.methods = methods;
    this.name = name;
    this.table = table;
    this.settings = settings;
    this.baseDir = baseDir;
  }

  /// @return null if there is a problem
  @Nullable WorkloadSpec read() {
    String kind = kind();
    PortSpec port = port();
    String version = version();
    int instances = table.number("instances", 1, Limits.INSTANCES);
    Map<String, String> env = env();
    String envFile = envFile();
    Duration startSeconds = table.duration("start_seconds", START_SECONDS, Limits.START_SECONDS);
    List<DependencySpec> dependsOn = dependsOn();
    RestartSpec restart = new RestartReader(table).read();
    StopSpec stop = stop();
    UpdateSpec update = update(port);
    ResourceSpec resources = resources();
    LogSpec log = log();
    List<ProbeSpec> probes =
        new ProbeReader(table, port != null, resources, methods, baseDir).read();
    HealthSpec health = new HealthReader(table, resources, probes).read();
    List<HookSpec> hooks = new HookReader(table, baseDir).read();
    RecoverySpec recovery = new RecoveryReader(table, settings.installs()).read();
    List<AlertRule> alerts = table.alerts(baseDir);
    ConfigSpec config = new ConfigReader(name, table, port != null, baseDir).read();
    Map<String, String> labels = labels();
    Map<String, Object> own = settings.read(baseDir);
    return table.broken()
        ? null
        : new WorkloadSpec(
            name,
            kind,
            version,
            instances,
            env,
            envFile,
            port,
            startSeconds,
            dependsOn,
            restart,
            stop,
            update,
            resources,
            log,
            probes,
            health,
            hooks,
            recovery,
            alerts,
            config,
            labels,
            own);
  }

  private String kind() {
    String kind = table.text("kind");
    if (kind == null && !table.has("kind")) {
      table.problem("kind", "is missing; known kinds are " + settings.knownKinds());
    } else if (kind != null && !settings.isKnown(kind)) {
      table.problem(
          "kind",
          "unknown kind %s; known kinds are %s"
              .formatted(Words.quoted(kind), settings.knownKinds()));
    }
    return kind == null ? "" : kind;
  }

  private @Nullable PortSpec port() {
    if (!table.has("port")) {
      return null;
    }
    if (table.node("port") instanceof Node.Scalar s && s.value() instanceof String text) {
      if (!text.equals("auto")) {
        table.problem("port", "must be 1 to 65535 or \"auto\", not " + Words.quoted(text));
      }
      return PortSpec.AUTO;
    }
    return new PortSpec(table.number("port", 0, Limits.PORT));
  }

  private String version() {
    String version = table.loose("version", "0");
    if (!WorkloadSpec.isVersion(version)) {
      table.problem("version", WorkloadSpec.VERSION_FORM);
    }
    return version;
  }

  private Map<String, String> env() {
    Map<String, String> env = table.texts("env");
    env.forEach((name, value) -> {
      if (!Limits.isVariable(name)) {
        table.problem("env", name, "the name of a variable must not be empty or contain =");
      } else if (value.indexOf('\0') >= 0) {
        table.problem("env", name, "must not contain the character NUL");
      }
    });
    return env;
  }

  private Map<String, String> labels() {
    Map<String, String> labels = table.texts("labels");
    if (labels.containsKey("")) {
      table.problem("labels", "", "the name of a label must not be empty");
    }
    return labels;
  }

  private @Nullable String envFile() {
    String file = table.text("env_file");
    if (file == null) {
      return null;
    }
    if (file.isBlank()) {
      table.problem("env_file", "must be the path of a file, not empty");
      return null;
    }
    try {
      return resolve(file, baseDir);
    } catch (InvalidPathException e) {
      table.problem("env_file", "must be the path of a file, not " + Words.quoted(file));
      return null;
    }
  }

  /// @throws InvalidPathException if the text cannot be a path
  static String resolve(String file, @Nullable Path baseDir) {
    Path path = Path.of(file);
    return baseDir == null || path.isAbsolute()
        ? file
        : baseDir.toAbsolutePath().resolve(path).normalize().toString();
  }

  private List<DependencySpec> dependsOn() {
    List<DependencySpec> all = new ArrayList<>();
    Set<String> names = new HashSet<>();
    table.items(
        "depends_on",
        "a list of workloads",
        (node, path) -> {
          DependencySpec dependency = dependency(node, path);
          if (dependency == null) {
            return;
          }
          if (!names.add(dependency.workload())) {
            table.problem(
                node, path, "depends on `%s` twice: keep one".formatted(dependency.workload()));
          } else {
            all.add(dependency);
          }
        });
    return all;
  }

  private @Nullable DependencySpec dependency(Node node, String path) {
    return switch (node) {
      case Node.Scalar s when s.value() instanceof String workload ->
          isOther(workload, node, path)
              ? new DependencySpec(
                  workload, DependencySpec.Condition.READY, Duration.ZERO, true, DEPENDENCY_TIMEOUT)
              : null;
      case Node.Table t -> dependency(t, path);
      default -> {
        table.problem(
            node,
            path,
            "must be the name of a workload or a table with workload, not " + node.describe());
        yield null;
      }
    };
  }

  private @Nullable DependencySpec dependency(Node.Table node, String path) {
    TableReader t = table.table(node, path, Section.DEPENDENCY);
    String workload = t.text("workload");
    if (workload == null && !t.has("workload")) {
      t.problem("workload", "is missing: the name of a workload");
    } else if (workload != null) {
      isOther(workload, node, t.path("workload"));
    }
    DependencySpec.Condition condition = t.choice("condition", DependencySpec.Condition.READY);
    Duration healthyFor = t.duration("for", Duration.ZERO, Limits.HEALTHY_FOR);
    if (t.has("for") && condition != DependencySpec.Condition.HEALTHY) {
      t.problem("for", "is only for condition = \"healthy\": remove one or change the other");
    }
    boolean required = t.flag("required", true);
    Duration timeout = t.duration("timeout", DEPENDENCY_TIMEOUT, Limits.DEPENDENCY_TIMEOUT);
    return workload == null || t.broken()
        ? null
        : new DependencySpec(workload, condition, healthyFor, required, timeout);
  }

  private boolean isOther(String workload, Node node, String path) {
    if (!Limits.isName(workload)) {
      table.problem(
          node,
          path,
          "no workload can be named %s: a name %s"
              .formatted(Words.quoted(workload), Limits.NAME_FORM));
      return false;
    }
    if (workload.equals(name)) {
      table.problem(node, path, "`%s` cannot depend on itself".formatted(name));
      return false;
    }
    return true;
  }

  private StopSpec stop() {
    TableReader t = table.table("stop", Section.STOP);
    if (t == null) {
      return StopSpec.DEFAULT;
    }
    String signal = t.text("signal", StopSpec.DEFAULT.signal());
    String known = StopSpec.signal(signal);
    if (known == null) {
      t.problem(
          "signal",
          "unknown signal %s, %s"
              .formatted(
                  Words.quoted(signal),
                  Words.instead(signal, Limits.SIGNALS.stream().sorted().toList())));
    }
    Duration timeout = t.duration("timeout", StopSpec.DEFAULT.timeout(), Limits.STOP_TIMEOUT);
    return known == null ? StopSpec.DEFAULT : new StopSpec(known, timeout);
  }

  private UpdateSpec update(@Nullable PortSpec port) {
    UpdateSpec.Order order =
        port != null && !port.auto() ? UpdateSpec.Order.STOP_FIRST : UpdateSpec.Order.START_FIRST;
    TableReader t = table.table("update", Section.UPDATE);
    return t == null
        ? new UpdateSpec(order, READY_TIMEOUT)
        : new UpdateSpec(
            t.choice("order", order),
            t.duration("ready_timeout", READY_TIMEOUT, Limits.READY_TIMEOUT));
  }

  private ResourceSpec resources() {
    TableReader t = table.table("resources", Section.RESOURCES);
    return t == null
        ? ResourceSpec.UNLIMITED
        : new ResourceSpec(
            t.size("memory", 0, Limits.BYTES),
            t.decimal("cpu", 0, Limits.CPU),
            t.number("pids", 0L, Limits.PIDS));
  }

  private LogSpec log() {
    TableReader t = table.table("log", Section.LOG);
    return t == null
        ? LogSpec.DEFAULT
        : new LogSpec(
            t.size("max_size", LogSpec.DEFAULT.maxBytes(), Limits.LOG_BYTES),
            t.number("max_files", LogSpec.DEFAULT.maxFiles(), Limits.LOG_FILES));
  }
}
