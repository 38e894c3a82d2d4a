package dev.semper.engine.spec;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Reads the table of one of the engine's own probe methods.
final class MethodReader {
  private static final List<String> SCHEMES = List.of("http", "https");
  private static final String LOOPBACK = "127.0.0.1";
  private static final Pattern PERCENT = Pattern.compile("(\\d{1,3})\\s?%");
  private static final double ANY = 0;

  private final boolean hasPort;
  private final ResourceSpec limits;
  private final @Nullable Path baseDir;

  MethodReader(boolean hasPort, ResourceSpec limits, @Nullable Path baseDir) {
    this.hasPort = hasPort;
    this.limits = limits;
    this.baseDir = baseDir;
  }

  /// @return null if it has a problem
  ProbeSpec.@Nullable Method read(TableReader probe, String method) {
    return switch (method) {
      case "http" -> http(probe);
      case "tcp" -> tcp(probe);
      case "command" -> command(probe);
      case "resource" -> resource(probe);
      case "log" -> log(probe);
      default -> throw new IllegalStateException("no method of the engine's own: " + method);
    };
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
    String method = t.text("method", "GET");
    if (!ProbeSpec.Http.METHODS.contains(method)) {
      t.problem(
          "method",
          "unknown method %s, %s"
              .formatted(Words.quoted(method), Words.instead(method, ProbeSpec.Http.METHODS)));
    }
    String body = t.text("body");
    if (body != null && !ProbeSpec.Http.takesBody(method)) {
      t.problem("body", "is only for POST, PUT, PATCH and DELETE: set method or remove it");
    }
    HttpExpectation expected = new ExpectationReader(t).read();
    if (method.equals("HEAD") && expected != null && expected.readsBody()) {
      t.problem("method", "the answer to HEAD has no body to look at: use GET");
    }
    TlsSpec tls = tls(t, scheme);
    return t.broken() || expected == null
        ? null
        : new ProbeSpec.Http(scheme, host, port, method, path, headers, body, expected, tls);
  }

  private TlsSpec tls(TableReader http, String scheme) {
    TableReader t = http.table("tls", Section.TLS);
    if (t == null) {
      return TlsSpec.ANY;
    }
    if (!scheme.equals("https")) {
      http.problem("tls", "is only for scheme = \"https\": set it or remove the table");
    }
    boolean verify = t.flag("verify", false);
    String caFile = path(t, "ca_file");
    if (caFile != null && !verify) {
      t.problem("ca_file", "is only looked at with verify = true: set it or remove the file");
    }
    String serverName = t.text("server_name");
    if (serverName != null && !TlsSpec.isServerName(serverName)) {
      t.problem("server_name", "must be the name of a host, not " + Words.quoted(serverName));
    }
    return t.broken() ? TlsSpec.ANY : new TlsSpec(verify, caFile, serverName);
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

  private ProbeSpec.@Nullable Command command(TableReader probe) {
    if (!(probe.node("command") instanceof Node.Table)) {
      List<String> exec = exec(probe, "command");
      return probe.broken() ? null : new ProbeSpec.Command(exec);
    }
    TableReader t = probe.table("command", Section.COMMAND);
    if (t == null) {
      return null;
    }
    if (!t.has("exec")) {
      t.problem("exec", "is missing: program and arguments");
    }
    List<String> exec = exec(t, "exec");
    String dir = path(t, "working_dir");
    Map<String, String> env = t.texts("env");
    env.forEach((name, value) -> {
      if (!Limits.isVariable(name) || value.indexOf('\0') >= 0) {
        t.problem("env", name, "is not what the kernel takes for a variable");
      }
    });
    return t.broken() ? null : new ProbeSpec.Command(exec, dir, env);
  }

  private static List<String> exec(TableReader t, String key) {
    List<String> exec = t.textList(key);
    if (t.node(key) instanceof Node.Items && !ProbeSpec.Command.isExec(exec)) {
      t.problem(key, "must name a program, e.g. [\"/usr/bin/test\", \"-f\", \"ready\"]");
    }
    return exec;
  }

  private ProbeSpec.@Nullable Resource resource(TableReader probe) {
    TableReader t = probe.table("resource", Section.RESOURCE);
    if (t == null) {
      return null;
    }
    ProbeSpec.Amount cpu = cpu(t);
    ProbeSpec.Amount memory = bytes(t, "memory", (double) limits.memoryBytes(), "resources.memory");
    int processes = t.has("processes") ? t.number("processes", 1, Limits.COUNT) : 0;
    int openFiles = t.has("open_files") ? t.number("open_files", 1, Limits.COUNT) : 0;
    String disk = path(t, "disk");
    ProbeSpec.Amount diskFree = bytes(t, "disk_free", ANY, "");
    if (disk != null && !t.has("disk_free")) {
      t.problem("disk_free", "is missing: what must be left of the disk, e.g. \"1Gi\" or \"10%\"");
    }
    if (t.has("disk_free") && !t.has("disk")) {
      t.problem("disk", "is missing: a path on the disk that disk_free is about");
    }
    boolean empty = Section.RESOURCE.keys().stream().noneMatch(t::has);
    if (empty) {
      t.problem(
          "limits nothing: give at least one of " + String.join(", ", Section.RESOURCE.keys()));
    }
    return t.broken()
        ? null
        : new ProbeSpec.Resource(cpu, memory, processes, openFiles, disk, diskFree);
  }

  private ProbeSpec.@Nullable Amount cpu(TableReader t) {
    if (t.node("cpu") instanceof Node.Scalar s && s.value() instanceof String text) {
      return share(t, "cpu", text, limits.cpu(), "resources.cpu");
    }
    double cores = t.decimal("cpu", ANY, Limits.CPU);
    return cores == ANY ? null : new ProbeSpec.Amount(cores, 0);
  }

  private static ProbeSpec.@Nullable Amount bytes(
      TableReader t, String key, double whole, String wholeKey) {
    if (t.node(key) instanceof Node.Scalar s
        && s.value() instanceof String text
        && text.strip().endsWith("%")) {
      return share(t, key, text, whole, wholeKey);
    }
    long bytes = t.size(key, 0, Limits.BYTES);
    return bytes == 0 ? null : new ProbeSpec.Amount((double) bytes, 0);
  }

  /// @param whole what it is a share of; 0 if there is none
  /// @param wholeKey where the whole is told; empty if only the check can know it
  private static ProbeSpec.@Nullable Amount share(
      TableReader t, String key, String text, double whole, String wholeKey) {
    Matcher m = PERCENT.matcher(text.strip());
    int percent = m.matches() ? Integer.parseInt(m.group(1)) : 0;
    if (percent < 1 || percent > 100) {
      t.problem(key, "must be an amount or 1% to 100%, not " + Words.quoted(text));
      return null;
    }
    if (whole == ANY && !wholeKey.isEmpty()) {
      t.problem(key, "is a share of %s, which has no limit: set one".formatted(wholeKey));
      return null;
    }
    return new ProbeSpec.Amount(whole * percent / 100, percent);
  }

  private static ProbeSpec.@Nullable Log log(TableReader probe) {
    TableReader t = probe.table("log", Section.LINES);
    if (t == null) {
      return null;
    }
    String pattern = t.text("pattern");
    if (pattern == null && !t.has("pattern")) {
      t.problem("pattern", "is missing: a regular expression, e.g. \"ERROR|FATAL\"");
    }
    String problem = pattern == null ? null : HttpExpectation.regexProblem(pattern);
    if (problem != null) {
      t.problem("pattern", problem);
    }
    ProbeSpec.Log.Expect expect = t.choice("expect", ProbeSpec.Log.Expect.ABSENT);
    return t.broken() || pattern == null ? null : new ProbeSpec.Log(pattern, expect);
  }

  private @Nullable String path(TableReader t, String key) {
    String text = t.text(key);
    if (text == null) {
      return null;
    }
    try {
      String path = WorkloadReader.resolve(text, baseDir);
      if (text.isBlank() || !Path.of(path).isAbsolute()) {
        t.problem(key, "must be an absolute path, not " + Words.quoted(text));
        return null;
      }
      return path;
    } catch (InvalidPathException _) {
      t.problem(key, "must be a path, not " + Words.quoted(text));
      return null;
    }
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
