package dev.semper.engine.health;

import dev.semper.engine.spec.ProbeSpec;
import dev.semper.engine.workload.Prober.Insight;
import dev.semper.engine.workload.Prober.Watch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// One run of one probe. Written by the thread that does it, judged by the scheduler's.
final class Check {
  private static final long NOT_BEGUN = -1;

  /// Where the end of a check is reported.
  interface Sink {
    void ended(Check check, Outcome outcome, long at);
  }

  final Worker worker;
  final Subject subject;
  private final LongSupplier nanos;
  private final Sink sink;
  private final AtomicBoolean ended = new AtomicBoolean();
  private volatile long began = NOT_BEGUN;
  private volatile boolean cancelled;
  private volatile @Nullable Thread thread;

  /// Whether it has its result, though it may not have returned. The scheduler's thread only.
  boolean settled;

  /// What a check needs to know.
  record Subject(Watch watch, ProbeSpec spec, LastLook lastLook) {
    /// The instance's own; 0 if it has none.
    int port() {
      return watch.port();
    }

    Insight insight() {
      return watch.insight();
    }
  }

  /// The port to connect to; 0 if there is none.
  int port() {
    int named =
        switch (subject.spec.method()) {
          case ProbeSpec.Http http -> http.port();
          case ProbeSpec.Tcp tcp -> tcp.port();
          default -> 0;
        };
    return named == 0 ? subject.port() : named;
  }

  /// What it did not get, for messages.
  String what() {
    return switch (subject.spec.method()) {
      case ProbeSpec.Http http -> "No HTTP answer from " + HttpRequest.url(http, port());
      case ProbeSpec.Tcp tcp -> "No connection to " + tcp.host() + ":" + port();
      case ProbeSpec.Command command -> "No result of " + command.exec().getFirst();
      case ProbeSpec.Resource _ -> "It is not known what the instance uses";
      case ProbeSpec.Log _ -> "The log cannot be read";
      case ProbeSpec.Provided provided -> "No result of " + provided.name();
    };
  }

  String host() {
    return switch (subject.spec.method()) {
      case ProbeSpec.Http http -> http.host();
      case ProbeSpec.Tcp tcp -> tcp.host();
      default -> "";
    };
  }

  Check(Worker worker, Subject subject, LongSupplier nanos, Sink sink) {
    this.worker = worker;
    this.subject = subject;
    this.nanos = nanos;
    this.sink = sink;
  }

  /// It really runs now; false if it is no longer wanted.
  boolean begin() {
    began = nanos.getAsLong();
    return !cancelled;
  }

  void end(Outcome outcome) {
    if (ended.compareAndSet(false, true)) {
      sink.ended(this, outcome, nanos.getAsLong());
    }
  }

  boolean hasBegun() {
    return began != NOT_BEGUN;
  }

  long began() {
    return began;
  }

  void cancel() {
    cancelled = true;
  }

  boolean isCancelled() {
    return cancelled;
  }

  void runBy(Thread runner) {
    thread = runner;
  }

  void interrupt() {
    Thread runner = thread;
    if (runner != null) {
      runner.interrupt();
    }
  }
}
