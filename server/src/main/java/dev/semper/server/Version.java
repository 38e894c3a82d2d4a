package dev.semper.server;

/// Which Semper this is.
final class Version {
  static final String NAME = "0.1.0";

  private Version() {}
}
