package dev.semper.run;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;

/// The six checks of the surroundings before anything is started, all at the same time.
final class Validation {
  /// @param permanent whether waiting cannot help: a variable is missing, the configuration is
  ///   wrong
  record Result(
      boolean success,
      List<String> checksPassed,
      List<String> checksFailed,
      List<String> warnings,
      double durationSeconds,
      Map<String, Object> details,
      boolean permanent) {
    Map<String, Object> told() {
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("success", success);
      map.put("checks_passed", checksPassed);
      map.put("checks_failed", checksFailed);
      map.put("warnings", warnings);
      map.put("duration_seconds", durationSeconds);
      map.put("details", details);
      return map;
    }
  }

  private record Found(List<String> problems, List<String> warnings) {}

  private static final long GIGABYTE = 1L << 30;
  // A file system that hangs must not hold the start.
  private static final double SECONDS = 10;

  private final String flow;
  private final Settings settings;
  private final Profile profile;
  private final Path base;
  private final boolean baseGiven;
  private final Map<String, String> environment;

  Validation(
      String flow,
      Settings settings,
      Profile profile,
      Path base,
      boolean baseGiven,
      Map<String, String> environment) {
    this.flow = flow;
    this.settings = settings;
    this.profile = profile;
    this.base = base;
    this.baseGiven = baseGiven;
    this.environment = environment;
  }

  Result run() throws InterruptedException {
    long begun = System.nanoTime();
    Map<String, Callable<Found>> checks = new LinkedHashMap<>();
    checks.put("environment_variables", this::variables);
    checks.put("flow_name_consistency", this::flowName);
    checks.put("configuration_loading", this::configuration);
    checks.put("directory_structure", this::directories);
    checks.put("resource_limits", this::resources);
    checks.put("disk_space", this::disk);

    Deadline deadline = Deadline.in(SECONDS);
    Map<String, Thread> threads = new LinkedHashMap<>();
    Map<String, Found> founds = new java.util.concurrent.ConcurrentHashMap<>();
    for (Map.Entry<String, Callable<Found>> check : checks.entrySet()) {
      Thread thread =
          new Thread(() -> founds.put(check.getKey(), within(check.getValue())), check.getKey());
      thread.setDaemon(true);
      thread.start();
      threads.put(check.getKey(), thread);
    }
    List<String> passed = new ArrayList<>();
    List<String> failed = new ArrayList<>();
    List<String> warnings = new ArrayList<>();
    Map<String, Object> details = new LinkedHashMap<>();
    for (Map.Entry<String, Thread> entry : threads.entrySet()) {
      entry.getValue().join(Math.max(1, deadline.millisLeft()));
      Found found =
          founds.getOrDefault(
              entry.getKey(),
              new Found(List.of("no answer within " + (int) SECONDS + " s"), List.of()));
      warnings.addAll(found.warnings());
      if (found.problems().isEmpty()) {
        passed.add(entry.getKey());
      } else {
        failed.add(entry.getKey());
        details.put(entry.getKey(), found.problems());
      }
    }
    details.put("configuration", settings.told());
    return new Result(
        failed.isEmpty(),
        passed,
        failed,
        warnings,
        Math.round((System.nanoTime() - begun) / 1e6) / 1e3,
        details,
        failed.stream()
            .anyMatch(
                List.of("environment_variables", "flow_name_consistency", "configuration_loading")
                    ::contains));
  }

  private static Found within(Callable<Found> check) {
    try {
      return check.call();
    } catch (TimeoutException e) {
      return new Found(List.of("no answer in time"), List.of());
    } catch (Exception e) {
      return new Found(List.of(Check.reason(e)), List.of());
    }
  }

  private Found variables() {
    Collection<String> required = profile.requiredVariables();
    if (required.isEmpty() && settings.bare) {
      return new Found(
          List.of(),
          List.of(
              "none of CONTAINER_FLOW_NAME, CONTAINER_ENVIRONMENT and CONTAINER_RPA_DB_CONNECTION_STRING is set: nothing is required"));
    }
    if (required.isEmpty()) {
      required =
          List.of(
              "CONTAINER_FLOW_NAME", "CONTAINER_ENVIRONMENT", "CONTAINER_RPA_DB_CONNECTION_STRING");
    }
    List<String> missing = new ArrayList<>();
    for (String name : required) {
      if (isMissing(name)) {
        missing.add(name + " is not set");
      }
    }
    return new Found(missing, List.of());
  }

  private boolean isMissing(String name) {
    String value = environment.get(name);
    // The connection may be told by the name that all databases have.
    return (value == null || value.isBlank())
        && !(name.equals("CONTAINER_RPA_DB_CONNECTION_STRING")
            && settings.has("DATABASE_RPA_DB_CONNECTION_STRING"));
  }

  private Found flowName() {
    String given = settings.given("FLOW_NAME");
    return given == null || given.equals(flow)
        ? new Found(List.of(), List.of())
        : new Found(
            List.of("CONTAINER_FLOW_NAME is '" + given + "', --flow-name is '" + flow + "'"),
            List.of());
  }

  private Found configuration() {
    return new Found(settings.problems(), settings.warnings());
  }

  private Found directories() {
    List<String> problems = new ArrayList<>();
    List<String> warnings = new ArrayList<>();
    if (settings.bare && !baseGiven && !Files.isDirectory(base)) {
      return new Found(
          problems, List.of(base + " does not exist: logs, data and output are not looked at"));
    }
    List<Path> wanted = new ArrayList<>();
    for (String name : List.of("logs", "data", "output")) {
      wanted.add(base.resolve(name));
    }
    profile.directories().forEach(name -> wanted.add(base.resolve(name)));
    for (Path folder : wanted) {
      try {
        if (!Files.isDirectory(folder)) {
          Files.createDirectories(folder);
          warnings.add(folder + " was missing and has been made");
        }
        if (!Files.isWritable(folder)) {
          problems.add(folder + " cannot be written");
        }
      } catch (IOException e) {
        problems.add(folder + " is missing and cannot be made: " + Check.reason(e));
      }
    }
    return new Found(problems, warnings);
  }

  /// The limits declared, against those in force. Values that do not parse are told by the
  /// settings.
  private Found resources() {
    List<String> warnings = new ArrayList<>();
    Cgroup group = Cgroup.ofThisProcess();
    long memory = group.memoryLimit();
    long declared =
        settings.has("RESOURCE_MEMORY_LIMIT") ? settings.memoryLimit : settings.maxMemory;
    if (declared > 0 && memory < 0) {
      warnings.add(
          "a memory limit of "
              + mega(declared)
              + " is declared, and none is in force; it is only watched");
    } else if (declared > 0 && declared != memory) {
      warnings.add(
          "a memory limit of "
              + mega(declared)
              + " is declared, and "
              + mega(memory)
              + " is in force");
    }
    double cpu = group.cpuLimit();
    if (settings.has("RESOURCE_CPU_LIMIT") && settings.cpuLimit > 0) {
      double cores = cpu > 0 ? cpu : Runtime.getRuntime().availableProcessors();
      if (settings.cpuLimit > cores) {
        warnings.add(settings.cpuLimit + " cores are declared, and " + cores + " are to be had");
      } else if (cpu < 0) {
        warnings.add(
            "a limit of "
                + settings.cpuLimit
                + " cores is declared, and none is in force; it is only watched");
      }
    }
    return new Found(List.of(), warnings);
  }

  private static String mega(long bytes) {
    return (bytes >> 20) + " MiB";
  }

  private Found disk() throws IOException {
    Path place = base;
    while (!Files.exists(place) && place.getParent() != null) {
      place = place.getParent();
    }
    FileStore store = Files.getFileStore(place);
    long free = store.getUsableSpace();
    String told = mega(free) + " are free for " + place;
    if (free < GIGABYTE) {
      return new Found(List.of(told + ", at least 1 GiB is needed"), List.of());
    }
    List<String> warnings = new ArrayList<>();
    if (free < 5 * GIGABYTE) {
      warnings.add(told + ", less than 5 GiB");
    }
    if (settings.has("RESOURCE_DISK_LIMIT") && free < settings.diskLimit) {
      warnings.add(told + ", less than CONTAINER_RESOURCE_DISK_LIMIT");
    }
    return new Found(List.of(), warnings);
  }
}
