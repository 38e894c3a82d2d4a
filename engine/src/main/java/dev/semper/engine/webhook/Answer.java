package dev.semper.engine.webhook;

/// What came of one try.
///
/// @param status 0 if there was no answer
/// @param body the first 16 KiB of it
/// @param error why there was no answer, or not all of it; empty if there was
public record Answer(int status, String body, String error) {
  /// Any 2xx.
  public boolean success() {
    return status >= 200 && status < 300;
  }

  /// Whether another try may do better: there was no answer, or one that means "later".
  public boolean mayPass() {
    return switch (status) {
      case 0, 408, 425, 429 -> true;
      default -> status >= 500;
    };
  }

  /// Redirects are not followed: a receiver says itself where it is.
  public boolean redirect() {
    return status >= 300 && status < 400;
  }

  /// Why it was no success, e.g. `answered 404`.
  public String words() {
    return !error.isEmpty()
        ? error
        : "answered " + status + (redirect() ? ", a redirect, which is not followed" : "");
  }
}
