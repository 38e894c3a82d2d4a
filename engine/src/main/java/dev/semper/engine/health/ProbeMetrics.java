package dev.semper.engine.health;

import java.time.Duration;

/// What the prober has done since it was started.
///
/// @param watched incarnations now
/// @param checks begun
/// @param failures results that counted against an instance
/// @param errors of the prober itself, which counted for nothing
/// @param withheld failures not counted because the host was starved
/// @param dropped results that came too late: of an incarnation no longer watched
/// @param breakersOpen probes whose circuit breaker leaves its target alone now
/// @param starved whether the host is starved now
/// @param latenessP50 how late checks have begun in the last 10 to 20 s, half of them at most so
/// @param latenessP99 the same, 99 % of them at most so
/// @param latenessMax the latest of these
public record ProbeMetrics(
    int watched,
    long checks,
    long failures,
    long errors,
    long withheld,
    long dropped,
    int breakersOpen,
    boolean starved,
    Duration latenessP50,
    Duration latenessP99,
    Duration latenessMax) {}
