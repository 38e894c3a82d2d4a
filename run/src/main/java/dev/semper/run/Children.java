package dev.semper.run;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// The parent of every process here, and of every orphan below it.
///
/// Only this class forks (`posix_spawn`) and waits (`waitpid(-1)`): the JDK's `ProcessBuilder` must
/// not be used beside it, since its thread per child and this one would take each other's exits.
/// One thread reads signals; whether a process is reaped or signalled is decided under one lock, so
/// that a signal never reaches a stranger who got the number of a dead child.
final class Children implements AutoCloseable {
  /// A process that was started here.
  ///
  /// @param ended completes with its exit code: 128 + signal if a signal ended it
  record Child(int pid, CompletableFuture<Integer> ended) {}

  /// Where the output of a started process goes.
  enum Output {
    /// Ours: standard input, output and errors are handed on, with the terminal if there is one.
    OURS,
    /// Standard errors; the program's output stays its own.
    ERRORS
  }

  private static final int PR_SET_CHILD_SUBREAPER = 36;
  private static final int WNOHANG = 1;
  private static final short SETPGROUP = 0x02;
  private static final short SETSIGMASK = 0x08;
  private static final List<String> PUT_ASIDE =
      List.of(
          "JAVA_TOOL_OPTIONS",
          "JDK_JAVA_OPTIONS",
          "_JAVA_OPTIONS",
          "_JAVA_SR_SIGNUM",
          "MALLOC_ARENA_MAX");
  private static final int SPAWN_BYTES = 512; // posix_spawnattr_t is 336, the file actions are 80

  private final int signals;
  private final Map<Integer, Child> alive = new HashMap<>();
  private volatile boolean closed;
  private @Nullable Thread listener;
  private int orphans;

  private Children(int signals) {
    this.signals = signals;
  }

  /// Becomes the parent of orphans: as PID 1 by nature, elsewhere as a sub-reaper.
  static Children adopt() throws IOException {
    if (Native.call("getpid") != 1) {
      Native.call("prctl", PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    }
    forgetOurs();
    return new Children(Signals.open());
  }

  /// Gives the program's environment back what the launcher put aside: options for Java that are
  /// meant for a Java program and not for this JVM, and what is set for this JVM alone.
  private static void forgetOurs() {
    boolean launched = System.getenv("SEMPER_RUN_LAUNCHED") != null;
    boolean again = System.getenv("SEMPER_RUN_AGAIN") != null;
    try (Arena arena = Arena.ofConfined()) {
      for (String name : PUT_ASIDE) {
        String kept = "SEMPER_RUN_KEPT_" + name;
        long value = Native.word("getenv", arena.allocateFrom(kept).address());
        if (value != 0) {
          Native.call("setenv", arena.allocateFrom(name).address(), value, 1);
          unset(arena, kept);
        } else if (launched || (again && name.equals("_JAVA_SR_SIGNUM"))) {
          unset(arena, name);
        }
      }
      unset(arena, "SEMPER_RUN_LAUNCHED");
      unset(arena, "SEMPER_RUN_AGAIN");
    }
  }

  private static void unset(Arena arena, String name) {
    Native.call("unsetenv", arena.allocateFrom(name).address());
  }

  /// Reads signals on a thread of its own; each but CHLD is told to `taken`.
  void listen(IntConsumer taken) {
    Thread thread =
        new Thread(
            () -> {
              while (!closed) {
                try {
                  for (int signal : Signals.read(signals)) {
                    if (signal != Signals.CHLD) {
                      taken.accept(signal);
                    }
                  }
                } catch (IOException e) {
                  // Deaf and blind, it is of no use any more; the container has to end.
                  System.err.println("semper run: " + e.getMessage());
                  Runtime.getRuntime().halt(Main.DEFECT);
                } finally {
                  reap();
                }
              }
            },
            "signals");
    thread.setDaemon(true);
    thread.start();
    listener = thread;
  }

  /// Listens no more. A JVM that ends waits 300 ms for a thread that sits in a system call.
  @Override
  public void close() {
    Thread thread = listener;
    if (thread != null) {
      closed = true;
      Native.call("kill", Native.call("getpid"), Signals.CHLD);
      try {
        thread.join(100);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void reap() {
    List<Runnable> news = new ArrayList<>();
    synchronized (this) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment status = arena.allocate(4, 4);
        while (true) {
          int pid = Native.call("waitpid", -1, status.address(), WNOHANG);
          if (pid == -Native.EINTR) {
            continue;
          }
          if (pid <= 0) {
            break;
          }
          int code = code(status.get(ValueLayout.JAVA_INT, 0));
          Child child = alive.remove(pid);
          if (child == null) {
            orphans++;
          } else {
            news.add(() -> child.ended().complete(code));
          }
        }
      }
    }
    news.forEach(Runnable::run);
  }

  /// The exit code of a raw status, as shells tell it.
  static int code(int status) {
    int signal = status & 0x7f;
    return signal == 0 ? status >> 8 & 0xff : 128 + signal;
  }

  /// Processes that were not started here, whose end was collected.
  synchronized int orphansReaped() {
    return orphans;
  }

  /// Starts a program in a process group of its own, found by PATH.
  ///
  /// @param more variables beside those of this process, as `NAME=value`
  /// @throws SpawnException naming why, e.g. that there is no such program
  synchronized Child spawn(List<byte[]> command, List<String> more, Output output)
      throws SpawnException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment actions = arena.allocate(SPAWN_BYTES, 16);
      MemorySegment attributes = arena.allocate(SPAWN_BYTES, 16);
      MemorySegment pid = arena.allocate(4, 4);
      must("posix_spawn_file_actions_init", actions.address());
      must("posix_spawnattr_init", attributes.address());
      try {
        must("posix_spawnattr_setflags", attributes.address(), SETPGROUP | SETSIGMASK);
        must("posix_spawnattr_setpgroup", attributes.address(), 0);
        // An empty set of signals: what is blocked here is not blocked there.
        must("posix_spawnattr_setsigmask", attributes.address(), arena.allocate(128, 8).address());
        if (output == Output.ERRORS) {
          must(
              "posix_spawn_file_actions_addopen",
              actions.address(),
              0,
              arena.allocateFrom("/dev/null").address(),
              0,
              0);
          must("posix_spawn_file_actions_adddup2", actions.address(), 2, 1);
        } else if (terminalIsOurs() && Native.has("posix_spawn_file_actions_addtcsetpgrp_np")) {
          must("posix_spawn_file_actions_addtcsetpgrp_np", actions.address(), 0);
        }
        closeTheRest(actions);
        int failed =
            Native.call(
                "posix_spawnp",
                pid.address(),
                Words.vector(arena, command.subList(0, 1)).get(ValueLayout.JAVA_LONG, 0),
                actions.address(),
                attributes.address(),
                Words.vector(arena, command).address(),
                environment(arena, more));
        if (failed != 0) {
          throw new SpawnException(
              failed,
              "cannot start '" + Words.text(command.getFirst()) + "': " + Native.message(failed));
        }
      } finally {
        Native.call("posix_spawn_file_actions_destroy", actions.address());
        Native.call("posix_spawnattr_destroy", attributes.address());
      }
      Child child = new Child(pid.get(ValueLayout.JAVA_INT, 0), new CompletableFuture<>());
      alive.put(child.pid(), child);
      return child;
    }
  }

  /// The JDK opens sockets that would be inherited.
  private static void closeTheRest(MemorySegment actions) {
    if (Native.has("posix_spawn_file_actions_addclosefrom_np")) {
      must("posix_spawn_file_actions_addclosefrom_np", actions.address(), 3);
    } else {
      Native.call("close_range", 3, 0xffffffffL, 4); // CLOSE_RANGE_CLOEXEC; musl
    }
  }

  private static void must(String function, long... words) {
    int failed = Native.call(function, words);
    if (failed != 0) {
      throw new IllegalStateException(function + ": " + Native.message(Math.abs(failed)));
    }
  }

  private static long environment(Arena arena, List<String> more) {
    MemorySegment variable =
        Native.variable("environ").orElseThrow(() -> new IllegalStateException("no environ"));
    long ours = Native.view(variable.address(), 8).get(ValueLayout.JAVA_LONG, 0);
    if (more.isEmpty()) {
      return ours;
    }
    List<Long> pointers = new ArrayList<>();
    for (long at = ours; ; at += 8) {
      long entry = Native.view(at, 8).get(ValueLayout.JAVA_LONG, 0);
      if (entry == 0) {
        break;
      }
      pointers.add(entry);
    }
    for (String entry : more) {
      pointers.add(arena.allocateFrom(entry).address());
    }
    MemorySegment vector = arena.allocate(8L * (pointers.size() + 1), 8);
    for (int i = 0; i < pointers.size(); i++) {
      vector.set(ValueLayout.JAVA_LONG, 8L * i, pointers.get(i));
    }
    return vector.address();
  }

  private static boolean terminalIsOurs() {
    return Native.call("isatty", 0) == 1 && Native.call("tcgetpgrp", 0) == Native.call("getpgrp");
  }

  /// Takes the terminal back that was lent to a program.
  void takeTerminal() {
    if (Native.call("isatty", 0) == 1) {
      Native.call("tcsetpgrp", 0, Native.call("getpgrp")); // TTOU is blocked
    }
  }

  /// Sends a signal to a child, unless it has ended.
  synchronized void signal(Child child, int signal) {
    if (alive.containsKey(child.pid())) {
      Native.call("kill", child.pid(), signal);
    }
  }

  /// Sends a signal to all below a child; a process is told apart from a later one of its number.
  synchronized void signalAllBelow(Child top, int signal) {
    if (alive.containsKey(top.pid())) {
      send(Tree.below(top.pid()), signal);
    }
  }

  /// Sends a signal to all that belongs to no living child: what ended programs have left behind.
  ///
  /// @param signal 0 only counts
  /// @return how many there are
  synchronized int signalLeftovers(int signal) {
    Set<Integer> belonging = new HashSet<>();
    for (int pid : alive.keySet()) {
      belonging.add(pid);
      Tree.below(pid).forEach(entry -> belonging.add(entry.pid()));
    }
    List<Tree.Entry> left =
        Tree.below(Native.call("getpid")).stream()
            .filter(entry -> !belonging.contains(entry.pid()))
            .toList();
    send(left, signal);
    return left.size();
  }

  private static void send(List<Tree.Entry> entries, int signal) {
    for (Tree.Entry entry : entries) {
      if (signal != 0 && Tree.isStill(entry)) {
        Native.call("kill", entry.pid(), signal);
      }
    }
  }
}
