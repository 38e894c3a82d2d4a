package dev.semper.engine.spec;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// Finds workloads of one document that wait for each other. Dependencies on workloads that are not
/// in the document are left for the engine.
final class Cycles {
  /// Enough to repair a document by, and bounds the work that a hostile one can cause.
  private static final int MOST = 20;

  private Cycles() {}

  static void report(Node.Table document, List<WorkloadSpec> specs, Problems problems) {
    Map<String, List<String>> edges = new LinkedHashMap<>();
    for (WorkloadSpec spec : specs) {
      edges.put(spec.name(), spec.dependsOn().stream().map(DependencySpec::workload).toList());
    }
    edges = restricted(edges);
    for (int i = 0; i < MOST; i++) {
      edges = knotted(edges);
      if (edges.isEmpty()) {
        return;
      }
      List<String> cycle = cycle(edges);
      problems.add(
          Words.join("workloads", cycle.getFirst()) + ".depends_on",
          line(document, cycle.getFirst()),
          "workloads wait for each other: " + Words.cut(String.join(" → ", cycle), 500));
      edges.keySet().removeAll(cycle);
      edges = restricted(edges);
    }
  }

  /// Without edges that lead out of the map.
  private static Map<String, List<String>> restricted(Map<String, List<String>> edges) {
    Map<String, List<String>> inner = new LinkedHashMap<>();
    edges.forEach(
        (name, targets) -> inner.put(name, targets.stream().filter(edges::containsKey).toList()));
    return inner;
  }

  /// What is left when those that wait for nothing are taken away again and again: each waits for
  /// another that is left.
  private static Map<String, List<String>> knotted(Map<String, List<String>> edges) {
    Map<String, List<String>> waiters = new HashMap<>();
    Map<String, Integer> waitsFor = new HashMap<>();
    Deque<String> free = new ArrayDeque<>();
    edges.forEach((name, targets) -> {
      waitsFor.put(name, targets.size());
      targets.forEach(t -> waiters.computeIfAbsent(t, _ -> new ArrayList<>()).add(name));
      if (targets.isEmpty()) {
        free.add(name);
      }
    });
    Map<String, List<String>> rest = new LinkedHashMap<>(edges);
    while (!free.isEmpty()) {
      String name = free.remove();
      rest.remove(name);
      for (String waiter : waiters.getOrDefault(name, List.of())) {
        if (Objects.equals(waitsFor.merge(waiter, -1, Integer::sum), 0)) {
          free.add(waiter);
        }
      }
    }
    return restricted(rest);
  }

  /// Follows the first edges until a name comes again.
  private static List<String> cycle(Map<String, List<String>> knot) {
    List<String> walk = new ArrayList<>();
    Map<String, Integer> seen = new HashMap<>();
    String at = knot.keySet().iterator().next();
    while (seen.putIfAbsent(at, walk.size()) == null) {
      walk.add(at);
      at = knot.getOrDefault(at, List.of()).getFirst();
    }
    List<String> cycle = new ArrayList<>(walk.subList(walk.indexOf(at), walk.size()));
    cycle.add(at);
    return cycle;
  }

  private static int line(Node.Table document, String name) {
    if (document.entries().get("workloads") instanceof Node.Entry(_, Node.Table workloads)
        && workloads.entries().get(name) instanceof Node.Entry(int line, Node.Table workload)) {
      Node.Entry dependsOn = workload.entries().get("depends_on");
      return dependsOn == null ? line : dependsOn.line();
    }
    return 1;
  }
}
