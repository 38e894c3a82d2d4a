package dev.semper.probe.grpc;

import dev.semper.spi.ProbeMethod;
import dev.semper.spi.ProbeOutcome;
import dev.semper.spi.ProbeTarget;
import dev.semper.spi.SettingProblem;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Asks `grpc.health.v1.Health/Check`, over HTTP/2 in clear or with TLS.
///
/// Settings: `host` (default `127.0.0.1`), `port` (default the instance's), `service` (default the
/// server as a whole) and `tls`, a table with `verify` (default false), `ca_file` and
/// `server_name`; with it, even when empty, the connection is encrypted.
public final class GrpcProbe implements ProbeMethod {
  private static final List<String> TLS = List.of("verify", "ca_file", "server_name");
  private @Nullable HealthClient client;

  @Override
  public String name() {
    return "grpc";
  }

  @Override
  public List<String> settingNames() {
    return List.of("host", "port", "service", "tls");
  }

  @Override
  public List<SettingProblem> validate(Map<String, Object> settings) {
    List<SettingProblem> problems = new ArrayList<>();
    for (String key : List.of("host", "service")) {
      if (!(settings.getOrDefault(key, "x") instanceof String text) || text.isBlank()) {
        problems.add(new SettingProblem(key, "must be a text, and not empty"));
      }
    }
    if (!(settings.getOrDefault("port", 1L) instanceof Long port) || port < 1 || port > 65535) {
      problems.add(new SettingProblem("port", "must be 1 to 65535"));
    }
    if (settings.getOrDefault("tls", Map.of()) instanceof Map<?, ?> tls) {
      validateTls(tls, problems);
    } else {
      problems.add(new SettingProblem("tls", "must be a table with " + String.join(", ", TLS)));
    }
    return problems;
  }

  private static void validateTls(Map<?, ?> tls, List<SettingProblem> problems) {
    for (Object key : tls.keySet()) {
      if (!TLS.contains(String.valueOf(key))) {
        problems.add(
            new SettingProblem("tls." + key, "unknown key, known are " + String.join(", ", TLS)));
      }
    }
    Object verify = tls.get("verify");
    if (verify != null && !(verify instanceof Boolean)) {
      problems.add(new SettingProblem("tls.verify", "must be true or false"));
    }
    Object file = tls.get("ca_file");
    if (file != null && !(file instanceof String path && path.startsWith("/"))) {
      problems.add(new SettingProblem("tls.ca_file", "must be an absolute path"));
    } else if (file != null && !Boolean.TRUE.equals(verify)) {
      problems.add(new SettingProblem("tls.ca_file", "is only looked at with verify = true"));
    }
    Object name = tls.get("server_name");
    if (name != null && !(name instanceof String text && !text.isBlank())) {
      problems.add(new SettingProblem("tls.server_name", "must be the name of a host"));
    }
  }

  @Override
  public ProbeOutcome check(ProbeTarget target) throws InterruptedException {
    Map<String, Object> settings = target.settings();
    long port = settings.get("port") instanceof Long own ? own : target.port();
    if (port == 0) {
      return new ProbeOutcome.Errored("The instance has no port of its own: give the probe one");
    }
    String host = settings.get("host") instanceof String own ? own : "127.0.0.1";
    String service = settings.get("service") instanceof String own ? own : "";
    Map<?, ?> tls = settings.get("tls") instanceof Map<?, ?> table ? table : null;
    return client()
        .check(new HealthClient.Question(host, (int) port, service, tls, target.timeout()));
  }

  private synchronized HealthClient client() {
    if (client == null) {
      client = new HealthClient();
    }
    return client;
  }

  @Override
  public synchronized void close() {
    if (client != null) {
      client.close();
      client = null;
    }
  }
}
