package dev.semper.spi;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// @param command program and arguments
/// @param workingDir absolute; null = that of the instance
/// @param env on top of that of the instance
/// @param timeout after it the whole tree of the command is killed
/// @param maxOutput bytes of output kept; the rest is read and dropped
public record ExecRequest(
    List<String> command,
    @Nullable String workingDir,
    Map<String, String> env,
    Duration timeout,
    int maxOutput) {
  public ExecRequest {
    command = List.copyOf(command);
    env = Map.copyOf(env);
  }

  /// In the directory and environment of the instance.
  public ExecRequest(List<String> command, Duration timeout, int maxOutput) {
    this(command, null, Map.of(), timeout, maxOutput);
  }
}
