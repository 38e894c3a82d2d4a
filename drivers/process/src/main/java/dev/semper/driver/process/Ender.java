package dev.semper.driver.process;

import dev.semper.spi.StopRequest;
import dev.semper.spi.StopResult;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Ends the whole tree of an incarnation. Event-driven: the keeper tells when it reaps something.
final class Ender {
  private static final Logger LOG = LoggerFactory.getLogger(Ender.class);

  /// How long killed processes may take to vanish; more means uninterruptible sleep.
  private static final long VANISH_NANOS = Changes.millis(10_000);

  /// Events come for the keeper's own children only; those of an earlier keeper are looked for.
  private static final long LOOK_NANOS = Changes.millis(50);

  private final KeeperLink keeper;
  private final Forests forests;
  private final Changes changes;
  private final Cgroups cgroups;
  private final AtomicInteger watchers = new AtomicInteger();

  Ender(KeeperLink keeper, Forests forests, Changes changes, Cgroups cgroups) {
    this.keeper = keeper;
    this.forests = forests;
    this.changes = changes;
    this.cgroups = cgroups;
  }

  List<Proc> tree(Tracked tracked) {
    return tree(tracked, forests.now());
  }

  List<Proc> tree(Tracked tracked, Forest now) {
    List<Proc> tree = now.tree(tracked.name());
    for (int pid : cgroups.members(tracked.name(), tracked.group())) {
      Proc member = now.proc(pid);
      if (member != null && member.alive() && !tree.contains(member)) {
        tree.add(member);
      }
    }
    return tree;
  }

  /// Whether nothing is left in the control groups of a tree that has some.
  boolean isDeserted(Tracked tracked) {
    return cgroups.isDeserted(tracked.name(), tracked.group());
  }

  /// After a new keeper has come: it has to be told again.
  void rewatch() {
    if (watchers.get() > 0) {
      keeper.tell("watch", "1");
    }
  }

  StopResult end(Tracked tracked, StopRequest request) throws InterruptedException {
    if (watchers.incrementAndGet() == 1) {
      keeper.tell("watch", "1");
    }
    try {
      return new Ending(tracked).run(request);
    } finally {
      if (watchers.decrementAndGet() == 0) {
        keeper.tell("watch", "0");
      }
    }
  }

  private record Identity(int pid, long start) {}

  /// The end of one tree.
  private final class Ending {
    private final Tracked tracked;
    private final Set<Identity> signalled = new HashSet<>();
    private final Set<Identity> killed = new HashSet<>();

    Ending(Tracked tracked) {
      this.tracked = tracked;
    }

    StopResult run(StopRequest request) throws InterruptedException {
      int signal = Signals.number(request.signal());
      if (signal != Signals.KILL && ask(signal, request.timeout().toNanos())) {
        return StopResult.CLEAN;
      }
      int leftOver = kill();
      return new StopResult(!killed.isEmpty(), killed.size(), leftOver);
    }

    /// @return whether all of it is gone in time
    private boolean ask(int signal, long timeout) throws InterruptedException {
      long deadline = System.nanoTime() + timeout;
      while (true) {
        long seen = changes.count();
        List<Proc> tree = tree(tracked);
        if (tree.isEmpty()) {
          return true;
        }
        long left = deadline - System.nanoTime();
        if (left <= 0) {
          return false;
        }
        tell(tree, signal);
        pause(seen, Math.min(left, LOOK_NANOS));
      }
    }

    /// Each process is told once, as in a group of its own; stopped ones are continued to hear it.
    private void tell(List<Proc> tree, int signal) {
      boolean group = !signalled.contains(new Identity(tracked.pid(), tracked.start()));
      boolean toGroup = group && tree.stream().anyMatch(tracked::isMain) && group(signal);
      for (Proc proc : tree) {
        if (signalled.add(new Identity(proc.pid(), proc.start()))) {
          if (!toGroup || proc.group() != tracked.pid()) {
            send(proc, signal);
          }
          if (proc.state() == 'T') {
            send(proc, Signals.CONT);
          }
        }
      }
    }

    private boolean group(int signal) {
      try {
        keeper.ask("signal", tracked.name(), Integer.toString(signal), "group");
        return true;
      } catch (KeeperException e) {
        return false; // it has just ended; its members are told one by one
      }
    }

    /// Freezes whatever is found until nothing new appears, then kills it; again until none is
    /// left, for a fork may slip through.
    ///
    /// @return how many could not be ended
    private int kill() throws InterruptedException {
      long deadline = System.nanoTime() + VANISH_NANOS;
      while (true) {
        long seen = changes.count();
        List<Proc> tree = frozen();
        if (tree.isEmpty() || System.nanoTime() > deadline) {
          return tree.size();
        }
        for (Proc proc : tree) {
          killed.add(new Identity(proc.pid(), proc.start()));
          send(proc, Signals.KILL);
        }
        pause(seen, LOOK_NANOS);
      }
    }

    private List<Proc> frozen() {
      Set<Identity> stopped = new HashSet<>();
      while (true) {
        List<Proc> tree = tree(tracked);
        int before = stopped.size();
        for (Proc proc : tree) {
          Identity identity = new Identity(proc.pid(), proc.start());
          if (!killed.contains(identity) && stopped.add(identity)) {
            send(proc, Signals.STOP);
          }
        }
        if (stopped.size() == before) {
          return tree;
        }
      }
    }

    private void send(Proc proc, int signal) {
      int error = Safely.signal(proc.pid(), proc.start(), signal);
      if (error != 0 && error != Native.ESRCH) {
        LOG.warn(
            "cannot send signal {} to process {} of {}: errno {}",
            Signals.name(signal),
            proc.pid(),
            tracked.name(),
            error);
      }
    }

    /// Many ends in a row are looked at together.
    private void pause(long seen, long nanos) throws InterruptedException {
      changes.await(seen, nanos);
      if (signalled.size() > 20 || killed.size() > 20) {
        long now = changes.count();
        changes.await(now, Changes.millis(2));
      }
    }
  }
}
