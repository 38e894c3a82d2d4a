package dev.semper.engine.health;

/// What a probe remembers of an incarnation from check to check. Touched by one check at a time.
final class LastLook {
  static final long NONE = -1;

  /// Up to where the log has been looked at.
  volatile long logPosition = NONE;

  /// Processor time used, and when that was so by the monotonic clock.
  volatile long cpuMillis = NONE;

  volatile long cpuAt;
}
