package dev.semper.engine.alert;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// An open alert with its times on the steady clock: what is waited for must not depend on the wall
/// clock, which jumps. Owned by the [Board].
final class Tracked {
  private static final Duration LONGEST = Duration.ofDays(30);

  Alert alert;

  /// Since when the condition has been true.
  long since;

  /// Since when there has been something new to tell.
  long news;

  /// When the channels last heard of it, and first; 0 if they have not.
  long told;

  long toldFirst;

  /// For an event: when it last happened.
  long happened;

  Tracked(Alert alert, long now) {
    this.alert = alert;
    since = now;
    news = now;
    happened = now;
  }

  /// As it was left by an earlier server. What was pending begins anew.
  static Tracked loaded(Alert alert, Instant wall, long now) {
    Tracked tracked = new Tracked(alert, now);
    tracked.news =
        ago(alert.resolvedAt() == null ? alert.firedAt() : alert.resolvedAt(), wall, now);
    tracked.happened = ago(alert.firedAt(), wall, now);
    tracked.told = alert.toldAt() == null ? 0 : ago(alert.toldAt(), wall, now);
    tracked.toldFirst = alert.toldFirstAt() == null ? 0 : ago(alert.toldFirstAt(), wall, now);
    return tracked;
  }

  private static long ago(@Nullable Instant then, Instant wall, long now) {
    if (then == null || then.isAfter(wall)) {
      return now;
    }
    Duration ago = Duration.between(then, wall);
    return now - (ago.compareTo(LONGEST) > 0 ? LONGEST : ago).toNanos();
  }

  boolean wasTold() {
    return alert.told() != Alert.Told.NOTHING;
  }
}
