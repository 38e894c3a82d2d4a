package dev.semper.server;

import dev.semper.engine.Semper;

/// Starts the engine with the server's settings.
final class Engines {
  private Engines() {}

  static Semper start(Settings settings) throws InterruptedException {
    return Semper.builder().start();
  }
}
