package dev.semper.engine.spec;

import java.time.Duration;
import java.util.List;
import java.util.Map;
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
public record ProbeSpec(
    String name,
    Type type,
    Method method,
    Duration initialDelay,
    Duration period,
    Duration timeout,
    int failureThreshold,
    int successThreshold) {
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

  /// How it is checked. More methods come with more features; this is the seam.
  public sealed interface Method {}

  /// @param port 0 = the instance's own port
  /// @param scheme `http` or `https` (certificates are not checked: the target is the instance
  ///   itself)
  /// @param expectedStatus empty = 200–399
  /// @param expectedBody text the body must contain
  public record Http(
      String scheme,
      String host,
      int port,
      String path,
      Map<String, String> headers,
      List<Integer> expectedStatus,
      @Nullable String expectedBody)
      implements Method {
    public Http {
      headers = Map.copyOf(headers);
      expectedStatus = List.copyOf(expectedStatus);
      Limits.require(
          scheme.equals("http") || scheme.equals("https"), "scheme must be http or https");
      Limits.require(isHost(host), "host must be the name or the address of a host");
      Limits.require(port == 0 || Limits.PORT.problem(port) == null, "port must be 0 to 65535");
      Limits.require(isPath(path), "path must start with / and have no spaces");
      headers.forEach(
          (k, v) -> Limits.require(isHeader(k, v), "header " + k + " is not what HTTP allows"));
      expectedStatus.forEach(s -> Limits.STATUS.require("expected_status", s));
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

  /// @param port 0 = the instance's own port
  public record Tcp(String host, int port) implements Method {
    public Tcp {
      Limits.require(isHost(host), "host must be the name or the address of a host");
      Limits.require(port == 0 || Limits.PORT.problem(port) == null, "port must be 0 to 65535");
    }
  }

  /// Exit code 0 = pass.
  public record Command(List<String> exec) implements Method {
    public Command {
      exec = List.copyOf(exec);
      Limits.require(isExec(exec), "command must name a program");
    }

    static boolean isExec(List<String> exec) {
      return !exec.isEmpty()
          && !exec.getFirst().isBlank()
          && exec.stream().noneMatch(s -> s.indexOf('\0') >= 0);
    }
  }
}
