package dev.semper.run;

import java.io.Serial;

/// A program could not be started.
final class SpawnException extends Exception {
  @Serial private static final long serialVersionUID = 1;
  private static final int ENOENT = 2;

  private final int errno;

  SpawnException(int errno, String message) {
    super(message);
    this.errno = errno;
  }

  /// As shells tell it: 127 not found, 126 found but not to be run.
  int exitCode() {
    return errno == ENOENT ? 127 : 126;
  }
}
