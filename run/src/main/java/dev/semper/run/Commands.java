package dev.semper.run;

import java.util.List;
import java.util.concurrent.TimeoutException;

/// Runs a helper program to its end, or ends it with all it has started.
final class Commands {
  private Commands() {}

  /// @return its exit code
  /// @throws TimeoutException if it had to be killed
  static int run(Children children, List<String> command, List<String> more, Deadline deadline)
      throws SpawnException, TimeoutException, InterruptedException {
    Children.Child child = children.spawn(Words.of(command), more, Children.Output.ERRORS);
    try {
      if (!deadline.await(child.ended())) {
        throw new TimeoutException(command.getFirst() + " did not end in time");
      }
      return child.ended().getNow(-1);
    } finally {
      if (!child.ended().isDone()) {
        children.signalAllBelow(child, Signals.KILL);
        children.signal(child, Signals.KILL);
      }
    }
  }
}
