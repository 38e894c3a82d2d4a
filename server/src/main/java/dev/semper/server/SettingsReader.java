package dev.semper.server;

import dev.semper.engine.config.ConfigSettings;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.secret.MasterKeySource;
import dev.semper.engine.secret.SecretSettings;
import dev.semper.engine.spec.AlertSettings;
import dev.semper.engine.spec.SpecReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;

/// Reads `semper.toml`, and the `[daemon]` table of a `lifecycle-config.toml` in the form of the VM
/// lifecycle daemon. Unknown keys are refused; all that is wrong is told at once.
final class SettingsReader {
  private static final Logger LOG = LoggerFactory.getLogger(SettingsReader.class);
  private static final Set<String> KEYS =
      Set.of(
          "api.host",
          "api.port",
          "api.allowed_hosts",
          "api.max_connections",
          "database.url",
          "database.user",
          "database.password",
          "database.password_file",
          "log.level",
          "log.format",
          "log.file",
          "log.max_size",
          "log.max_files",
          "engine.max_concurrent_operations",
          "engine.event_retention_days",
          "engine.health_retention_days",
          "recovery.max_concurrent",
          "traces.endpoint",
          "traces.sample",
          "traces.probes",
          "traces.probe_sample",
          "config.history",
          "config.allowed_env",
          "secrets.master_key_file",
          "secrets.master_key_env",
          "secrets.master_key_command",
          "secrets.previous_master_key_file",
          "secrets.previous_master_key_env",
          "secrets.previous_master_key_command",
          "secrets.history",
          "secrets.approval_valid",
          "daemon.pid_file",
          "daemon.log_file",
          "daemon.log_level");
  private static final String TRACES_HEADERS = "traces.headers.";
  private static final Map<String, String> LEVELS =
      Map.of(
          "critical", "error",
          "error", "error",
          "warning", "warn",
          "warn", "warn",
          "info", "info",
          "debug", "debug");

  private final Path file;
  private final TomlParseResult toml;
  private final List<Problem> problems = new ArrayList<>();

  private SettingsReader(Path file, TomlParseResult toml) {
    this.file = file;
    this.toml = toml;
  }

  /// Reads the settings of a home; a file that is not there leaves the defaults.
  ///
  /// @param config in place of `semper.toml` of the home
  static Settings read(Path home, @Nullable Path config) {
    Settings settings = Settings.of(home);
    Path lifecycle = settings.home().resolve("lifecycle-config.toml");
    if (Files.exists(lifecycle)) {
      settings = open(lifecycle).apply(settings);
    }
    Path file = config == null ? settings.home().resolve("semper.toml") : config;
    if (Files.exists(file)) {
      return open(file).apply(settings);
    }
    if (config != null) {
      throw new SemperException(
          ErrorCode.INVALID_REQUEST, "The settings file " + config + " does not exist");
    }
    return settings;
  }

  private static SettingsReader open(Path file) {
    try {
      return new SettingsReader(file, Toml.parse(file));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the settings file " + file, e);
    }
  }

  private Settings apply(Settings base) {
    for (TomlParseError error : toml.errors()) {
      add("", error.position(), String.valueOf(error.getMessage()));
    }
    if (problems.isEmpty()) {
      refuseUnknown();
    }
    Settings settings =
        new Settings(
            base.home(),
            path("daemon.pid_file", base.pidFile()),
            api(base),
            database(base),
            log(base),
            engine(base),
            alerts(base),
            traces(base),
            config(base),
            secrets(base));
    if (!problems.isEmpty()) {
      throw new SemperException(
          ErrorCode.INVALID_REQUEST,
          "The settings file %s is wrong: %s%s"
              .formatted(
                  file,
                  problems.getFirst(),
                  problems.size() > 1 ? " (and " + (problems.size() - 1) + " more)" : ""),
          problems,
          Map.of());
    }
    return settings;
  }

  private void refuseUnknown() {
    boolean lifecycle = toml.isTable("vms");
    for (String key : toml.dottedKeySet()) {
      if (!KEYS.contains(key)
          && !isAlerts(key)
          && !key.startsWith(TRACES_HEADERS)
          && !(lifecycle && key.startsWith("vms."))) {
        TomlPosition position = toml.inputPositionOf(key);
        String nearest = Nearest.of(key, KEYS);
        add(
            key,
            position,
            "unknown setting" + (nearest.isEmpty() ? "" : "; did you mean " + nearest + "?"));
      }
    }
    if (lifecycle) {
      LOG.warn(
          "{}: of it only [daemon] is read; to watch its machines: semper apply -f {}", file, file);
    }
  }

  private static boolean isAlerts(String key) {
    return key.equals("alerts") || key.startsWith("alerts.");
  }

  private AlertSettings alerts(Settings base) {
    if (!problems.isEmpty() || !toml.contains("alerts")) {
      return base.alerts();
    }
    try {
      return SpecReader.readAlerts(Files.readString(file), file.toAbsolutePath().getParent());
    } catch (SemperException e) {
      problems.addAll(e.problems());
      return base.alerts();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the settings file " + file, e);
    }
  }

  private Settings.Api api(Settings base) {
    Settings.Api api = base.api();
    return new Settings.Api(
        text("api.host", api.host()),
        (int) number("api.port", api.port(), 0, 65535),
        texts("api.allowed_hosts", api.allowedHosts()),
        (int) number("api.max_connections", api.maxConnections(), 8, 65535));
  }

  private Settings.Database database(Settings base) {
    Settings.Database database = base.database();
    String url = optional("database.url", database.url());
    if (url != null && !url.startsWith("jdbc:sqlite:") && !url.startsWith("jdbc:postgresql:")) {
      add(
          "database.url",
          toml.inputPositionOf("database.url"),
          "must begin with jdbc:postgresql: or jdbc:sqlite:");
    }
    String password = optional("database.password", database.password());
    String passwordFile = optional("database.password_file", null);
    return new Settings.Database(
        url,
        optional("database.user", database.user()),
        passwordFile == null ? password : secret(passwordFile));
  }

  private @Nullable String secret(String name) {
    try {
      return Files.readString(expand(name)).strip();
    } catch (IOException e) {
      add(
          "database.password_file",
          toml.inputPositionOf("database.password_file"),
          "cannot be read: " + e.getMessage());
      return null;
    }
  }

  private Settings.Log log(Settings base) {
    Settings.Log log = base.log();
    String level = level("daemon.log_level", level("log.level", log.level()));
    String format = text("log.format", log.json() ? "json" : "text");
    if (!format.equals("json") && !format.equals("text")) {
      add("log.format", toml.inputPositionOf("log.format"), "must be text or json, not " + format);
    }
    Path logFile = log.file();
    for (String key : List.of("log.file", "daemon.log_file")) {
      String name = optional(key, null);
      logFile = name == null ? logFile : expand(name);
    }
    return new Settings.Log(
        level,
        format.equals("json"),
        logFile,
        size("log.max_size", log.maxBytes()),
        (int) number("log.max_files", log.maxFiles(), 0, 1000));
  }

  private Settings.Engine engine(Settings base) {
    Settings.Engine engine = base.engine();
    return new Settings.Engine(
        (int) number("engine.max_concurrent_operations", engine.maxConcurrentOperations(), 1, 1000),
        (int) number("engine.event_retention_days", engine.eventRetentionDays(), 1, 36500),
        (int) number("engine.health_retention_days", engine.healthRetentionDays(), 1, 36500),
        (int) number("recovery.max_concurrent", engine.maxConcurrentRecoveries(), 1, 1000));
  }

  private Settings.Traces traces(Settings base) {
    Settings.Traces traces = base.traces();
    Map<String, String> headers = new HashMap<>(traces.headers());
    for (String key : toml.dottedKeySet()) {
      if (key.startsWith(TRACES_HEADERS)) {
        headers.put(key.substring(TRACES_HEADERS.length()), text(key, ""));
      }
    }
    return new Settings.Traces(
        endpoint(traces.endpoint()),
        headers,
        share("traces.sample", traces.sample()),
        truth("traces.probes", traces.probes()),
        share("traces.probe_sample", traces.probeSample()));
  }

  private @Nullable URI endpoint(@Nullable URI otherwise) {
    String text = optional("traces.endpoint", null);
    if (text == null) {
      return otherwise;
    }
    try {
      URI uri = new URI(text);
      if (List.of("http", "https").contains(uri.getScheme()) && uri.getHost() != null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      // told below
    }
    add(
        "traces.endpoint",
        toml.inputPositionOf("traces.endpoint"),
        "must be a URL of a receiver of OTLP over HTTP, e.g. http://127.0.0.1:4318");
    return otherwise;
  }

  private double share(String key, double otherwise) {
    Object value = value(key);
    if (value == null) {
      return otherwise;
    }
    if (value instanceof Number number && number.doubleValue() >= 0 && number.doubleValue() <= 1) {
      return number.doubleValue();
    }
    add(key, toml.inputPositionOf(key), "must be a number from 0 to 1");
    return otherwise;
  }

  private boolean truth(String key, boolean otherwise) {
    Object value = value(key);
    if (value == null) {
      return otherwise;
    }
    if (value instanceof Boolean truth) {
      return truth;
    }
    add(key, toml.inputPositionOf(key), "must be true or false");
    return otherwise;
  }

  private ConfigSettings config(Settings base) {
    ConfigSettings config = base.config();
    return new ConfigSettings(
        (int) number("config.history", config.history(), 1, 10_000),
        Set.copyOf(texts("config.allowed_env", List.copyOf(config.allowedEnv()))));
  }

  private SecretSettings secrets(Settings base) {
    SecretSettings secrets = base.secrets();
    return new SecretSettings(
        masterKey("secrets.master_key_", secrets.master()),
        masterKey("secrets.previous_master_key_", secrets.previous()),
        (int) number("secrets.history", secrets.history(), 0, 1000),
        duration("secrets.approval_valid", secrets.approvalValid()));
  }

  private @Nullable MasterKeySource masterKey(String prefix, @Nullable MasterKeySource otherwise) {
    String keyFile = optional(prefix + "file", null);
    String variable = optional(prefix + "env", null);
    List<String> command = texts(prefix + "command", List.of());
    int given =
        (keyFile == null ? 0 : 1) + (variable == null ? 0 : 1) + (command.isEmpty() ? 0 : 1);
    if (given > 1) {
      add(prefix + "file", null, "give one of file, env and command only");
    }
    if (keyFile != null) {
      return new MasterKeySource.File(expand(keyFile));
    }
    if (variable != null) {
      return new MasterKeySource.Env(variable);
    }
    return command.isEmpty() ? otherwise : new MasterKeySource.Command(command);
  }

  private Duration duration(String key, Duration otherwise) {
    String text = optional(key, null);
    if (text == null) {
      return otherwise;
    }
    try {
      return SpecReader.duration(text);
    } catch (IllegalArgumentException e) {
      add(key, toml.inputPositionOf(key), String.valueOf(e.getMessage()));
      return otherwise;
    }
  }

  private String level(String key, String otherwise) {
    String level = LEVELS.get(text(key, otherwise).toLowerCase(Locale.ROOT));
    if (level == null) {
      add(key, toml.inputPositionOf(key), "must be one of error, warn, info, debug");
      return otherwise;
    }
    return level;
  }

  private Path path(String key, Path otherwise) {
    String name = optional(key, null);
    return name == null ? otherwise : expand(name);
  }

  private Path expand(String name) {
    String home = System.getProperty("user.home");
    Path path = Path.of(name.startsWith("~/") ? home + name.substring(1) : name);
    Path parent = file.toAbsolutePath().getParent();
    return path.isAbsolute() || parent == null ? path : parent.resolve(path).normalize();
  }

  private String text(String key, String otherwise) {
    String text = optional(key, otherwise);
    return text == null ? otherwise : text;
  }

  private @Nullable String optional(String key, @Nullable String otherwise) {
    Object value = value(key);
    if (value == null) {
      return otherwise;
    }
    if (value instanceof String text && !text.isBlank()) {
      return text;
    }
    add(key, toml.inputPositionOf(key), "must be text in quotes");
    return otherwise;
  }

  private List<String> texts(String key, List<String> otherwise) {
    Object value = value(key);
    if (value == null) {
      return otherwise;
    }
    if (value instanceof TomlArray array
        && array.toList().stream().allMatch(String.class::isInstance)) {
      return array.toList().stream().map(String::valueOf).toList();
    }
    add(key, toml.inputPositionOf(key), "must be a list of texts");
    return otherwise;
  }

  private long number(String key, long otherwise, long least, long most) {
    Object value = value(key);
    if (value == null) {
      return otherwise;
    }
    if (value instanceof Long number && number >= least && number <= most) {
      return number;
    }
    add(key, toml.inputPositionOf(key), "must be a number from " + least + " to " + most);
    return otherwise;
  }

  private long size(String key, long otherwise) {
    Object value = value(key);
    if (value == null) {
      return otherwise;
    }
    try {
      long size = SpecReader.size(String.valueOf(value));
      if (size >= 1024) {
        return size;
      }
      add(key, toml.inputPositionOf(key), "must be at least 1Ki");
    } catch (IllegalArgumentException e) {
      add(key, toml.inputPositionOf(key), String.valueOf(e.getMessage()));
    }
    return otherwise;
  }

  private @Nullable Object value(String key) {
    try {
      return toml.get(key);
    } catch (IllegalArgumentException e) {
      return null; // a table where a value was expected, told as an unknown setting
    }
  }

  private void add(String key, @Nullable TomlPosition position, String message) {
    problems.add(new Problem(key, position == null ? 0 : position.line(), message));
  }
}
