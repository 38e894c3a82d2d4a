package dev.semper.engine.spec;

import dev.semper.spi.ProbeMethod;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Reads the probes of one workload.
final class ProbeReader {
  private static final List<String> OWN_METHODS =
      List.of("http", "tcp", "command", "resource", "log");

  private final TableReader workload;
  private final Supplier<Map<String, ProbeMethod>> provided;
  private final MethodReader own;

  /// @param hasPort whether a probe may leave its port out
  /// @param limits what shares of resources are shares of
  /// @param provided methods that are not the engine's own; asked for only when needed
  /// @param baseDir relative paths are made absolute against it
  ProbeReader(
      TableReader workload,
      boolean hasPort,
      ResourceSpec limits,
      Supplier<Map<String, ProbeMethod>> provided,
      @Nullable Path baseDir) {
    this.workload = workload;
    this.provided = provided;
    this.own = new MethodReader(hasPort, limits, baseDir);
  }

  List<ProbeSpec> read() {
    List<ProbeSpec> probes = new ArrayList<>();
    Map<String, String> names = new HashMap<>();
    workload.items(
        "probes",
        "a list of tables",
        (node, path) -> {
          if (node instanceof Node.Table t) {
            ProbeSpec probe = probe(t, names, path);
            if (probe != null) {
              probes.add(probe);
            }
          } else {
            workload.problem(node, path, "must be a table, not " + node.describe());
          }
        });
    return probes;
  }

  private @Nullable ProbeSpec probe(Node.Table node, Map<String, String> names, String path) {
    List<String> keys = new ArrayList<>(Section.PROBE.keys());
    Map<String, ProbeMethod> more =
        keys.containsAll(node.entries().keySet()) ? Map.of() : provided();
    keys.addAll(more.keySet());
    TableReader t = workload.table(node, path, keys);
    List<String> methods =
        Stream.concat(OWN_METHODS.stream(), more.keySet().stream()).filter(t::has).toList();
    String name = name(t, methods, names, path);
    ProbeSpec.Type type = type(t);
    ProbeSpec.Method method = method(t, methods, more);
    Duration initialDelay = t.duration("initial_delay", Duration.ZERO, Limits.INITIAL_DELAY);
    Duration period = t.duration("period", Duration.ofSeconds(10), Limits.PERIOD);
    Duration timeout = t.duration("timeout", Duration.ofSeconds(1), Limits.PROBE_TIMEOUT);
    int failures = t.number("failure_threshold", 3, Limits.THRESHOLD);
    int successes = t.number("success_threshold", 1, Limits.THRESHOLD);
    if (successes != 1 && type != null && type != ProbeSpec.Type.READINESS) {
      t.problem(
          "success_threshold",
          "must be 1 for a %s probe; only readiness probes have another"
              .formatted(TableReader.word(type)));
    }
    RetrySpec retry = retry(t);
    BreakerSpec breaker = breaker(t);
    return t.broken() || type == null || method == null
        ? null
        : new ProbeSpec(
            name, type, method, initialDelay, period, timeout, failures, successes, retry, breaker);
  }

  /// None of them takes a key away from the engine.
  private Map<String, ProbeMethod> provided() {
    Map<String, ProbeMethod> methods = new TreeMap<>(provided.get());
    methods.keySet().removeAll(Section.PROBE.keys());
    return methods;
  }

  private static String name(
      TableReader t, List<String> methods, Map<String, String> names, String path) {
    String name = t.text("name", methods.isEmpty() ? "probe" : methods.getFirst());
    if (!Limits.isProbeName(name)) {
      t.problem("name", Limits.PROBE_NAME_FORM);
    }
    String first = names.putIfAbsent(name, path);
    if (first != null) {
      t.problem(
          "name",
          "the name %s is taken by %s: give each probe its own"
              .formatted(Words.quoted(name), first));
    }
    return name;
  }

  private static ProbeSpec.@Nullable Type type(TableReader t) {
    if (!t.has("type")) {
      t.problem("type", "is missing: startup, readiness or liveness");
      return null;
    }
    return t.choice("type", ProbeSpec.Type.class);
  }

  private ProbeSpec.@Nullable Method method(
      TableReader t, List<String> methods, Map<String, ProbeMethod> more) {
    if (methods.isEmpty()) {
      List<String> all = new ArrayList<>(OWN_METHODS);
      all.addAll(provided().keySet());
      t.problem("has no method: give one of " + String.join(", ", all));
    } else if (methods.size() > 1) {
      t.problem(
          methods.getLast(),
          "has %d methods (%s): keep one".formatted(methods.size(), String.join(", ", methods)));
    }
    List<ProbeSpec.Method> read = new ArrayList<>();
    for (String method : methods) {
      ProbeMethod foreign = more.get(method);
      ProbeSpec.Method one = foreign == null ? own.read(t, method) : provided(t, foreign);
      if (one != null) {
        read.add(one);
      }
    }
    return read.size() == 1 ? read.getFirst() : null;
  }

  private static ProbeSpec.@Nullable Method provided(TableReader t, ProbeMethod method) {
    ForeignSettings foreign = t.foreign(method.name(), method.settingNames());
    if (foreign == null) {
      return null;
    }
    Map<String, Object> settings = foreign.read(method.settingNames());
    if (!t.broken()) {
      method.validate(settings).forEach(foreign::report);
    }
    return t.broken() ? null : new ProbeSpec.Provided(method.name(), settings);
  }

  private static RetrySpec retry(TableReader probe) {
    TableReader t = probe.table("retry", Section.RETRY);
    if (t == null) {
      return RetrySpec.NONE;
    }
    int retries = t.number("max_retries", 3, Limits.RETRIES);
    Duration delay = t.duration("delay", RetrySpec.NONE.delay(), Limits.RETRY_DELAY);
    double multiplier =
        t.decimal("backoff_multiplier", RetrySpec.NONE.backoffMultiplier(), Limits.BACKOFF);
    Duration maxDelay = t.duration("max_delay", RetrySpec.NONE.maxDelay(), Limits.RETRY_DELAY);
    return new RetrySpec(retries, delay, multiplier, maxDelay);
  }

  private static @Nullable BreakerSpec breaker(TableReader probe) {
    TableReader t = probe.table("circuit_breaker", Section.CIRCUIT_BREAKER);
    BreakerSpec usual = BreakerSpec.DEFAULT;
    return t == null
        ? null
        : new BreakerSpec(
            t.number("failure_threshold", usual.failureThreshold(), Limits.THRESHOLD),
            t.duration("recovery_timeout", usual.recoveryTimeout(), Limits.RECOVERY_TIMEOUT),
            t.number("half_open_max_calls", usual.halfOpenMaxCalls(), Limits.THRESHOLD));
  }
}
