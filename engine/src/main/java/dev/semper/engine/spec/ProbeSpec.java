package dev.semper.engine.spec;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// One check of one instance.
///
/// @param name unique within the workload
/// @param initialDelay before the first check of an incarnation, default 0
/// @param period between checks, from 100 ms, default 10 s
/// @param timeout of one check, default 1 s
/// @param failureThreshold consecutive failures that count, default 3
/// @param successThreshold consecutive successes that count, default 1 (always 1 for startup and
///   liveness)
/// @param retry tries within one check, default none
/// @param breaker leaves a failing target alone; null = never, the default
public record ProbeSpec(
    String name,
    Type type,
    Method method,
    Duration initialDelay,
    Duration period,
    Duration timeout,
    int failureThreshold,
    int successThreshold,
    RetrySpec retry,
    @Nullable BreakerSpec breaker) {
  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._:%-]{1,253}");
  private static final Pattern PATH = Pattern.compile("/[!-~]{0,4095}");
  private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}");

  public ProbeSpec {
    Limits.require(Limits.isProbeName(name), "name " + Limits.PROBE_NAME_FORM);
    Limits.INITIAL_DELAY.require("initial_delay", initialDelay);
    Limits.PERIOD.require("period", period);
    Limits.PROBE_TIMEOUT.require("timeout", timeout);
    Limits.THRESHOLD.require("failure_threshold", failureThreshold);
    Limits.THRESHOLD.require("success_threshold", successThreshold);
    Limits.require(
        type == Type.READINESS || successThreshold == 1,
        "success_threshold must be 1 for startup and liveness probes");
  }

  /// Without retries and circuit breaker.
  public ProbeSpec(
      String name,
      Type type,
      Method method,
      Duration initialDelay,
      Duration period,
      Duration timeout,
      int failureThreshold,
      int successThreshold) {
    this(
        name,
        type,
        method,
        initialDelay,
        period,
        timeout,
        failureThreshold,
        successThreshold,
        RetrySpec.NONE,
        null);
  }

  static boolean isHost(String host) {
    return HOST.matcher(host).matches();
  }

  public enum Type {
    /// Until it has passed once, the others do not run; failing restarts.
    STARTUP,
    /// Failing takes the instance out of service, nothing else.
    READINESS,
    /// Failing restarts the instance.
    LIVENESS
  }

  /// How it is checked.
  public sealed interface Method {
    /// Its key in a file.
    String name();
  }

  /// A request over HTTP/1.1. Redirects are not followed: they are an answer like others.
  ///
  /// @param port 0 = the instance's own port
  /// @param scheme `http` or `https`
  /// @param method one of [#METHODS]
  /// @param body sent with POST, PUT, PATCH and DELETE only
  public record Http(
      String scheme,
      String host,
      int port,
      String method,
      String path,
      Map<String, String> headers,
      @Nullable String body,
      HttpExpectation expected,
      TlsSpec tls)
      implements Method {
    /// Those it can ask with.
    public static final List<String> METHODS =
        List.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

    public Http {
      headers = Map.copyOf(headers);
      Limits.require(
          scheme.equals("http") || scheme.equals("https"), "scheme must be http or https");
      Limits.require(isHost(host), "host must be the name or the address of a host");
      Limits.require(port == 0 || Limits.PORT.problem(port) == null, "port must be 0 to 65535");
      Limits.require(METHODS.contains(method), "method must be one of " + METHODS);
      Limits.require(isPath(path), "path must start with / and have no spaces");
      Limits.require(body == null || takesBody(method), method + " has no body");
      Limits.require(
          !method.equals("HEAD") || !expected.readsBody(), "the answer to HEAD has no body");
      headers.forEach(
          (k, v) -> Limits.require(isHeader(k, v), "header " + k + " is not what HTTP allows"));
    }

    /// A GET that takes any certificate.
    ///
    /// @param expectedStatus empty = 200–399
    /// @param expectedBody text the body must contain
    public Http(
        String scheme,
        String host,
        int port,
        String path,
        Map<String, String> headers,
        List<Integer> expectedStatus,
        @Nullable String expectedBody) {
      this(
          scheme,
          host,
          port,
          "GET",
          path,
          headers,
          null,
          new HttpExpectation(
              expectedStatus.stream().map(HttpExpectation.StatusRange::of).toList(),
              expectedBody,
              null,
              Map.of()),
          TlsSpec.ANY);
    }

    @Override
    public String name() {
      return "http";
    }

    /// Whether a request with this method carries a body.
    public static boolean takesBody(String method) {
      return switch (method) {
        case "POST", "PUT", "PATCH", "DELETE" -> true;
        default -> false;
      };
    }

    static boolean isPath(String path) {
      return PATH.matcher(path).matches();
    }

    static boolean isHeader(String name, String value) {
      return TOKEN.matcher(name).matches() && value.chars().allMatch(Http::isHeaderCharacter);
    }

    private static boolean isHeaderCharacter(int c) {
      return c == '\t' || (c >= ' ' && c != 0x7f && c <= 0xff);
    }
  }

  /// A connection.
  ///
  /// @param port 0 = the instance's own port
  public record Tcp(String host, int port) implements Method {
    public Tcp {
      Limits.require(isHost(host), "host must be the name or the address of a host");
      Limits.require(port == 0 || Limits.PORT.problem(port) == null, "port must be 0 to 65535");
    }

    @Override
    public String name() {
      return "tcp";
    }
  }

  /// A program run beside the instance; exit code 0 = pass.
  ///
  /// @param workingDir absolute; null = the instance's
  /// @param env on top of the instance's
  public record Command(List<String> exec, @Nullable String workingDir, Map<String, String> env)
      implements Method {
    public Command {
      exec = List.copyOf(exec);
      env = Map.copyOf(env);
      Limits.require(isExec(exec), "command must name a program");
      Limits.require(
          env.keySet().stream().allMatch(Limits::isVariable)
              && env.values().stream().noneMatch(v -> v.indexOf('\0') >= 0),
          "env must be what the kernel takes");
    }

    public Command(List<String> exec) {
      this(exec, null, Map.of());
    }

    @Override
    public String name() {
      return "command";
    }

    static boolean isExec(List<String> exec) {
      return !exec.isEmpty()
          && !exec.getFirst().isBlank()
          && exec.stream().noneMatch(s -> s.indexOf('\0') >= 0);
    }
  }

  /// What the whole tree of the instance uses, and the disk it needs; fails when any of them is
  /// beyond its limit.
  ///
  /// @param cpu cores used on average since the check before; the first check of an incarnation
  ///   only looks
  /// @param memory bytes resident
  /// @param processes 0 = any number
  /// @param openFiles 0 = any number
  /// @param disk absolute path on the file system that diskFree is about
  /// @param diskFree bytes that must be left on it for ordinary users
  public record Resource(
      @Nullable Amount cpu,
      @Nullable Amount memory,
      int processes,
      int openFiles,
      @Nullable String disk,
      @Nullable Amount diskFree)
      implements Method {
    public Resource {
      Limits.require(
          cpu != null || memory != null || processes > 0 || openFiles > 0 || disk != null,
          "resource must limit something");
      Limits.require((disk == null) == (diskFree == null), "disk and disk_free go together");
    }

    @Override
    public String name() {
      return "resource";
    }
  }

  /// An amount, perhaps told as a share of a whole.
  ///
  /// @param value in the unit of the resource; 0 if only the check can know the whole
  /// @param percent of the whole; 0 if it was told as an amount
  public record Amount(double value, int percent) {}

  /// Lines that the instance has written to its log since the check before; each is looked at once.
  ///
  /// @param pattern of RE2's syntax, found anywhere in a line
  /// @param expect whether such a line is good or bad
  public record Log(String pattern, Expect expect) implements Method {
    public Log {
      String problem = HttpExpectation.regexProblem(pattern);
      Limits.require(problem == null, "pattern " + problem);
    }

    @Override
    public String name() {
      return "log";
    }

    public enum Expect {
      /// Passes if a line matches.
      PRESENT,
      /// Fails if a line matches.
      ABSENT
    }
  }

  /// Checked by a [dev.semper.spi.ProbeMethod] found on the class path.
  ///
  /// @param name of the method, e.g. `grpc`
  /// @param settings as its table holds them: String, Long, Double, Boolean, List or Map of them
  public record Provided(String name, Map<String, Object> settings) implements Method {
    public Provided {
      settings = Collections.unmodifiableMap(new TreeMap<>(settings));
    }
  }
}
