package dev.semper.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// How an instance ended. Neither code nor signal: unknown.
public record ExitInfo(Instant at, @Nullable Integer code, @Nullable String signal, String detail) {
  /// For people: `code 1`, `signal KILL`, `unknown`.
  @Override
  public String toString() {
    String how = code != null ? "code " + code : signal != null ? "signal " + signal : "unknown";
    return detail.isEmpty() ? how : how + " (" + detail + ")";
  }
}
