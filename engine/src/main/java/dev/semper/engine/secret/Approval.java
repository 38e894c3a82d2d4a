package dev.semper.engine.secret;

import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Somebody's wish to see a secret whose policy wants another administrator's consent.
///
/// @param validUntil until when it may be used once it is approved, else until when it can be
public record Approval(
    String id,
    String tenant,
    String secret,
    String requester,
    String reason,
    State state,
    Instant createdAt,
    @Nullable String decidedBy,
    @Nullable Instant decidedAt,
    Instant validUntil) {
  /// What has become of it.
  public enum State {
    REQUESTED,
    APPROVED,
    DENIED,
    /// It has been used; each is good for once.
    USED;

    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  Approval as(State next, @Nullable String by, @Nullable Instant at, Instant until) {
    return new Approval(id, tenant, secret, requester, reason, next, createdAt, by, at, until);
  }
}
