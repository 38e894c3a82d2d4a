package dev.semper.spi;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Runs the instances of one kind of workload: processes, containers, plugins, virtual machines.
///
/// Drivers are found by [java.util.ServiceLoader]. All calls may block and come from virtual
/// threads, several at a time, but never two at a time for one incarnation. A driver keeps nothing
/// that must survive in memory only: after a `kill -9` of the server a new driver object is opened
/// on the same home and [#attach] has to tell the truth about every incarnation started before.
public interface Driver extends AutoCloseable {

  /// The `kind` of the workloads it runs, e.g. `process`.
  String kind();

  /// The names of the settings it reads from a workload's file, for unknown-key checks.
  List<String> settingNames();

  /// What is wrong with the settings as far as they alone can tell; empty if nothing is.
  List<SettingProblem> validate(Map<String, Object> settings);

  /// Whether what it runs is prepared on this machine, so that it can be prepared anew. False for
  /// one that only watches what others have installed elsewhere. Default true.
  default boolean installs() {
    return true;
  }

  /// Opens the driver on a home. Before this call only [#kind], [#settingNames], [#validate] and
  /// [#installs] may be called.
  void open(DriverContext context);

  /// Which promises hold on this machine and which do not, e.g. that memory limits are not
  /// enforced.
  List<Capability> capabilities();

  /// Starts an incarnation and returns once the program itself runs (its `exec` succeeded).
  /// Idempotent: for an incarnation that was started already, by this or an earlier server, it
  /// returns what is running and starts nothing.
  ///
  /// @throws LaunchException if the program could not be started
  Running start(Launch launch) throws LaunchException;

  /// How long [#start] may take before its thread is interrupted; default 30 s.
  default Duration startTimeout(Launch launch) {
    return Duration.ofSeconds(30);
  }

  /// Tells what has become of an incarnation; exits of one found alive are reported from now on.
  Attachment attach(String incarnation);

  /// Stops the incarnation with everything it has started: the signal, and after the timeout a kill
  /// of the whole tree. Returns when nothing of it is left; the exit is reported as always. Does
  /// nothing if it has ended.
  StopResult stop(String incarnation, StopRequest request);

  /// Sends a signal, e.g. `HUP`, to the main process only.
  void signal(String incarnation, String signal);

  /// The engine has recorded the end of the incarnation durably: its traces may go.
  void forget(String incarnation);

  /// The incarnations it knows: running ones and ended ones not yet forgotten.
  List<String> incarnations();

  /// What the whole tree of a running incarnation uses now.
  Usage usage(String incarnation);

  /// Runs a command beside an instance, in its directory, user and environment, e.g. for a probe.
  /// After the timeout the whole tree of the command is killed.
  ExecResult exec(String incarnation, ExecRequest request) throws LaunchException;

  /// The log of an instance, across all its incarnations.
  InstanceLog log(LogTarget target);

  /// Lets go of all resources without touching what runs.
  @Override
  void close();
}
