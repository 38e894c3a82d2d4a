package dev.semper.spi;

import java.util.List;
import java.util.Map;

/// A way to check instances beyond those the engine knows by itself: `grpc`, `ssh`, `sql`, or one
/// of your own.
///
/// Found by [java.util.ServiceLoader], but only when a workload's file first asks for a method the
/// engine does not know; so the constructor must be cheap, and what is heavy belongs into the first
/// [#check].
public interface ProbeMethod extends AutoCloseable {

  /// Its key in the table of a probe, e.g. `ssh`. Lower case letters, digits and `_`.
  String name();

  /// The keys of its own table, for unknown-key checks.
  List<String> settingNames();

  /// What is wrong with the settings as far as they alone can tell; empty if nothing is. Whole
  /// numbers arrive as Long, decimals as Double. Paths are below its own table.
  List<SettingProblem> validate(Map<String, Object> settings);

  /// Checks once and returns when nothing of the check is left. Runs on a virtual thread that is
  /// interrupted at the deadline; never twice at a time for one probe, and for a bounded number of
  /// probes at a time. What it throws counts as [ProbeOutcome.Errored].
  ProbeOutcome check(ProbeTarget target) throws InterruptedException;

  /// No check runs any more: lets go of what all of them shared.
  @Override
  default void close() {}
}
