package dev.semper.engine.spec;

import java.util.List;

/// The tables of a workload's file with their keys, in the order in which they are written.
enum Section {
  DOCUMENT("workloads"),
  WORKLOAD(
      "kind",
      "version",
      "instances",
      "env",
      "env_file",
      "port",
      "start_seconds",
      "depends_on",
      "restart",
      "stop",
      "update",
      "resources",
      "log",
      "probes",
      "health",
      "hooks",
      "labels"),
  DEPENDENCY("workload", "condition", "for", "required", "timeout"),
  RESTART(
      "policy",
      "delay",
      "max_delay",
      "jitter",
      "max_attempts",
      "window",
      "reset_after",
      "on_limit",
      "success_codes",
      "prevent_codes",
      "force_codes"),
  STOP("signal", "timeout"),
  UPDATE("order", "ready_timeout"),
  RESOURCES("memory", "cpu", "pids"),
  LOG("max_size", "max_files"),
  PROBE(
      "name",
      "type",
      "http",
      "tcp",
      "command",
      "resource",
      "log",
      "initial_delay",
      "period",
      "timeout",
      "failure_threshold",
      "success_threshold",
      "retry",
      "circuit_breaker"),
  HTTP(
      "scheme",
      "host",
      "port",
      "method",
      "path",
      "headers",
      "body",
      "expected_status",
      "expected_body",
      "expected_regex",
      "expected_json",
      "tls"),
  TLS("verify", "ca_file", "server_name"),
  TCP("host", "port"),
  COMMAND("exec", "working_dir", "env"),
  RESOURCE("cpu", "memory", "processes", "open_files", "disk", "disk_free"),
  LINES("pattern", "expect"),
  RETRY("max_retries", "delay", "backoff_multiplier", "max_delay"),
  CIRCUIT_BREAKER("failure_threshold", "recovery_timeout", "half_open_max_calls"),
  HEALTH(
      "interval",
      "window",
      "cpu_warning",
      "cpu_critical",
      "memory_limit_mb",
      "memory_warning_mb",
      "error_rate_warning",
      "error_rate_critical",
      "response_time_warning",
      "response_time_critical",
      "failure_threshold",
      "success_threshold",
      "enabled_checks",
      "custom_checks"),
  HOOKS(
      "on_start",
      "on_stop",
      "on_restart",
      "on_failure",
      "on_healthy",
      "on_destroy",
      "before_update",
      "after_update"),
  HOOK("command", "webhook", "user", "timeout", "async", "on_error", "every_check"),
  WEBHOOK("url", "method", "headers", "secret_file");

  @SuppressWarnings("ImmutableEnumChecker") // List.of cannot be changed
  private final List<String> keys;

  Section(String... keys) {
    this.keys = List.of(keys);
  }

  List<String> keys() {
    return keys;
  }
}
