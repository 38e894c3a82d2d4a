package dev.semper.spi;

import java.util.Map;

/// All a driver needs to start one incarnation of an instance.
///
/// @param incarnation unique for all times; the key of everything the driver does later
/// @param tenant owner of the workload
/// @param workload its name
/// @param instance name of the instance, e.g. `web-0`; two incarnations may share it during an
///   update
/// @param settings the driver's own settings, already validated, with variables resolved
/// @param env the whole environment: the driver adds nothing but what it documents
/// @param resources limits to enforce where the machine can
/// @param log where output goes and how much is kept
/// @param cause why it is launched
public record Launch(
    String incarnation,
    String tenant,
    String workload,
    String instance,
    Map<String, Object> settings,
    Map<String, String> env,
    Resources resources,
    LogTarget log,
    Cause cause) {

  /// Why an incarnation is launched.
  public enum Cause {
    /// What was not meant to run is to run now.
    START,
    /// What ran is to run anew: an operator, a probe or the restart policy wants it so.
    RESTART,
    /// What runs has another specification now.
    UPDATE
  }

  public Launch {
    settings = Map.copyOf(settings);
    env = Map.copyOf(env);
  }

  /// A start.
  public Launch(
      String incarnation,
      String tenant,
      String workload,
      String instance,
      Map<String, Object> settings,
      Map<String, String> env,
      Resources resources,
      LogTarget log) {
    this(incarnation, tenant, workload, instance, settings, env, resources, log, Cause.START);
  }
}
