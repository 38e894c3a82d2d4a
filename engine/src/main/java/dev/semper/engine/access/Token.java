package dev.semper.engine.access;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A token without its secret.
///
/// @param tenant the one it is for, or [Principal#ALL]
/// @param idempotencyKey of the call that made it
public record Token(
    String id,
    String name,
    Role role,
    String tenant,
    Instant createdAt,
    String createdBy,
    @Nullable String idempotencyKey) {

  public Principal principal() {
    return new Principal(name, role, tenant);
  }
}
