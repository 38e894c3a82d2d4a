package dev.semper.engine.workload;

import dev.semper.engine.spec.WorkloadSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// All that a decision may depend on beside the workload and the event; given from outside so that
/// deciding needs neither clock nor I/O.
///
/// @param random 0–1, drawn for this decision
/// @param dependencies what a specification waits for
/// @param throttle how long the next restart has to wait for the sake of the host
/// @param freePort a port for an instance that asks for one
record Surroundings(
    Instant now,
    double random,
    Dependencies dependencies,
    Supplier<Duration> throttle,
    IntSupplier freePort) {

  /// What an instance may have to wait for.
  interface Dependencies {
    /// @param since since when it has been waiting
    /// @return what it waits for; empty if it may start
    Optional<Blocked> blocking(WorkloadSpec spec, Instant since);
  }

  /// @param reason e.g. `waiting for db to be ready`
  /// @param recheck when to look again even if nothing is heard; null if something will be
  record Blocked(String reason, @Nullable Duration recheck) {}
}
