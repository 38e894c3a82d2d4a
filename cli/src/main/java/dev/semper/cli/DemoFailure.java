package dev.semper.cli;

/// Something that the demo claims does not hold.
final class DemoFailure extends RuntimeException {
  private static final long serialVersionUID = 1;

  DemoFailure(String message) {
    super(message);
  }
}
