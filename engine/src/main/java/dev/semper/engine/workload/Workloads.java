package dev.semper.engine.workload;

import dev.semper.spi.InstanceLog;
import dev.semper.spi.Usage;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The workloads there are.
public final class Workloads {
  /// A former or present specification of a workload.
  public record Release(
      long generation,
      Instant createdAt,
      String createdBy,
      dev.semper.engine.spec.WorkloadSpec spec) {}

  /// All workloads, of one tenant or of all, by tenant and name. Never touches the database.
  public List<Workload> list(@Nullable String tenant) {
    throw new UnsupportedOperationException();
  }

  public Optional<Workload> find(String tenant, String name) {
    throw new UnsupportedOperationException();
  }

  /// @throws dev.semper.engine.error.SemperException NOT_FOUND with the nearest name
  public Workload get(String tenant, String name) {
    throw new UnsupportedOperationException();
  }

  /// Newest first.
  public List<Release> releases(String tenant, String name, int limit) {
    throw new UnsupportedOperationException();
  }

  /// What an instance uses now, with its children; [Usage#NONE] if it does not run.
  public Usage usage(Workload workload, Instance instance) {
    throw new UnsupportedOperationException();
  }

  /// The log of the copy with that ordinal.
  public InstanceLog log(Workload workload, int ordinal) {
    throw new UnsupportedOperationException();
  }

  /// Waits until the workload is as told.
  ///
  /// @return the workload then; empty if the time is over
  public Optional<Workload> await(
      String tenant, String name, Predicate<Workload> condition, Duration timeout)
      throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  /// Sets the state without doing anything to the instances. For an administrator who knows better.
  public Workload forceState(String tenant, String name, State state, String actor, String reason)
      throws InterruptedException {
    throw new UnsupportedOperationException();
  }
}
