package dev.semper.server;

import dev.semper.engine.config.ConfigSettings;
import dev.semper.engine.secret.SecretSettings;
import dev.semper.engine.spec.AlertSettings;
import dev.semper.engine.store.StoreConfig;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// How a server is set up: `semper.toml`, and what the command line says instead.
///
/// @param home everything of this server lives below it
/// @param pidFile default `run/semper.pid`
public record Settings(
    Path home,
    Path pidFile,
    Api api,
    Database database,
    Log log,
    Engine engine,
    AlertSettings alerts,
    Traces traces,
    ConfigSettings config,
    SecretSettings secrets) {

  /// @param host address to listen on, default `127.0.0.1`
  /// @param port default 8470; 0 picks a free one
  /// @param allowedHosts further names in `Host` headers; without any, and on an address other than
  ///   loopback, every name is good
  /// @param maxConnections default 512
  public record Api(String host, int port, List<String> allowedHosts, int maxConnections) {
    public Api {
      allowedHosts = List.copyOf(allowedHosts);
    }

    public boolean loopback() {
      return host.equals("localhost") || host.startsWith("127.") || host.equals("::1");
    }
  }

  /// @param url null = SQLite in `semper.db`
  public record Database(@Nullable String url, @Nullable String user, @Nullable String password) {
    @Override
    public String toString() {
      return "Database[url=" + url + ", user=" + user + "]";
    }
  }

  /// @param level error, warn, info (default) or debug
  /// @param json one JSON object per line instead of text
  /// @param file null = standard output
  /// @param maxBytes size at which the file is set aside, default 10 MiB
  /// @param maxFiles older files kept, default 5
  public record Log(String level, boolean json, @Nullable Path file, long maxBytes, int maxFiles) {
    public static final Set<String> LEVELS = Set.of("error", "warn", "info", "debug");
  }

  /// @param maxConcurrentOperations default 10
  /// @param eventRetentionDays default 90
  /// @param healthRetentionDays minutes of health and outages, default 30
  /// @param maxConcurrentRecoveries that begin by themselves, default 5
  public record Engine(
      int maxConcurrentOperations,
      int eventRetentionDays,
      int healthRetentionDays,
      int maxConcurrentRecoveries) {}

  /// @param endpoint of the receiver of OTLP over HTTP; null = no traces
  /// @param headers for it
  /// @param sample share of the operations, default 1
  /// @param probes whether probes are traced too, default not
  /// @param probeSample share of their checks, default 0.1
  public record Traces(
      @Nullable URI endpoint,
      Map<String, String> headers,
      double sample,
      boolean probes,
      double probeSample) {
    static final Traces OFF = new Traces(null, Map.of(), 1, false, 0.1);

    public Traces {
      headers = Map.copyOf(headers);
    }

    /// Without the headers, which may be secret.
    @Override
    public String toString() {
      return "Traces[endpoint=" + endpoint + "]";
    }
  }

  /// The defaults for a home.
  public static Settings of(Path home) {
    Path absolute = home.toAbsolutePath().normalize();
    return new Settings(
        absolute,
        absolute.resolve("run/semper.pid"),
        new Api("127.0.0.1", 8470, List.of(), 512),
        new Database(null, null, null),
        new Log("info", false, null, 10L << 20, 5),
        new Engine(10, 90, 30, 5),
        AlertSettings.DEFAULT,
        Traces.OFF,
        ConfigSettings.DEFAULT,
        SecretSettings.DEFAULT);
  }

  public Settings withApi(String host, int port) {
    Api changed = new Api(host, port, api.allowedHosts(), api.maxConnections());
    return new Settings(
        home, pidFile, changed, database, log, engine, alerts, traces, config, secrets);
  }

  Settings withLog(Log changed) {
    return new Settings(
        home, pidFile, api, database, changed, engine, alerts, traces, config, secrets);
  }

  StoreConfig store() {
    String url =
        database.url() == null ? "jdbc:sqlite:" + home.resolve("semper.db") : database.url();
    return new StoreConfig(url, database.user(), database.password(), engine.eventRetentionDays());
  }

  Path tokenFile() {
    return home.resolve("run/token");
  }

  Path serverFile() {
    return home.resolve("run/server.json");
  }
}
