package dev.semper.engine.spec;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Reads the probes of one workload.
final class ProbeReader {
  private static final List<String> METHODS = List.of("http", "tcp", "command");
  private static final List<String> SCHEMES = List.of("http", "https");
  private static final String LOOPBACK = "127.0.0.1";

  private final TableReader workload;
  private final boolean hasPort;

  /// @param hasPort whether a probe may leave its port out
  ProbeReader(TableReader workload, boolean hasPort) {
    this.workload = workload;
    this.hasPort = hasPort;
  }

  List<ProbeSpec> read() {
    List<ProbeSpec> probes = new ArrayList<>();
    Map<String, String> names = new HashMap<>();
    workload.items(
        "probes",
        "a list of tables",
        (node, path) -> {
          if (node instanceof Node.Table t) {
            ProbeSpec probe = probe(workload.table(t, path, Section.PROBE), names, path);
            if (probe != null) {
              probes.add(probe);
            }
          } else {
            workload.problem(node, path, "must be a table, not " + node.describe());
          }
        });
    return probes;
  }

  private @Nullable ProbeSpec probe(TableReader t, Map<String, String> names, String path) {
    List<String> methods = METHODS.stream().filter(t::has).toList();
    String name = name(t, methods, names, path);
    ProbeSpec.Type type = type(t);
    ProbeSpec.Method method = method(t, methods);
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
    return t.broken() || type == null || method == null
        ? null
        : new ProbeSpec(name, type, method, initialDelay, period, timeout, failures, successes);
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

  private ProbeSpec.@Nullable Method method(TableReader t, List<String> methods) {
    if (methods.isEmpty()) {
      t.problem("has no method: give one of http, tcp, command");
    } else if (methods.size() > 1) {
      t.problem(
          methods.getLast(),
          "has %d methods (%s): keep one".formatted(methods.size(), String.join(", ", methods)));
    }
    List<ProbeSpec.Method> read =
        Stream.<ProbeSpec.@Nullable Method>of(http(t), tcp(t), command(t))
            .flatMap(Stream::ofNullable)
            .toList();
    return read.size() == 1 ? read.getFirst() : null;
  }

  private ProbeSpec.@Nullable Http http(TableReader probe) {
    TableReader t = probe.table("http", Section.HTTP);
    if (t == null) {
      return null;
    }
    String scheme = t.text("scheme", "http");
    if (!SCHEMES.contains(scheme)) {
      t.problem("scheme", "must be http or https, not " + Words.quoted(scheme));
    }
    String path = t.text("path", "/");
    if (!ProbeSpec.Http.isPath(path)) {
      t.problem("path", "must start with / and have no spaces, not " + Words.quoted(path));
    }
    Map<String, String> headers = t.texts("headers");
    headers.forEach((name, value) -> {
      if (!ProbeSpec.Http.isHeader(name, value)) {
        t.problem("headers", name, "is not a header that HTTP allows");
      }
    });
    String host = host(t);
    int port = port(t);
    List<Integer> status = t.numbers("expected_status", Limits.STATUS);
    String body = t.text("expected_body");
    return t.broken() ? null : new ProbeSpec.Http(scheme, host, port, path, headers, status, body);
  }

  private ProbeSpec.@Nullable Tcp tcp(TableReader probe) {
    TableReader t = probe.table("tcp", Section.TCP);
    if (t == null) {
      return null;
    }
    String host = host(t);
    int port = port(t);
    return t.broken() ? null : new ProbeSpec.Tcp(host, port);
  }

  private static ProbeSpec.@Nullable Command command(TableReader t) {
    if (!t.has("command")) {
      return null;
    }
    List<String> exec = t.textList("command");
    if (t.node("command") instanceof Node.Items && !ProbeSpec.Command.isExec(exec)) {
      t.problem("command", "must name a program, e.g. [\"/usr/bin/test\", \"-f\", \"ready\"]");
    }
    return t.broken() ? null : new ProbeSpec.Command(exec);
  }

  private static String host(TableReader t) {
    String host = t.text("host", LOOPBACK);
    if (!ProbeSpec.isHost(host)) {
      t.problem("host", "must be the name or the address of a host, not " + Words.quoted(host));
    }
    return host;
  }

  private int port(TableReader t) {
    if (!t.has("port") && !hasPort) {
      t.problem("port", "is missing: give one here, or give the workload a port");
    }
    return t.number("port", 0, Limits.PORT);
  }
}
