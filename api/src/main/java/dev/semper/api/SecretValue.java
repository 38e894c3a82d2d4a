package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// A value in clear.
///
/// @param value null if it is no text
/// @param valueBase64 of one that is no text
public record SecretValue(
    String tenant,
    String name,
    long version,
    @Nullable String value,
    @Nullable String valueBase64) {
  @Override
  public String toString() {
    return "SecretValue[tenant=" + tenant + ", name=" + name + ", version=" + version + "]";
  }
}
