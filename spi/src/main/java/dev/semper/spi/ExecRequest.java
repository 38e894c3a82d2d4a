package dev.semper.spi;

import java.time.Duration;
import java.util.List;

/// @param command program and arguments
/// @param timeout after it the whole tree of the command is killed
/// @param maxOutput bytes of output kept; the rest is read and dropped
public record ExecRequest(List<String> command, Duration timeout, int maxOutput) {
  public ExecRequest {
    command = List.copyOf(command);
  }
}
