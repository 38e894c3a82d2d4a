package dev.semper.engine.health;

import dev.semper.engine.spec.ProbeSpec;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// One probe of one incarnation. Touched by the scheduler's thread only, except for its last
/// result.
final class Worker {
  final Watched target;
  final ProbeSpec spec;
  final long period;
  final long timeout;
  final Streak streak;
  private final long id;

  /// Place in the scheduler's order; changed by the scheduler while it is not in there.
  long wakeAt;

  /// When the present or next check was to begin, to tell how late it was.
  long planned;

  /// When the check after the present one is to begin.
  long next;

  @Nullable Check check;

  /// When the next try of the present check is to begin; 0 if the check is not to be tried again.
  long retryAt;

  /// Tries of the present check after the first.
  int retries;

  final @Nullable Breaker breaker;
  final LastLook lastLook = new LastLook();

  /// What was told last; null before the first word.
  @Nullable Boolean told;

  /// A startup probe that has passed, or a startup or liveness probe that has failed: it has had
  /// its last word on this incarnation.
  boolean done;

  boolean erring;

  /// What goes over the wire, made for `requestPort`.
  private byte @Nullable [] request;

  private int requestPort;
  private volatile @Nullable ProbeResult last;

  Worker(long id, Watched target, ProbeSpec spec, @Nullable Boolean told) {
    this.id = id;
    this.target = target;
    this.spec = spec;
    this.told = told;
    this.period = spec.period().toNanos();
    this.timeout = spec.timeout().toNanos();
    this.breaker = spec.breaker() == null ? null : new Breaker(spec.breaker());
    this.streak =
        new Streak(spec.failureThreshold(), decidesRestart() ? 1 : spec.successThreshold());
  }

  static int order(Worker a, Worker b) {
    int byTime = Long.compare(a.wakeAt, b.wakeAt);
    return byTime != 0 ? byTime : Long.compare(a.id, b.id);
  }

  boolean isStartup() {
    return spec.type() == ProbeSpec.Type.STARTUP;
  }

  /// Whether its failing restarts the instance.
  boolean decidesRestart() {
    return spec.type() != ProbeSpec.Type.READINESS;
  }

  /// Whether its checks cost more than a socket, so that only so many of a method may run.
  boolean needsSlot() {
    return switch (spec.method()) {
      case ProbeSpec.Http _, ProbeSpec.Tcp _ -> false;
      case ProbeSpec.Command _, ProbeSpec.Resource _, ProbeSpec.Log _, ProbeSpec.Provided _ -> true;
    };
  }

  /// The request of its checks; not to be changed.
  byte[] request(ProbeSpec.Http http, int port) {
    byte[] made = request;
    if (made == null || requestPort != port) {
      made = HttpRequest.bytes(http, port);
      request = made;
      requestPort = port;
    }
    return made;
  }

  void record(Instant at, ProbeResult.Kind kind, long tookNanos, String message) {
    last =
        new ProbeResult(
            spec.name(),
            spec.type(),
            at,
            kind,
            Duration.ofNanos(tookNanos),
            message,
            streak.failures());
  }

  @Nullable ProbeResult last() {
    return last;
  }
}
