package dev.semper.spi;

/// What has become of an incarnation.
public sealed interface Attachment {
  /// It runs; its exit will be reported.
  record Alive(Running running) implements Attachment {}

  /// It has ended; [Exit#known] tells whether how is known.
  record Ended(Exit exit) implements Attachment {}

  /// It was never started: launching it now cannot run it twice.
  record NeverStarted() implements Attachment {}
}
