package dev.semper.engine.spec;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Writes the canonical table of a probe: what [ProbeReader] reads.
final class ProbeWriter {
  private ProbeWriter() {}

  static Map<String, Object> write(ProbeSpec p) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("name", p.name());
    out.put("type", TableReader.word(p.type()));
    out.put(
        p.method().name(),
        switch (p.method()) {
          case ProbeSpec.Http http -> http(http);
          case ProbeSpec.Tcp tcp -> tcp(tcp);
          case ProbeSpec.Command command -> command(command);
          case ProbeSpec.Resource resource -> resource(resource);
          case ProbeSpec.Log log ->
              Map.of("pattern", log.pattern(), "expect", TableReader.word(log.expect()));
          case ProbeSpec.Provided provided -> SpecWriter.sorted(provided.settings());
        });
    out.put("initial_delay", Durations.format(p.initialDelay()));
    out.put("period", Durations.format(p.period()));
    out.put("timeout", Durations.format(p.timeout()));
    out.put("failure_threshold", (long) p.failureThreshold());
    out.put("success_threshold", (long) p.successThreshold());
    if (!p.retry().equals(RetrySpec.NONE)) {
      out.put("retry", retry(p.retry()));
    }
    if (p.breaker() != null) {
      out.put("circuit_breaker", breaker(p.breaker()));
    }
    return out;
  }

  private static Map<String, Object> http(ProbeSpec.Http h) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("scheme", h.scheme());
    out.put("host", h.host());
    if (h.port() != 0) {
      out.put("port", (long) h.port());
    }
    out.put("method", h.method());
    out.put("path", h.path());
    out.put("headers", new TreeMap<>(h.headers()));
    put(out, "body", h.body());
    out.put("expected_status", h.expected().status().stream().map(ProbeWriter::status).toList());
    put(out, "expected_body", h.expected().body());
    put(out, "expected_regex", h.expected().regex());
    if (!h.expected().json().isEmpty()) {
      out.put("expected_json", new TreeMap<>(h.expected().json()));
    }
    if (!h.tls().equals(TlsSpec.ANY)) {
      out.put("tls", tls(h.tls()));
    }
    return out;
  }

  private static Object status(HttpExpectation.StatusRange range) {
    return range.from() == range.to() ? (Object) (long) range.from() : range.toString();
  }

  private static Map<String, Object> tls(TlsSpec tls) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("verify", tls.verify());
    put(out, "ca_file", tls.caFile());
    put(out, "server_name", tls.serverName());
    return out;
  }

  private static Map<String, Object> tcp(ProbeSpec.Tcp t) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("host", t.host());
    if (t.port() != 0) {
      out.put("port", (long) t.port());
    }
    return out;
  }

  private static Object command(ProbeSpec.Command c) {
    if (c.workingDir() == null && c.env().isEmpty()) {
      return c.exec();
    }
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("exec", c.exec());
    put(out, "working_dir", c.workingDir());
    out.put("env", new TreeMap<>(c.env()));
    return out;
  }

  private static Map<String, Object> resource(ProbeSpec.Resource r) {
    Map<String, Object> out = new LinkedHashMap<>();
    if (r.cpu() != null) {
      out.put("cpu", r.cpu().percent() > 0 ? r.cpu().percent() + "%" : r.cpu().value());
    }
    put(out, "memory", bytes(r.memory()));
    if (r.processes() > 0) {
      out.put("processes", (long) r.processes());
    }
    if (r.openFiles() > 0) {
      out.put("open_files", (long) r.openFiles());
    }
    put(out, "disk", r.disk());
    put(out, "disk_free", bytes(r.diskFree()));
    return out;
  }

  private static @Nullable Object bytes(ProbeSpec.@Nullable Amount amount) {
    if (amount == null) {
      return null;
    }
    return amount.percent() > 0 ? amount.percent() + "%" : Sizes.format((long) amount.value());
  }

  private static Map<String, Object> retry(RetrySpec r) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("max_retries", (long) r.maxRetries());
    out.put("delay", Durations.format(r.delay()));
    out.put("backoff_multiplier", r.backoffMultiplier());
    out.put("max_delay", Durations.format(r.maxDelay()));
    return out;
  }

  private static Map<String, Object> breaker(BreakerSpec b) {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("failure_threshold", (long) b.failureThreshold());
    out.put("recovery_timeout", Durations.format(b.recoveryTimeout()));
    out.put("half_open_max_calls", (long) b.halfOpenMaxCalls());
    return out;
  }

  private static void put(Map<String, Object> out, String key, @Nullable Object value) {
    if (value != null) {
      out.put(key, value);
    }
  }
}
