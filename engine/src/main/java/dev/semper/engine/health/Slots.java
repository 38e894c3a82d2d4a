package dev.semper.engine.health;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/// Places for checks of one method that cost more than a socket; who finds none waits in line. A
/// place is free again only when the check has really returned.
final class Slots {
  private final int places;
  private final Deque<Worker> waiting = new ArrayDeque<>();
  private int taken;

  Slots(int places) {
    this.places = places;
  }

  /// Whether there is a place now; if not, the worker is in line.
  boolean take(Worker worker) {
    if (taken < places) {
      taken++;
      return true;
    }
    waiting.add(worker);
    return false;
  }

  /// @return whose turn it is: the place is taken for it already
  @Nullable Worker free() {
    Worker next = waiting.poll();
    taken -= next == null ? 1 : 0;
    return next;
  }

  boolean awaits(Worker worker) {
    return waiting.contains(worker);
  }

  void leave(Worker worker) {
    waiting.remove(worker);
  }

  int places() {
    return places;
  }
}
