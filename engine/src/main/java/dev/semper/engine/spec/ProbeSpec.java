package dev.semper.engine.spec;

import java.time.Duration;
import java.util.List;
import java.util.Map;
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
    }
  }

  /// @param port 0 = the instance's own port
  public record Tcp(String host, int port) implements Method {}

  /// Exit code 0 = pass.
  public record Command(List<String> exec) implements Method {
    public Command {
      exec = List.copyOf(exec);
    }
  }
}
