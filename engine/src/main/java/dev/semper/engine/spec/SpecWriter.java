package dev.semper.engine.spec;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/// Writes the canonical document of a workload: what [SpecReader#readWorkload] reads.
final class SpecWriter {
  private SpecWriter() {}

  static Map<String, Object> write(WorkloadSpec spec) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("kind", spec.kind());
    out.put("version", spec.version());
    out.put("instances", (long) spec.instances());
    new TreeMap<>(spec.settings()).forEach((key, value) -> out.put(key, sorted(value)));
    out.put("env", new TreeMap<>(spec.env()));
    if (spec.envFile() != null) {
      out.put("env_file", spec.envFile());
    }
    if (spec.port() != null) {
      out.put("port", spec.port().auto() ? "auto" : (long) spec.port().number());
    }
    out.put("start_seconds", Durations.format(spec.startSeconds()));
    out.put("depends_on", spec.dependsOn().stream().map(SpecWriter::dependency).toList());
    out.put("restart", restart(spec.restart()));
    out.put("stop", stop(spec.stop()));
    out.put("update", update(spec.update()));
    out.put("resources", resources(spec.resources()));
    out.put("log", log(spec.log()));
    out.put("probes", spec.probes().stream().map(ProbeWriter::write).toList());
    out.put("health", health(spec.health()));
    out.put("hooks", hooks(spec.hooks()));
    if (!spec.recovery().equals(RecoverySpec.BY_HAND)) {
      out.put("recovery", recovery(spec.recovery()));
    }
    out.put("alerts", spec.alerts().stream().map(SpecWriter::alert).toList());
    if (spec.config() != null) {
      out.put("config", ConfigReader.write(spec.config()));
    }
    out.put("labels", new TreeMap<>(spec.labels()));
    return out;
  }

  private static Map<String, Object> alert(AlertRule a) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("name", a.name());
    out.put("type", a.condition().type());
    out.put("severity", TableReader.word(a.severity()));
    if (!(a.condition() instanceof AlertRule.Occurrence)) {
      out.put("for", Durations.format(a.hold()));
    }
    switch (a.condition()) {
      case AlertRule.Threshold c -> {
        out.put("measure", c.measure());
        out.put("op", c.comparison().sign());
        out.put("value", c.value());
        out.put("clear", c.clear());
      }
      case AlertRule.Trend c -> {
        out.put("measure", c.measure());
        out.put("op", c.comparison().sign());
        out.put("value", c.perHour());
        out.put("window", Durations.format(c.window()));
      }
      case AlertRule.Anomaly c -> {
        out.put("measure", c.measure());
        out.put("z", c.z());
        out.put("min_samples", (long) c.minSamples());
      }
      case AlertRule.ConsecutiveFailures c -> {
        out.put("count", (long) c.count());
        if (c.probe() != null) {
          out.put("probe", c.probe());
        }
      }
      case AlertRule.Flapping c -> {
        out.put("count", (long) c.changes());
        out.put("window", Durations.format(c.window()));
      }
      case AlertRule.Absent c -> out.put("measure", c.measure());
      case AlertRule.Occurrence c -> {
        out.put("event", c.types());
        out.put("resolve_on", c.resolveOn());
        out.put("resolve_after", Durations.format(c.resolveAfter()));
      }
    }
    out.put("labels", new TreeMap<>(a.labels()));
    out.put("annotations", new TreeMap<>(a.annotations()));
    return out;
  }

  static Object sorted(Object setting) {
    return switch (setting) {
      case Map<?, ?> map -> {
        Map<String, Object> sorted = new TreeMap<>();
        map.forEach((key, value) -> sorted.put(String.valueOf(key), sorted(value)));
        yield sorted;
      }
      case List<?> list -> list.stream().map(SpecWriter::sorted).toList();
      default -> setting;
    };
  }

  private static Map<String, Object> dependency(DependencySpec d) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("workload", d.workload());
    out.put("condition", TableReader.word(d.condition()));
    if (d.condition() == DependencySpec.Condition.HEALTHY) {
      out.put("for", Durations.format(d.healthyFor()));
    }
    out.put("required", d.required());
    out.put("timeout", Durations.format(d.timeout()));
    return out;
  }

  private static Map<String, Object> restart(RestartSpec r) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("policy", TableReader.word(r.policy()));
    out.put("delay", Durations.format(r.delay()));
    out.put("max_delay", Durations.format(r.maxDelay()));
    out.put("jitter", r.jitter());
    out.put("max_attempts", (long) r.maxAttempts());
    out.put("window", Durations.format(r.window()));
    out.put("reset_after", Durations.format(r.resetAfter()));
    out.put("on_limit", TableReader.word(r.onLimit()));
    out.put("success_codes", List.copyOf(new TreeSet<>(r.successCodes())));
    out.put("prevent_codes", List.copyOf(new TreeSet<>(r.preventCodes())));
    out.put("force_codes", List.copyOf(new TreeSet<>(r.forceCodes())));
    return out;
  }

  private static Map<String, Object> stop(StopSpec s) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("signal", s.signal());
    out.put("timeout", Durations.format(s.timeout()));
    return out;
  }

  private static Map<String, Object> update(UpdateSpec u) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("order", TableReader.word(u.order()));
    out.put("ready_timeout", Durations.format(u.readyTimeout()));
    return out;
  }

  private static Map<String, Object> resources(ResourceSpec r) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("memory", Sizes.format(r.memoryBytes()));
    out.put("cpu", r.cpu());
    out.put("pids", r.pids());
    return out;
  }

  private static Map<String, Object> log(LogSpec l) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("max_size", Sizes.format(l.maxBytes()));
    out.put("max_files", (long) l.maxFiles());
    return out;
  }

  private static Map<String, Object> health(HealthSpec h) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("interval", Durations.format(h.interval()));
    out.put("window", Durations.format(h.window()));
    out.put("cpu_warning", h.cpuWarning());
    out.put("cpu_critical", h.cpuCritical());
    out.put("memory_limit_mb", h.memoryLimitMb());
    out.put("memory_warning_mb", h.memoryWarningMb());
    out.put("error_rate_warning", h.errorRateWarning());
    out.put("error_rate_critical", h.errorRateCritical());
    out.put("response_time_warning", Durations.format(h.responseTimeWarning()));
    out.put("response_time_critical", Durations.format(h.responseTimeCritical()));
    out.put("failure_threshold", (long) h.failureThreshold());
    out.put("success_threshold", (long) h.successThreshold());
    out.put("enabled_checks", h.enabledChecks().stream().sorted().map(HealthReader::word).toList());
    if (h.customChecks() != null) {
      out.put("custom_checks", h.customChecks());
    }
    return out;
  }

  private static Map<String, Object> hooks(List<HookSpec> hooks) {
    Map<String, Object> out = new LinkedHashMap<>();
    hooks.forEach(hook -> out.put(hook.type().id(), hook(hook)));
    return out;
  }

  private static Map<String, Object> hook(HookSpec h) {
    Map<String, Object> out = new LinkedHashMap<>();
    if (h.webhook() == null) {
      out.put("command", h.command());
    } else {
      out.put("webhook", webhook(h.webhook()));
    }
    if (h.user() != null) {
      out.put("user", h.user());
    }
    out.put("timeout", Durations.format(h.timeout()));
    out.put("async", h.async());
    out.put("on_error", TableReader.word(h.onError()));
    if (h.everyCheck()) {
      out.put("every_check", true);
    }
    return out;
  }

  private static Map<String, Object> webhook(HookSpec.Webhook w) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("url", w.url());
    out.put("method", w.method());
    out.put("headers", new TreeMap<>(w.headers()));
    if (w.secretFile() != null) {
      out.put("secret_file", w.secretFile());
    }
    return out;
  }

  private static Map<String, Object> recovery(RecoverySpec r) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("enabled", r.enabled());
    out.put("strategy", r.strategy());
    out.put("failure_threshold", (long) r.failureThreshold());
    out.put("max_attempts", (long) r.maxAttempts());
    out.put("window", Durations.format(r.window()));
    out.put("cooldown", Durations.format(r.cooldown()));
    out.put("cache_paths", r.cachePaths());
    if (r.ladder().isEmpty()) {
      out.put("without", r.without().stream().map(RecoverySpec.Action::id).toList());
    } else {
      out.put("ladder", r.ladder().stream().map(SpecWriter::rung).toList());
    }
    return out;
  }

  /// Only what the action has a use for.
  private static Map<String, Object> rung(RecoverySpec.Rung r) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("action", r.action().id());
    out.put("max_attempts", (long) r.maxAttempts());
    out.put("cooldown", Durations.format(r.cooldown()));
    out.put("settle", Durations.format(r.settle()));
    out.put("after", (long) r.after());
    out.put("timeout", Durations.format(r.timeout()));
    if (!r.command().isEmpty()) {
      out.put("command", r.command());
    }
    if (!r.paths().isEmpty()) {
      out.put("paths", r.paths());
      out.put("older_than", Durations.format(r.olderThan()));
      out.put("pattern", r.pattern());
    }
    if (r.signal() != null) {
      out.put("signal", r.signal());
    }
    if (r.instances() > 0) {
      out.put("instances", (long) r.instances());
    }
    if (!r.message().isEmpty()) {
      out.put("message", r.message());
    }
    if (r.action() == RecoverySpec.Action.NOTIFY) {
      out.put("severity", r.severity().name().toLowerCase(Locale.ROOT));
    }
    if (!r.hook().isEmpty()) {
      out.put("hook", r.hook());
    }
    return out;
  }
}
