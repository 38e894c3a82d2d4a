package dev.semper.testkit;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// What a scripted program does in its life. Starts from [#runs] and is refined by the `with…`
/// methods.
///
/// @param startError why it cannot be started; null if it can
/// @param retryable whether that may be different next time
/// @param startTakes how long the call to start takes
/// @param hangs the call to start never returns by itself
/// @param runsFor how long it runs by itself; null for ever
/// @param exitCode with which it ends by itself
/// @param dieInStart it ends, and its end is told, before the call to start returns
/// @param ignoresStop it has to be killed after the stop timeout
/// @param stopTakes how long it takes to stop when asked
/// @param stopCode exit code when asked to stop; null for the signal
/// @param exitTold how late its end is told, though [dev.semper.spi.Driver#attach] knows it at once
public record Behaviour(
    @Nullable String startError,
    boolean retryable,
    Duration startTakes,
    boolean hangs,
    @Nullable Duration runsFor,
    int exitCode,
    boolean dieInStart,
    boolean ignoresStop,
    Duration stopTakes,
    @Nullable Integer stopCode,
    Duration exitTold) {

  /// Starts at once, runs for ever, stops at once when asked.
  public static Behaviour runs() {
    return new Behaviour(
        null,
        false,
        Duration.ZERO,
        false,
        null,
        0,
        false,
        false,
        Duration.ZERO,
        null,
        Duration.ZERO);
  }

  /// Ends by itself.
  public static Behaviour exits(int code, Duration after) {
    return new Behaviour(
        null,
        false,
        Duration.ZERO,
        false,
        after,
        code,
        false,
        false,
        Duration.ZERO,
        null,
        Duration.ZERO);
  }

  /// Cannot be started.
  public static Behaviour cannotStart(String error, boolean retryable) {
    return new Behaviour(
        error,
        retryable,
        Duration.ZERO,
        false,
        null,
        0,
        false,
        false,
        Duration.ZERO,
        null,
        Duration.ZERO);
  }

  /// The call to start hangs until it is interrupted.
  public static Behaviour hangsInStart() {
    return new Behaviour(
        null,
        false,
        Duration.ZERO,
        true,
        null,
        0,
        false,
        false,
        Duration.ZERO,
        null,
        Duration.ZERO);
  }

  /// Ends at once; before its start is told, so that no delay of the machine lets it seem to be up.
  public static Behaviour crashes(int code) {
    return diesInStart(code).withStartTaking(Duration.ZERO);
  }

  /// Its end is told well before its start.
  public static Behaviour diesInStart(int code) {
    return new Behaviour(
        null,
        false,
        Duration.ofMillis(20),
        false,
        null,
        code,
        true,
        false,
        Duration.ZERO,
        null,
        Duration.ZERO);
  }

  public Behaviour withStartTaking(Duration time) {
    return new Behaviour(
        startError,
        retryable,
        time,
        hangs,
        runsFor,
        exitCode,
        dieInStart,
        ignoresStop,
        stopTakes,
        stopCode,
        exitTold);
  }

  public Behaviour withStopTaking(Duration time) {
    return new Behaviour(
        startError,
        retryable,
        startTakes,
        hangs,
        runsFor,
        exitCode,
        dieInStart,
        ignoresStop,
        time,
        stopCode,
        exitTold);
  }

  public Behaviour withStopCode(int code) {
    return new Behaviour(
        startError,
        retryable,
        startTakes,
        hangs,
        runsFor,
        exitCode,
        dieInStart,
        ignoresStop,
        stopTakes,
        code,
        exitTold);
  }

  public Behaviour ignoringStop() {
    return new Behaviour(
        startError,
        retryable,
        startTakes,
        hangs,
        runsFor,
        exitCode,
        dieInStart,
        true,
        stopTakes,
        stopCode,
        exitTold);
  }

  public Behaviour withExitTold(Duration late) {
    return new Behaviour(
        startError,
        retryable,
        startTakes,
        hangs,
        runsFor,
        exitCode,
        dieInStart,
        ignoresStop,
        stopTakes,
        stopCode,
        late);
  }
}
