package dev.semper.testkit;

import dev.semper.engine.workload.Boundaries;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The points an engine passes, where it is to wait and where it is to die: from the moment it
/// comes there, whoever passes any point stays there for good.
public final class CrashPoints implements Boundaries {
  /// Ends the threads of an engine that is dead already.
  private static final class Dead extends RuntimeException {
    private static final long serialVersionUID = 1;

    Dead() {
      super("the engine is dead", null, false, false);
    }
  }

  private final List<String> passed = new ArrayList<>();
  private @Nullable String deadly;
  private int skip;
  private @Nullable String holding;
  private int held;
  private boolean dead;
  private boolean released;

  /// Makes it die when it comes to a point.
  ///
  /// @param occurrence how often it passes it unharmed before
  public synchronized void dieAt(String point, int occurrence) {
    deadly = point;
    skip = occurrence;
  }

  /// Makes everybody who comes to a point wait there, until [#letGo].
  public synchronized void hold(String point) {
    holding = point;
  }

  /// How many wait.
  public synchronized int held() {
    return held;
  }

  public synchronized void letGo() {
    holding = null;
    notifyAll();
  }

  /// Every point passed so far, in order.
  public synchronized List<String> passed() {
    return List.copyOf(passed);
  }

  /// Waits until it has come to the deadly point.
  ///
  /// @return false if the time is over
  public synchronized boolean awaitDeath(Duration patience) throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (!dead) {
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        return false;
      }
      wait(left);
    }
    return true;
  }

  @Override
  public synchronized void pass(String point) {
    if (!dead) {
      passed.add(point);
      if (point.equals(deadly) && skip-- == 0) {
        die();
      }
    }
    boolean holds = point.equals(holding);
    held += holds ? 1 : 0;
    while (dead || (holds && holding != null)) {
      if (released) {
        throw new Dead();
      }
      try {
        wait();
      } catch (InterruptedException e) {
        throw new Dead();
      }
    }
    held -= holds ? 1 : 0;
  }

  synchronized void die() {
    dead = true;
    notifyAll();
  }

  synchronized void release() {
    released = true;
    notifyAll();
  }
}
