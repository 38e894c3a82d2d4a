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
public record Launch(
    String incarnation,
    String tenant,
    String workload,
    String instance,
    Map<String, Object> settings,
    Map<String, String> env,
    Resources resources,
    LogTarget log) {
  public Launch {
    settings = Map.copyOf(settings);
    env = Map.copyOf(env);
  }
}
