package dev.semper.engine.recovery;

import dev.semper.engine.workload.Workload;

/// Says how workloads are. What it says is all that recoveries know of health.
interface Vitals {
  /// How a workload is now.
  Evidence of(Workload workload);

  /// Remembers what every probe of a workload has said last.
  ///
  /// @return tells of a later look whether the probes have all spoken since, and passed
  Since mark(Workload workload);

  /// What has happened since a moment.
  interface Since {
    /// Whether every readiness and liveness probe of at least one ready copy has passed since;
    /// without such probes whether one is ready.
    boolean passed(Workload now);
  }

  /// A workload has changed.
  void changed(Workload workload);
}
