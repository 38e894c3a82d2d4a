package dev.semper.engine.operation;

import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.Workload;

/// Knows what configurations come to, and gives them to what runs.
public interface Configurer {
  /// Fills in which revision of its configuration a specification is to have.
  ///
  /// @throws dev.semper.engine.error.SemperException INVALID_CONFIG if it cannot be had, or is not
  ///   as the schema of the specification wants it
  WorkloadSpec pin(String tenant, WorkloadSpec spec);

  /// Checks that a specification can have the revision it names.
  ///
  /// @throws dev.semper.engine.error.SemperException INVALID_CONFIG
  void check(String tenant, WorkloadSpec spec);

  /// Gives an instance that runs the revision of a specification: renders its files and tells its
  /// program. Done again it does the same again.
  ///
  /// @throws dev.semper.engine.error.SemperException if it cannot be done
  void deliver(Workload workload, Instance instance, WorkloadSpec spec) throws InterruptedException;

  /// Renders the files of an instance as a specification wants them and tells nobody.
  void render(Workload workload, Instance instance, WorkloadSpec spec);
}
