package dev.semper.spi;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// @param signal first signal, without SIG, e.g. `TERM`
/// @param timeout how long the tree has to end before all of it is killed
/// @param next why another incarnation is launched in its place; null if none is to come
public record StopRequest(String signal, Duration timeout, Launch.@Nullable Cause next) {
  /// For good.
  public StopRequest(String signal, Duration timeout) {
    this(signal, timeout, null);
  }
}
