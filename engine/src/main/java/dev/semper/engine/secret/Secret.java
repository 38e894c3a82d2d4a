package dev.semper.engine.secret;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What is known of a secret but its values.
public record Secret(
    String tenant,
    String name,
    About about,
    AccessPolicy access,
    RotationPolicy rotation,
    Status status) {
  /// What people say of it.
  ///
  /// @param expiresAt when its value is no longer good where it is used; null = never. It is still
  ///   delivered then: to withhold it would only break more
  /// @param notifyBefore how long before that a warning is given, default 1 h
  public record About(
      String description,
      List<String> tags,
      @Nullable Instant expiresAt,
      Duration notifyBefore,
      Instant createdAt,
      String createdBy,
      Instant changedAt,
      String changedBy) {
    public About {
      tags = List.copyOf(tags);
    }
  }

  /// How it is.
  ///
  /// @param current number of the version in force; 0 = none yet
  /// @param newest number of the newest version, which may not be in force yet
  /// @param rotatedAt when the version in force was put in force
  /// @param rotating the step of a rotation under way: `create` or `apply`; empty = none
  /// @param failures tries of that step that have failed
  /// @param retryAt when it is tried again
  /// @param error why the last try failed; may be empty
  /// @param warned of its expiry
  /// @param expired told that it has expired
  /// @param reads how often somebody has seen a value
  public record Status(
      long current,
      long newest,
      @Nullable Instant rotatedAt,
      String rotating,
      int failures,
      @Nullable Instant retryAt,
      String error,
      boolean warned,
      boolean expired,
      long reads,
      @Nullable Instant lastReadAt,
      String lastReadBy) {
    static final Status NEW = new Status(0, 0, null, "", 0, null, "", false, false, 0, null, "");

    Status inForce(long version, Instant now) {
      return new Status(
          version, newest, now, "", 0, null, "", false, false, reads, lastReadAt, lastReadBy);
    }

    Status rotating(String step, long version) {
      return new Status(
          current,
          version,
          rotatedAt,
          step,
          0,
          null,
          "",
          warned,
          expired,
          reads,
          lastReadAt,
          lastReadBy);
    }

    Status failed(String why, Instant again) {
      return new Status(
          current,
          newest,
          rotatedAt,
          rotating,
          failures + 1,
          again,
          why,
          warned,
          expired,
          reads,
          lastReadAt,
          lastReadBy);
    }

    Status told(boolean ofExpiryToCome, boolean ofExpiry) {
      return new Status(
          current,
          newest,
          rotatedAt,
          rotating,
          failures,
          retryAt,
          error,
          ofExpiryToCome,
          ofExpiry,
          reads,
          lastReadAt,
          lastReadBy);
    }

    Status read(Instant now, String by) {
      return new Status(
          current, newest, rotatedAt, rotating, failures, retryAt, error, warned, expired,
          reads + 1, now, by);
    }
  }

  Secret with(Status now) {
    return new Secret(tenant, name, about, access, rotation, now);
  }
}
