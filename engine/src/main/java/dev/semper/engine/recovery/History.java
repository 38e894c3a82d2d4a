package dev.semper.engine.recovery;

import dev.semper.engine.recovery.Recovery.Attempt;
import dev.semper.engine.recovery.Recovery.Outcome;
import dev.semper.engine.recovery.Recovery.Status;
import dev.semper.engine.spec.RecoverySpec.Action;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Row;
import dev.semper.engine.store.Store;
import dev.semper.engine.workload.Workload;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/// The earlier recoveries of one workload, newest first.
record History(List<Recovery> recoveries) {
  private static final int KEPT = 100;
  private static final Duration FOR = Duration.ofDays(90);
  private static final int CHUNK = 500;

  History {
    recoveries = List.copyOf(recoveries);
  }

  /// Drops what has ended long ago, of all workloads.
  static void trim(Store store, Instant now) throws InterruptedException {
    List<Row.Recovery> old;
    do {
      old = store.recoveriesBefore(now.minus(FOR), CHUNK);
      Batch batch = new Batch();
      old.forEach(batch::delete);
      store.commit(batch);
    } while (old.size() == CHUNK);
  }

  /// @param except id of one that does not count
  static History of(Store store, Workload workload, String except) {
    return new History(
        store.recoveries(workload.tenant(), workload.name(), workload.uid(), KEPT).stream()
            .map(row -> Chart.read(row).recovery())
            .filter(r -> !r.id().equals(except))
            .toList());
  }

  private static boolean within(Instant at, Duration window, Instant now) {
    return at.isAfter(now.minus(window));
  }

  /// Recoveries that began by themselves within the window.
  long automatic(Duration window, Instant now) {
    return recoveries.stream()
        .filter(r -> r.automatic() && within(r.startedAt(), window, now))
        .filter(r -> r.status() != Status.SUPERSEDED && r.status() != Status.CANCELLED)
        .count();
  }

  /// When the oldest of these began.
  Instant oldest(Duration window, Instant now) {
    return recoveries.stream()
        .filter(r -> r.automatic() && within(r.startedAt(), window, now))
        .map(Recovery::startedAt)
        .min(Instant::compareTo)
        .orElse(now);
  }

  /// Recoveries within the window that have not helped.
  long exhausted(Duration window, Instant now) {
    return recoveries.stream()
        .filter(r -> r.status() == Status.EXHAUSTED && within(r.startedAt(), window, now))
        .count();
  }

  Optional<Instant> lastEnd() {
    return recoveries.stream()
        .map(Recovery::endedAt)
        .flatMap(Stream::ofNullable)
        .max(Instant::compareTo);
  }

  private Stream<Attempt> tried(Action action) {
    return recoveries.stream()
        .flatMap(r -> r.attempts().stream())
        .filter(a -> a.action() == action && a.outcome() != Outcome.LEFT_OUT);
  }

  long attempts(Action action, Duration window, Instant now) {
    return tried(action).filter(a -> within(a.startedAt(), window, now)).count();
  }

  Optional<Instant> lastAttempt(Action action) {
    return tried(action)
        .map(a -> Objects.requireNonNullElse(a.endedAt(), a.startedAt()))
        .max(Instant::compareTo);
  }
}
