package dev.semper.engine.health;

/// How one check ended.
sealed interface Outcome {
  /// What is said of a check that passed.
  String OK = "ok";

  record Passed() implements Outcome {}

  record Failed(String message) implements Outcome {}

  /// The prober could not do the check; says nothing of the instance.
  record Erred(String message) implements Outcome {}
}
