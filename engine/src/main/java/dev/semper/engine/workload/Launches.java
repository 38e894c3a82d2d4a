package dev.semper.engine.workload;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.spi.Launch;
import dev.semper.spi.LogTarget;
import dev.semper.spi.Resources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Makes the [Launch] of an instance: its environment, its log, and its settings with variables put
/// in.
///
/// An instance does not inherit the server's environment, only `PATH`, `HOME`, `USER`, `LANG` and
/// `TZ` of it. On top come `SEMPER_*` and `PORT`, then `env_file`, then the configuration, then
/// `env`.
final class Launches {
  private static final List<String> INHERITED = List.of("PATH", "HOME", "USER", "LANG", "TZ");
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{(PORT|SEMPER_[A-Z_]+)}");

  private final Path logs;
  private final Configuration configuration;

  Launches(Path logs, Configuration configuration) {
    this.logs = logs;
    this.configuration = configuration;
  }

  void forget(String incarnation) {
    configuration.forget(incarnation);
  }

  Launch of(Workload workload, Instance instance) {
    WorkloadSpec spec = workload.spec(instance);
    if (spec.port() != null && instance.port() == 0) {
      throw new SemperException(ErrorCode.LAUNCH_FAILED, "there was no free TCP port for it");
    }
    Map<String, String> own = own(workload, instance, spec);
    Map<String, String> env = new HashMap<>();
    for (String name : INHERITED) {
      String value = System.getenv(name);
      if (value != null) {
        env.put(name, value);
      }
    }
    env.putAll(own);
    env.putAll(file(spec.envFile()));
    env.putAll(configuration.launch(workload, instance));
    spec.env().forEach((name, value) -> env.put(name, resolve(value, own)));
    Map<String, Object> settings = new HashMap<>();
    spec.settings().forEach((name, value) -> settings.put(name, resolveAll(value, own)));
    return new Launch(
        instance.incarnation(),
        workload.tenant(),
        workload.name(),
        workload.instanceName(instance),
        settings,
        env,
        new Resources(
            spec.resources().memoryBytes(), spec.resources().cpu(), spec.resources().pids()),
        log(workload, spec, instance.ordinal()),
        instance.cause());
  }

  LogTarget log(Workload workload, WorkloadSpec spec, int ordinal) {
    return new LogTarget(
        directory(workload).resolve(workload.name() + "-" + ordinal + ".log"),
        spec.log().maxBytes(),
        spec.log().maxFiles());
  }

  /// Where the logs of a workload are.
  Path directory(Workload workload) {
    return directory(workload.tenant(), workload.name());
  }

  Path directory(String tenant, String name) {
    return logs.resolve(tenant).resolve(name);
  }

  private static Map<String, String> own(Workload workload, Instance instance, WorkloadSpec spec) {
    Map<String, String> own = new HashMap<>();
    own.put("SEMPER_TENANT", workload.tenant());
    own.put("SEMPER_WORKLOAD", workload.name());
    own.put("SEMPER_INSTANCE", workload.instanceName(instance));
    own.put("SEMPER_ORDINAL", String.valueOf(instance.ordinal()));
    own.put("SEMPER_INCARNATION", instance.incarnation());
    own.put("SEMPER_VERSION", spec.version());
    if (instance.port() > 0) {
      own.put("PORT", String.valueOf(instance.port()));
      own.put("SEMPER_PORT", String.valueOf(instance.port()));
    }
    return own;
  }

  private static Map<String, String> file(@Nullable String envFile) {
    if (envFile == null) {
      return Map.of();
    }
    Map<String, String> values = new HashMap<>();
    try {
      for (String line : Files.readAllLines(Path.of(envFile))) {
        String text = line.strip();
        int equals = text.indexOf('=');
        if (!text.isEmpty() && !text.startsWith("#") && equals > 0) {
          String name = text.substring(0, equals).strip().replaceFirst("^export\\s+", "");
          values.put(name, unquoted(text.substring(equals + 1).strip()));
        }
      }
      return values;
    } catch (NoSuchFileException e) {
      throw SemperException.wrap(
          ErrorCode.LAUNCH_FAILED, "its env_file " + envFile + " does not exist", e);
    } catch (IOException e) {
      throw SemperException.wrap(
          ErrorCode.LAUNCH_FAILED, "its env_file " + envFile + " cannot be read: " + e, e);
    }
  }

  private static String unquoted(String value) {
    boolean quoted =
        value.length() >= 2
            && ((value.startsWith("\"") && value.endsWith("\""))
                || (value.startsWith("'") && value.endsWith("'")));
    return quoted ? value.substring(1, value.length() - 1) : value;
  }

  private static Object resolveAll(Object value, Map<String, String> variables) {
    return switch (value) {
      case String text -> resolve(text, variables);
      case List<?> list -> {
        List<Object> resolved = new ArrayList<>();
        list.forEach(item -> resolved.add(resolveAll(item, variables)));
        yield resolved;
      }
      case Map<?, ?> map -> {
        Map<Object, Object> resolved = new HashMap<>();
        map.forEach((key, item) -> resolved.put(key, resolveAll(item, variables)));
        yield resolved;
      }
      default -> value;
    };
  }

  private static String resolve(String text, Map<String, String> variables) {
    return VARIABLE
        .matcher(text)
        .replaceAll(m -> Matcher.quoteReplacement(variables.getOrDefault(m.group(1), m.group())));
  }
}
