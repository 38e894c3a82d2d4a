package dev.semper.driver.process;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Which process belongs to which incarnation, in one snapshot. A process belongs to the
/// incarnation whose main process it is, or whose session it is in, or to that of its parent; a
/// process with none of these (its parents died after it left the session) says so in its
/// environment.
final class Forest {
  private static final String NOBODY = "";

  private final ProcTable table;
  private final ProcTable.Snapshot snapshot;
  private final Map<Integer, Tracked> mains = new HashMap<>();
  private final Map<Integer, String> owners = new HashMap<>();
  private final Map<String, List<Proc>> trees = new HashMap<>();

  /// The names among the trees that are of commands: few, and looked through for each tree.
  private final List<String> helpers;

  private long oldest = Long.MAX_VALUE;

  Forest(ProcTable table, ProcTable.Snapshot snapshot, Collection<Tracked> roots) {
    this.table = table;
    this.snapshot = snapshot;
    for (Tracked root : roots) {
      plant(root);
    }
    for (Proc proc : snapshot.byPid().values()) {
      String owner = owner(proc);
      if (!owner.equals(NOBODY) && proc.alive()) {
        trees.computeIfAbsent(owner, _ -> new ArrayList<>()).add(proc);
      }
    }
    helpers = trees.keySet().stream().filter(Helpers::isHelper).toList();
  }

  /// Of two incarnations with one PID (it was reused) the one that runs or ended later counts.
  private void plant(Tracked root) {
    oldest = Math.min(oldest, root.start());
    mains.merge(root.pid(), root, (a, b) -> a.start() > b.start() ? a : b);
  }

  /// The living processes of an incarnation and of the commands run beside it.
  List<Proc> tree(String incarnation) {
    List<Proc> tree = new ArrayList<>(trees.getOrDefault(incarnation, List.of()));
    if (!Helpers.isHelper(incarnation)) {
      for (String helper : helpers) {
        if (Helpers.isHelperOf(helper, incarnation)) {
          tree.addAll(trees.getOrDefault(helper, List.of()));
        }
      }
    }
    return tree;
  }

  @Nullable Proc proc(int pid) {
    return snapshot.byPid().get(pid);
  }

  long takenNanos() {
    return snapshot.takenNanos();
  }

  private String owner(Proc proc) {
    String known = owners.get(proc.pid());
    if (known != null) {
      return known;
    }
    owners.put(proc.pid(), NOBODY); // ends a cycle, should a torn snapshot have one
    String owner = find(proc);
    owners.put(proc.pid(), owner);
    return owner;
  }

  private String find(Proc proc) {
    Tracked main = mains.get(proc.pid());
    if (main != null && main.isMain(proc)) {
      return main.name();
    }
    Tracked session = mains.get(proc.session());
    if (session != null && inSession(proc, session)) {
      return session.name();
    }
    Proc parent = snapshot.byPid().get(proc.parent());
    if (parent != null && parent.start() <= proc.start()) {
      String owner = owner(parent);
      if (!owner.equals(NOBODY)) {
        return owner;
      }
    }
    return proc.start() < oldest ? NOBODY : table.marker(proc);
  }

  private boolean inSession(Proc proc, Tracked session) {
    @Nullable Proc leader = snapshot.byPid().get(session.pid());
    if (leader != null) {
      return session.isMain(leader);
    }
    return proc.start() >= session.start() && proc.start() <= session.endTicks();
  }
}
