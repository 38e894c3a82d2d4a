package dev.semper.engine.spec;

import java.time.Duration;

/// @param signal name without SIG, default `TERM`
/// @param timeout how long an instance has before its whole tree is killed, default 10 s
public record StopSpec(String signal, Duration timeout) {
  public static final StopSpec DEFAULT = new StopSpec("TERM", Duration.ofSeconds(10));
}
