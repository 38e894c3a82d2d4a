package dev.semper.driver.remote;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/// Waits for processes and ends them with their descendants.
final class Trees {
  private static final Duration GRACE = Duration.ofSeconds(5);

  private Trees() {}

  /// @return false if it still runs after the timeout
  static boolean await(ProcessHandle process, Duration timeout) throws InterruptedException {
    try {
      process.onExit().get(Math.max(0, timeout.toMillis()), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException("cannot wait for process " + process.pid(), e);
    }
  }

  /// TERM for all of it, and KILL for what is left after 5 s.
  static void end(ProcessHandle process) throws InterruptedException {
    List<ProcessHandle> tree = tree(process);
    tree.forEach(ProcessHandle::destroy);
    long deadline = System.nanoTime() + GRACE.toNanos();
    for (ProcessHandle one : tree) {
      var _ = await(one, Duration.ofNanos(deadline - System.nanoTime()));
    }
    kill(Stream.concat(tree.stream(), tree(process).stream()).toList());
  }

  static void kill(ProcessHandle process) {
    kill(tree(process));
  }

  private static void kill(List<ProcessHandle> processes) {
    processes.forEach(ProcessHandle::destroyForcibly);
  }

  private static List<ProcessHandle> tree(ProcessHandle process) {
    return Stream.concat(Stream.of(process), process.descendants()).toList();
  }
}
