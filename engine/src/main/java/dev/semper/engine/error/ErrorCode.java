package dev.semper.engine.error;

/// The stable name of what went wrong. The kind decides the HTTP status and the exit code of the
/// CLI.
public enum ErrorCode {
  INVALID_REQUEST(Kind.USER),
  INVALID_SPEC(Kind.USER),
  /// A configuration, or what it comes to, is not as its schema or its references want it.
  INVALID_CONFIG(Kind.USER),
  ILLEGAL_TRANSITION(Kind.CONFLICT),
  OPERATION_IN_PROGRESS(Kind.CONFLICT),
  IDEMPOTENCY_MISMATCH(Kind.CONFLICT),
  ALREADY_EXISTS(Kind.CONFLICT),
  STALE_GENERATION(Kind.CONFLICT),
  STALE_REVISION(Kind.CONFLICT),
  DEPENDENCY_MISSING(Kind.CONFLICT),
  DEPENDENCY_UNHEALTHY(Kind.CONFLICT),
  DEPENDED_UPON(Kind.CONFLICT),
  QUOTA_EXCEEDED(Kind.CONFLICT),
  CIRCUIT_OPEN(Kind.CONFLICT),
  PRECONDITION_FAILED(Kind.CONFLICT),
  HOOK_VETOED(Kind.CONFLICT),
  NOT_CANCELLABLE(Kind.CONFLICT),
  NOT_FOUND(Kind.NOT_FOUND),
  UNAUTHENTICATED(Kind.UNAUTHENTICATED),
  FORBIDDEN(Kind.FORBIDDEN),
  STORE_UNAVAILABLE(Kind.UNAVAILABLE),
  SHUTTING_DOWN(Kind.UNAVAILABLE),
  FENCED(Kind.UNAVAILABLE),
  TIMEOUT(Kind.UNAVAILABLE),
  LAUNCH_FAILED(Kind.CONFLICT),
  /// A file could not be written, or a program not be told.
  CONFIG_NOT_DELIVERED(Kind.UNAVAILABLE),
  /// Nothing that could be tried has made the workload well again.
  RECOVERY_EXHAUSTED(Kind.CONFLICT),
  /// A value does not open: it was changed, or its key is gone.
  SECRET_UNREADABLE(Kind.CONFLICT),
  /// Another administrator has to approve first.
  APPROVAL_REQUIRED(Kind.FORBIDDEN),
  INTERNAL(Kind.INTERNAL);

  /// What a caller can do about it.
  public enum Kind {
    /// The request is wrong: correct it.
    USER,
    /// No such thing.
    NOT_FOUND,
    /// Not in the present state of things: look and try again.
    CONFLICT,
    UNAUTHENTICATED,
    FORBIDDEN,
    /// Not now: try again later.
    UNAVAILABLE,
    /// A defect of Semper.
    INTERNAL
  }

  private final Kind kind;

  ErrorCode(Kind kind) {
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
