package dev.semper.engine.alert;

import dev.semper.engine.store.Docs;
import dev.semper.engine.store.Row;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// One message to one channel, and what has come of it. Immutable.
///
/// @param id told to the receiver: it can come more than once
/// @param seq order in which it is sent
/// @param group deliveries of one group arrive in their order
/// @param since from when on it is tried; giving up is counted from it
/// @param nextAttemptAt about when it is tried next, while pending
/// @param error why the last attempt failed
public record Delivery(
    String id,
    long seq,
    String tenant,
    String channel,
    String group,
    Status status,
    int attempts,
    Instant createdAt,
    Instant since,
    @Nullable Instant nextAttemptAt,
    @Nullable Instant endedAt,
    @Nullable String error,
    Notification notification) {

  public enum Status {
    PENDING,
    DELIVERED,
    /// Given up; it can be sent again by hand.
    DEAD;

    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  static Delivery of(
      long seq, String tenant, String channel, String group, Notification notification) {
    Instant now = notification.at();
    return new Delivery(
        notification.delivery(),
        seq,
        tenant,
        channel,
        group,
        Status.PENDING,
        0,
        now,
        now,
        now,
        null,
        null,
        notification);
  }

  static Delivery of(Row.Delivery row) {
    return Docs.read(row.doc(), Delivery.class);
  }

  Row.Delivery row() {
    return new Row.Delivery(
        id, seq, tenant, channel, group, status.id(), createdAt, Docs.write(this));
  }

  Delivery delivered(Instant now) {
    return with(Status.DELIVERED, attempts + 1, since, null, now, null);
  }

  Delivery failed(String why, Instant next) {
    return with(Status.PENDING, attempts + 1, since, next, null, why);
  }

  /// @param tried whether the last attempt is to be counted
  Delivery dead(String why, Instant now, boolean tried) {
    return with(Status.DEAD, attempts + (tried ? 1 : 0), since, null, now, why);
  }

  Delivery again(Instant now) {
    return with(Status.PENDING, 0, now, now, null, error);
  }

  private Delivery with(
      Status newStatus,
      int tries,
      Instant from,
      @Nullable Instant next,
      @Nullable Instant ended,
      @Nullable String why) {
    return new Delivery(
        id,
        seq,
        tenant,
        channel,
        group,
        newStatus,
        tries,
        createdAt,
        from,
        next,
        ended,
        why,
        notification);
  }
}
