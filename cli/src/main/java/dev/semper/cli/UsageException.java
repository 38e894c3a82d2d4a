package dev.semper.cli;

/// The command cannot be carried out as it was typed, or as things are on this machine.
final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final ExitStatus status;

  UsageException(String message) {
    this(ExitStatus.USAGE, message);
  }

  UsageException(ExitStatus status, String message) {
    super(message);
    this.status = status;
  }

  ExitStatus status() {
    return status;
  }
}
