package dev.semper.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A write to a secret; what is null stays as it was, or is the default.
///
/// @param value text
/// @param valueBase64 a value that is no text
/// @param generate the generator makes the value
/// @param expiresAt a time, or `never`
/// @param expected version in force, 0 if there must be no such secret
public record SecretWriteRequest(
    @Nullable String value,
    @Nullable String valueBase64,
    @Nullable Boolean generate,
    @Nullable String description,
    @Nullable List<String> tags,
    @Nullable SecretAccess access,
    @Nullable SecretRotation rotation,
    @Nullable String expiresAt,
    @Nullable String notifyBefore,
    @Nullable Long expected) {
  @Override
  public String toString() {
    return "SecretWriteRequest[***]";
  }
}
