package dev.semper.api;

/// Is told of events in the order of their numbers, in the thread that follows them.
@FunctionalInterface
public interface EventListener {
  /// @return false to end
  boolean event(EventInfo event);

  /// Events were asked for that are no longer kept.
  ///
  /// @return false to end
  default boolean gap(EventGap gap) {
    return true;
  }

  /// The connection broke; it is made again and nothing is lost or repeated.
  ///
  /// @param attempt from 1, starts again after each success
  /// @return false to end
  default boolean broken(UnreachableException cause, int attempt) {
    return true;
  }
}
