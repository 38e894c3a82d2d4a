package dev.semper.engine.access;

/// Who calls.
///
/// @param name of the token, for `actor` fields
/// @param tenant the one tenant it may see, or [#ALL]
public record Principal(String name, Role role, String tenant) {
  /// The tenant of tokens that may see all.
  public static final String ALL = "*";

  public boolean sees(String other) {
    return seesAll() || tenant.equals(other);
  }

  public boolean seesAll() {
    return tenant.equals(ALL);
  }
}
