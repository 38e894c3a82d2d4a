package dev.semper.engine.secret;

import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// One value of a secret, without the value.
///
/// @param validUntil of a previous one: when its overlap ends
/// @param overdue of a previous one: its overlap has ended, but somebody still has it
public record SecretVersion(
    long number,
    State state,
    Instant createdAt,
    String createdBy,
    @Nullable Instant validUntil,
    @Nullable Instant retiredAt,
    boolean overdue) {
  /// Where a version is in its life.
  public enum State {
    /// Made, but not given to anybody yet.
    PENDING,
    /// In force.
    CURRENT,
    /// Was in force and is still good.
    PREVIOUS,
    /// Good no more.
    RETIRED;

    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  boolean valid() {
    return state == State.CURRENT || state == State.PREVIOUS;
  }

  SecretVersion current() {
    return new SecretVersion(number, State.CURRENT, createdAt, createdBy, null, null, false);
  }

  SecretVersion previous(Instant until) {
    return new SecretVersion(number, State.PREVIOUS, createdAt, createdBy, until, null, false);
  }

  SecretVersion late() {
    return new SecretVersion(number, state, createdAt, createdBy, validUntil, retiredAt, true);
  }

  SecretVersion retired(Instant now) {
    return new SecretVersion(number, State.RETIRED, createdAt, createdBy, validUntil, now, overdue);
  }
}
