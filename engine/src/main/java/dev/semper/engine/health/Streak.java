package dev.semper.engine.health;

/// Counts like results in a row: below the threshold nothing changes.
final class Streak {
  private final int failureThreshold;
  private final int successThreshold;
  private boolean passing;
  private int length;

  Streak(int failureThreshold, int successThreshold) {
    this.failureThreshold = Math.max(1, failureThreshold);
    this.successThreshold = Math.max(1, successThreshold);
  }

  /// Whether results like this one have reached their threshold.
  boolean add(boolean passed) {
    length = passing == passed ? length + 1 : 1;
    passing = passed;
    return length >= (passed ? successThreshold : failureThreshold);
  }

  int failures() {
    return passing ? 0 : length;
  }

  void forget() {
    length = 0;
  }
}
