package dev.semper.run;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// The program that runs here: at most one at a time. Signals go to it from the moment it exists;
/// after it was asked to end, none is started any more.
final class Program {
  private static final double LEFTOVER_SECONDS = 5;

  private final Children children;
  private final List<byte[]> command;
  private final int stopSignal;
  private final CompletableFuture<Integer> stop = new CompletableFuture<>();
  private Children.@Nullable Child child;

  /// @param stopSignal what it is asked to end with
  Program(Children children, List<byte[]> command, int stopSignal) {
    this.children = children;
    this.command = command;
    this.stopSignal = stopSignal;
  }

  /// Completes with the signal that asked this container to end.
  CompletableFuture<Integer> stop() {
    return stop;
  }

  /// A signal from outside: passed on; TERM and INT also ask for the end.
  synchronized void taken(int signal) {
    boolean ends = signal == Signals.TERM || signal == Signals.INT;
    if (ends) {
      stop.complete(signal);
    }
    if (child != null) {
      boolean translated = signal == Signals.TERM && stopSignal != Signals.TERM;
      children.signal(child, translated ? stopSignal : signal);
    }
  }

  /// @return null if the end was asked for meanwhile
  synchronized Children.@Nullable Child start() throws SpawnException {
    if (stop.isDone()) {
      return null;
    }
    Children.Child started = children.spawn(command, List.of(), Children.Output.OURS);
    child = started;
    return started;
  }

  /// Asks the running program to end, unless a signal from outside has done so already.
  synchronized void ask() {
    if (child != null && !stop.isDone()) {
      children.signal(child, stopSignal);
    }
  }

  /// Waits for the end of the running program and kills it with all below it when time is over;
  /// then ends what it has left behind.
  ///
  /// @return whether nothing had to be killed
  boolean awaitEnd(Deadline deadline) throws InterruptedException {
    Children.Child running;
    synchronized (this) {
      running = child;
    }
    boolean inTime = true;
    if (running != null && !deadline.await(running.ended())) {
      inTime = false;
      children.signalAllBelow(running, Signals.KILL);
      children.signal(running, Signals.KILL);
      // Only a process in the kernel's hands (D state) survives that; it is not waited for long.
      Deadline.in(2).await(running.ended());
    }
    return sweep(deadline.orIn(LEFTOVER_SECONDS)) && inTime;
  }

  private boolean sweep(Deadline deadline) throws InterruptedException {
    children.takeTerminal();
    if (children.signalLeftovers(0) == 0) {
      return true;
    }
    children.signalLeftovers(Signals.TERM);
    children.signalLeftovers(Signals.CONT);
    while (!deadline.isOver()) {
      if (children.signalLeftovers(0) == 0) {
        return true;
      }
      Thread.sleep(10);
    }
    Deadline last = Deadline.in(2);
    while (children.signalLeftovers(Signals.KILL) > 0 && !last.isOver()) {
      Thread.sleep(10);
    }
    return false;
  }

  /// The code it ended with; null while it runs.
  synchronized @Nullable Integer code() {
    return child == null || !child.ended().isDone() ? null : child.ended().getNow(-1);
  }

  synchronized Children.@Nullable Child running() {
    return child == null || child.ended().isDone() ? null : child;
  }
}
