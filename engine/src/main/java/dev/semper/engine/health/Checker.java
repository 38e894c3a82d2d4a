package dev.semper.engine.health;

/// Does checks. Both calls come from the scheduler's thread and return at once.
interface Checker {

  /// Begins a check; calls [Check#begin] when it really runs and [Check#end] exactly once, when
  /// nothing of it is left.
  void start(Check check);

  /// The outcome no longer matters: ends the check soon.
  void cancel(Check check);
}
