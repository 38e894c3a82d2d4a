package dev.semper.cli;

/// What a shell can rely on; listed in docs/cli.md.
enum ExitStatus {
  OK(0),
  /// The operation was carried out and did not succeed.
  FAILED(1),
  /// Wrong arguments or an invalid file.
  USAGE(2),
  NOT_FOUND(3),
  /// Not in the present state of things.
  CONFLICT(4),
  /// No or no sufficient token.
  DENIED(5),
  /// No server answers, or it cannot take work now.
  UNAVAILABLE(6),
  TIMEOUT(7),
  /// A defect of Semper.
  INTERNAL(8);

  private final int code;

  ExitStatus(int code) {
    this.code = code;
  }

  int code() {
    return code;
  }
}
