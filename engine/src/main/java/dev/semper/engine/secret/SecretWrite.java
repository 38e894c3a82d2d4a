package dev.semper.engine.secret;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A write to a secret, new or not. What is null stays as it was, or is the default.
///
/// @param value the new value, 1 byte to 64 KiB; null and not `generate` = it has the one it had
/// @param generate the value is made by the generator
/// @param expiresAt [#NEVER] takes an expiry away; a new value without it has none
/// @param expected number of the version in force, 0 if there must be no such secret
public record SecretWrite(
    String tenant,
    String name,
    @Nullable Clear value,
    boolean generate,
    @Nullable String description,
    @Nullable List<String> tags,
    @Nullable AccessPolicy access,
    @Nullable RotationPolicy rotation,
    @Nullable Instant expiresAt,
    @Nullable Duration notifyBefore,
    @Nullable Long expected,
    String actor) {
  public static final Instant NEVER = Instant.EPOCH;

  /// Only a value.
  public static SecretWrite of(String tenant, String name, String value, String actor) {
    return new SecretWrite(
        tenant, name, Clear.of(value), false, null, null, null, null, null, null, null, actor);
  }

  public SecretWrite expecting(long version) {
    return new SecretWrite(
        tenant,
        name,
        value,
        generate,
        description,
        tags,
        access,
        rotation,
        expiresAt,
        notifyBefore,
        version,
        actor);
  }
}
