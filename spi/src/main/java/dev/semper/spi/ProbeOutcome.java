package dev.semper.spi;

/// How one check of a [ProbeMethod] ended.
public sealed interface ProbeOutcome {
  ProbeOutcome PASSED = new Passed();

  record Passed() implements ProbeOutcome {}

  /// The instance is not as it should be.
  ///
  /// @param message what was asked and what came instead, on one line
  record Failed(String message) implements ProbeOutcome {}

  /// The check itself could not be done, e.g. as a file of its settings cannot be read; says
  /// nothing of the instance.
  record Errored(String message) implements ProbeOutcome {}
}
