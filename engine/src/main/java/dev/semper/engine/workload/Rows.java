package dev.semper.engine.workload;

import dev.semper.engine.spec.SpecReader;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Docs;
import dev.semper.engine.store.Row;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/// How workloads are kept in rows: the workload without its specifications and instances, a row per
/// incarnation, and a row per generation of the specification.
final class Rows {
  /// The `doc` of a workload's row.
  private record WorkloadDoc(
      String uid,
      long generation,
      long previousGeneration,
      State state,
      Instant stateSince,
      Desired desired,
      String reason,
      @Nullable String operationId,
      int failures,
      @Nullable Instant refusedUntil,
      @Nullable Instant readySince,
      long launches,
      Instant createdAt) {}

  /// The `doc` of a release's row.
  record ReleaseDoc(String createdBy, Map<String, Object> spec) {}

  private Rows() {}

  /// Adds to the batch what differs between two states of a workload.
  static void write(Batch batch, @Nullable Workload before, Workload now) {
    Map<String, Instance> old = new HashMap<>();
    if (before != null) {
      before.instances().forEach(i -> old.put(i.incarnation(), i));
    }
    WorkloadDoc doc = doc(now);
    if (before == null || !doc.equals(doc(before))) {
      batch.put(new Row.Workload(now.tenant(), now.name(), Docs.write(doc)));
    }
    Set<String> kept = new HashSet<>();
    for (Instance instance : now.instances()) {
      kept.add(instance.incarnation());
      if (!instance.equals(old.get(instance.incarnation()))) {
        batch.put(row(now, instance));
      }
    }
    for (Instance instance : old.values()) {
      if (!kept.contains(instance.incarnation())) {
        batch.delete(row(now, instance));
      }
    }
  }

  /// Adds to the batch the removal of all there is of a workload.
  static void delete(Batch batch, Workload workload, List<Row.Release> releases) {
    batch.delete(new Row.Workload(workload.tenant(), workload.name(), ""));
    workload.instances().forEach(i -> batch.delete(row(workload, i)));
    releases.forEach(batch::delete);
  }

  static Row.Release release(
      Workload workload, long generation, WorkloadSpec spec, String createdBy, Instant now) {
    return new Row.Release(
        workload.tenant(),
        workload.name(),
        workload.uid(),
        generation,
        now,
        Docs.write(new ReleaseDoc(createdBy, SpecReader.write(spec))));
  }

  static Workload read(
      Row.Workload row, SortedMap<Long, WorkloadSpec> specs, List<Instance> instances) {
    WorkloadDoc doc = Docs.read(row.doc(), WorkloadDoc.class);
    return new Workload(
        row.tenant(),
        row.name(),
        doc.uid(),
        doc.generation(),
        doc.previousGeneration(),
        specs,
        doc.state(),
        doc.stateSince(),
        doc.desired(),
        doc.reason(),
        instances,
        doc.operationId(),
        doc.failures(),
        doc.refusedUntil(),
        doc.readySince(),
        doc.launches(),
        doc.createdAt());
  }

  /// The generation and uid a workload's row names, needed to find its specifications.
  static String uid(Row.Workload row) {
    return Docs.read(row.doc(), WorkloadDoc.class).uid();
  }

  static long generation(Row.Workload row) {
    return Docs.read(row.doc(), WorkloadDoc.class).generation();
  }

  static Instance read(Row.Instance row) {
    return Docs.read(row.doc(), Instance.class);
  }

  private static Row.Instance row(Workload workload, Instance instance) {
    return new Row.Instance(
        instance.incarnation(), workload.tenant(), workload.name(), Docs.write(instance));
  }

  private static WorkloadDoc doc(Workload w) {
    return new WorkloadDoc(
        w.uid(),
        w.generation(),
        w.previousGeneration(),
        w.state(),
        w.stateSince(),
        w.desired(),
        w.reason(),
        w.operationId(),
        w.failures(),
        w.refusedUntil(),
        w.readySince(),
        w.launches(),
        w.createdAt());
  }
}
