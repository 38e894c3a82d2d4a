package dev.semper.engine.workload;

/// Is told each point at which dying makes a difference: between a durable decision and its effect,
/// and around each step of an operation. Fault drills end the server there; usually nothing
/// happens.
@FunctionalInterface
public interface Boundaries {
  Boundaries NONE = _ -> {};

  /// @param point e.g. `update/3/launch 0/intent`
  void pass(String point);
}
