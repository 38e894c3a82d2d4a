package dev.semper.engine.workload;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.spi.InstanceLog;
import dev.semper.spi.Usage;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The workloads there are, for users to look at.
public final class Workloads {
  /// A former or present specification of a workload.
  public record Release(long generation, Instant createdAt, String createdBy, WorkloadSpec spec) {}

  private final Owners owners;

  public Workloads(Owners owners) {
    this.owners = owners;
  }

  /// All workloads, of one tenant or of all, by tenant and name. Never touches the database.
  public List<Workload> list(@Nullable String tenant) {
    List<Workload> all = owners.list();
    return tenant == null ? all : all.stream().filter(w -> w.tenant().equals(tenant)).toList();
  }

  public Optional<Workload> find(String tenant, String name) {
    return owners.find(tenant, name);
  }

  /// @throws SemperException NOT_FOUND with the names there are
  public Workload get(String tenant, String name) {
    return find(tenant, name)
        .orElseThrow(() ->
            new SemperException(
                ErrorCode.NOT_FOUND,
                "There is no workload %s in tenant %s%s"
                    .formatted(name, tenant, similar(tenant, name))));
  }

  private String similar(String tenant, String name) {
    List<String> near =
        list(tenant).stream()
            .map(Workload::name)
            .filter(n -> n.startsWith(name) || name.startsWith(n) || distance(n, name) <= 2)
            .limit(3)
            .toList();
    return near.isEmpty() ? "" : "; did you mean " + String.join(", ", near) + "?";
  }

  /// Edit distance, by Wagner and Fischer.
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int substituted = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(substituted, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }

  /// Newest first.
  public List<Release> releases(String tenant, String name, int limit) {
    Workload workload = get(tenant, name);
    return owners.store().releases(workload.uid(), limit).stream()
        .map(r ->
            new Release(r.generation(), r.createdAt(), owners.createdBy(r), owners.read(name, r)))
        .toList();
  }

  /// Is shown each new state of each workload; must not block.
  public void onChange(Consumer<Workload> listener) {
    owners.onChange(listener);
  }

  /// What an instance uses now, with its children; [Usage#NONE] if it does not run.
  public Usage usage(Workload workload, Instance instance) {
    return owners.usage(workload, instance);
  }

  /// The log of the copy with that ordinal.
  public InstanceLog log(Workload workload, int ordinal) {
    return owners.log(workload, ordinal);
  }

  /// Waits until the workload is as told.
  ///
  /// @return the workload then; empty if the time is over
  public Optional<Workload> await(
      String tenant, String name, Predicate<Workload> condition, Duration timeout)
      throws InterruptedException {
    return owners.await(tenant, name, condition, timeout);
  }

  /// Sets the state without doing anything to the instances. For an administrator who knows better.
  public Workload forceState(String tenant, String name, State state, String actor, String reason)
      throws InterruptedException {
    get(tenant, name);
    return owners.ask(tenant, name, new WorkloadEvent.Force(state, actor, reason));
  }
}
