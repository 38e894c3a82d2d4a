package dev.semper.engine.spec;

import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// @param signal name without SIG, default `TERM`
/// @param timeout how long an instance has before its whole tree is killed, default 10 s
public record StopSpec(String signal, Duration timeout) {
  public static final StopSpec DEFAULT = new StopSpec("TERM", Duration.ofSeconds(10));

  public StopSpec {
    Limits.require(Limits.SIGNALS.contains(signal), "unknown signal " + signal);
    Limits.STOP_TIMEOUT.require("timeout", timeout);
  }

  /// @param name of a signal, with or without SIG
  /// @return without SIG; null if it is not known
  static @Nullable String signal(String name) {
    String upper = name.toUpperCase(Locale.ROOT);
    String plain = upper.startsWith("SIG") ? upper.substring(3) : upper;
    return Limits.SIGNALS.contains(plain) ? plain : null;
  }
}
