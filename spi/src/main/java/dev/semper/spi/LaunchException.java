package dev.semper.spi;

/// A program could not be started.
public final class LaunchException extends Exception {
  private static final long serialVersionUID = 1;
  private final boolean retryable;

  /// @param message what was tried and what to do about it
  /// @param retryable whether the same launch may work later (e.g. out of processes); a missing
  ///   binary is not
  public LaunchException(String message, boolean retryable) {
    super(message);
    this.retryable = retryable;
  }

  public boolean retryable() {
    return retryable;
  }
}
