package dev.semper.engine.spec;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a user wants of one workload; the `[workloads.NAME]` table of a file.
///
/// @param name 1–63 characters a–z, 0–9, `-`, starting with a letter or digit
/// @param kind which driver runs it, e.g. `process`
/// @param version free text for people, at most 128 characters, default `0`
/// @param instances copies that run, 0–1000, default 1
/// @param env environment of each instance
/// @param envFile file of `NAME=value` lines read at each launch; `env` wins
/// @param port a fixed port or one picked per instance, given to the instance as `PORT`
/// @param startSeconds an instance without startup and readiness probes counts as up after that
///   long, default 1 s; an exit before it is a failed start
/// @param health when it counts as well
/// @param recovery what is tried when it is not well
/// @param alerts rules of its own, beside those of the server
/// @param config the configuration it reads; null if none
/// @param labels for the user's own use
/// @param settings the driver's own settings, e.g. `command`, `user`, `working_dir`
public record WorkloadSpec(
    String name,
    String kind,
    String version,
    int instances,
    Map<String, String> env,
    @Nullable String envFile,
    @Nullable PortSpec port,
    Duration startSeconds,
    List<DependencySpec> dependsOn,
    RestartSpec restart,
    StopSpec stop,
    UpdateSpec update,
    ResourceSpec resources,
    LogSpec log,
    List<ProbeSpec> probes,
    HealthSpec health,
    List<HookSpec> hooks,
    RecoverySpec recovery,
    List<AlertRule> alerts,
    @Nullable ConfigSpec config,
    Map<String, String> labels,
    Map<String, Object> settings) {
  static final String VERSION_FORM = "must be 1 to 128 characters without line breaks";

  public WorkloadSpec {
    env = Map.copyOf(env);
    dependsOn = List.copyOf(dependsOn);
    probes = List.copyOf(probes);
    hooks = hooks.stream().sorted(Comparator.comparing(HookSpec::type)).toList();
    alerts = List.copyOf(alerts);
    labels = Map.copyOf(labels);
    settings = Map.copyOf(settings);
    Limits.require(Limits.isName(name), "name " + Limits.NAME_FORM);
    Limits.require(!kind.isEmpty(), "kind must not be empty");
    Limits.require(isVersion(version), "version " + VERSION_FORM);
    Limits.INSTANCES.require("instances", instances);
    Limits.START_SECONDS.require("start_seconds", startSeconds);
    env.forEach(
        (k, v) -> Limits.require(Limits.isVariable(k) && v.indexOf('\0') < 0, "bad variable " + k));
    Limits.require(!labels.containsKey(""), "the name of a label must not be empty");
    Limits.require(
        probes.stream().map(ProbeSpec::name).distinct().count() == probes.size(),
        "each probe must have its own name");
    Limits.require(
        hooks.stream().map(HookSpec::type).distinct().count() == hooks.size(),
        "each hook must have its own type");
    Limits.require(
        alerts.stream().map(AlertRule::name).distinct().count() == alerts.size(),
        "each alert must have its own name");
    Limits.require(
        dependsOn.stream().map(DependencySpec::workload).distinct().count() == dependsOn.size()
            && dependsOn.stream().noneMatch(d -> d.workload().equals(name)),
        "depends_on must name other workloads, each once");
  }

  static boolean isVersion(String version) {
    return !version.isBlank()
        && version.length() <= 128
        && version.chars().noneMatch(Character::isISOControl);
  }

  /// @param id of its type, e.g. `on_failure`
  public Optional<HookSpec> hook(String id) {
    return hooks.stream().filter(h -> h.type().id().equals(id)).findFirst();
  }

  public Optional<HookSpec> hook(HookSpec.Type type) {
    return hooks.stream().filter(h -> h.type() == type).findFirst();
  }

  /// Probes of one type, in the order of the file.
  public List<ProbeSpec> probes(ProbeSpec.Type type) {
    return probes.stream().filter(p -> p.type() == type).toList();
  }

  /// The same with its configuration at another revision.
  ///
  /// @throws IllegalStateException if it reads none
  public WorkloadSpec withConfigRevision(long revision) {
    if (config == null) {
      throw new IllegalStateException(name + " reads no configuration");
    }
    return new WorkloadSpec(
        name,
        kind,
        version,
        instances,
        env,
        envFile,
        port,
        startSeconds,
        dependsOn,
        restart,
        stop,
        update,
        resources,
        log,
        probes,
        health,
        hooks,
        recovery,
        alerts,
        config.at(revision),
        labels,
        settings);
  }
}
