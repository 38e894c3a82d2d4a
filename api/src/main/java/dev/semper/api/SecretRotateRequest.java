package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// A rotation.
///
/// @param value null = the generator makes it
/// @param abandon give up the rotation under way instead
public record SecretRotateRequest(
    @Nullable String value, @Nullable String valueBase64, @Nullable Boolean abandon) {
  @Override
  public String toString() {
    return "SecretRotateRequest[***]";
  }
}
