package dev.semper.spi;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// How an incarnation ended. Exactly one of code and signal is present if the end is known.
///
/// @param at when, by the wall clock
/// @param code exit code 0–255
/// @param signal name without SIG, e.g. `KILL`
/// @param detail in words what else is known, e.g. `out of memory` or `the host was rebooted`; may
///   be empty
public record Exit(Instant at, @Nullable Integer code, @Nullable String signal, String detail) {
  public static Exit code(Instant at, int code) {
    return new Exit(at, code, null, "");
  }

  public static Exit signal(Instant at, String signal) {
    return new Exit(at, null, signal, "");
  }

  public static Exit unknown(Instant at, String detail) {
    return new Exit(at, null, null, detail);
  }

  public boolean known() {
    return code != null || signal != null;
  }

  /// For people: `code 1`, `signal KILL`, `unknown (the host was rebooted)`.
  @Override
  public String toString() {
    String how = code != null ? "code " + code : signal != null ? "signal " + signal : "unknown";
    return detail.isEmpty() ? how : how + " (" + detail + ")";
  }
}
