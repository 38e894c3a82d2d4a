package dev.semper.driver.process;

/// The keeper refused a request.
final class KeeperException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final int errno;
  private final String step;

  KeeperException(int errno, String step, String text) {
    super(text);
    this.errno = errno;
    this.step = step;
  }

  int errno() {
    return errno;
  }

  /// What was being done, e.g. `exec`, `user`, `dir`.
  String step() {
    return step;
  }

  String text() {
    String message = getMessage();
    return message == null ? "" : message;
  }
}
