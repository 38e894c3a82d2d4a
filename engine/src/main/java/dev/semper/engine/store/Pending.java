package dev.semper.engine.store;

import dev.semper.engine.error.ErrorCode;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// A batch on its way into the database.
final class Pending {
  /// What came of it.
  sealed interface Outcome {}

  record Written(List<Event> events) implements Outcome {}

  record Refused(ErrorCode code, String message, @Nullable Throwable cause) implements Outcome {}

  /// The caller has lost patience in time.
  record Withdrawn() implements Outcome {}

  private final List<Draft> drafts;
  private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();

  /// To be written in a transaction of its own, because one of its group was at fault. Guarded by
  /// the queue.
  boolean alone;

  /// The caller does not wait for it any more: if it was not written it must not be. Guarded by the
  /// queue.
  boolean unwanted;

  Pending(List<Draft> drafts) {
    this.drafts = drafts;
  }

  List<Draft> drafts() {
    return drafts;
  }

  CompletableFuture<Outcome> outcome() {
    return outcome;
  }

  void written(List<Event> events) {
    outcome.complete(new Written(events));
  }

  void refuse(ErrorCode code, String message, @Nullable Throwable cause) {
    outcome.complete(new Refused(code, message, cause));
  }
}
