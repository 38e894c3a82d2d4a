package dev.semper.engine.operation;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.spec.DependencySpec;
import dev.semper.engine.spec.WorkloadSpec;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Puts workloads after what they depend on. Depth first; names outside the map do not matter.
final class DependencyOrder {
  private final Map<String, WorkloadSpec> specs;
  private final Set<String> done = new LinkedHashSet<>();
  private final List<String> path = new ArrayList<>();

  private DependencyOrder(Map<String, WorkloadSpec> specs) {
    this.specs = specs;
  }

  /// @throws SemperException INVALID_SPEC with the circle, if there is one
  static List<String> of(Map<String, WorkloadSpec> specs) {
    DependencyOrder order = new DependencyOrder(specs);
    specs.keySet().forEach(order::visit);
    return List.copyOf(order.done);
  }

  private void visit(String name) {
    WorkloadSpec spec = specs.get(name);
    if (spec == null || done.contains(name)) {
      return;
    }
    int seen = path.indexOf(name);
    if (seen >= 0) {
      List<String> circle = new ArrayList<>(path.subList(seen, path.size()));
      circle.add(name);
      String text = "the dependencies lead in a circle: " + String.join(" → ", circle);
      throw new SemperException(
          ErrorCode.INVALID_SPEC,
          text,
          List.of(new Problem("workloads." + name + ".depends_on", 0, text)),
          Map.of());
    }
    path.add(name);
    for (DependencySpec dependency : spec.dependsOn()) {
      visit(dependency.workload());
    }
    path.removeLast();
    done.add(name);
  }
}
