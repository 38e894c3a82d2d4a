package dev.semper.run;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The `CONTAINER_*` environment, read once. What is wrong is collected: problems keep the program
/// from starting, warnings do not.
final class Settings {
  /// How a container works through its life.
  enum Execution {
    /// Again and again if an interval is set, else as long as the program runs.
    DAEMON,
    /// Once.
    SINGLE,
    /// For ever: an end with code 0 is a failure too.
    SERVER
  }

  /// @param url as JDBC has it; null if only host and port are known
  /// @param poolSize declared connections of the program; 0 if not declared
  record Database(
      String name,
      String type,
      @Nullable String url,
      @Nullable String user,
      @Nullable String password,
      String host,
      int port,
      String query,
      int timeout,
      int poolSize,
      boolean required) {
    @Override
    public String toString() { // never the password
      return name + " at " + host + ":" + port;
    }
  }

  record Service(String name, URI endpoint, int timeout, int attempts, boolean required) {}

  private static final String PREFIX = "CONTAINER_";
  private static final Pattern QUANTITY = Pattern.compile("([0-9]+(?:\\.[0-9]+)?)([KMGT]i?|m)?B?");

  private final Map<String, String> environment;
  private final List<String> problems = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();

  /// None of what the seed requires is set: this is no container of its kind, and nothing is
  /// required.
  final boolean bare;

  final String environmentName;
  final RestartPolicy restart;
  final Execution execution;
  final double interval;
  final boolean repeats;
  final boolean healthEnabled;
  final double healthInterval;
  final int healthThreshold;
  final boolean metricsEnabled;
  final int metricsPort;
  final @Nullable String metricsAddress;
  final String logLevel;
  final boolean structured;
  final double shutdownTimeout;
  final Path base;
  final boolean baseGiven;
  final long maxMemory;
  final double maxCpu;
  final double cpuLimit;
  final long memoryLimit;
  final long diskLimit;
  final List<Database> databases = new ArrayList<>();
  final List<Service> services = new ArrayList<>();

  Settings(Map<String, String> environment) {
    this.environment = environment;
    bare =
        !has("FLOW_NAME")
            && !has("ENVIRONMENT")
            && !has("RPA_DB_CONNECTION_STRING")
            && !has("DATABASE_RPA_DB_CONNECTION_STRING");
    environmentName = text("ENVIRONMENT", "development");
    restart =
        new RestartPolicy(
            policy(),
            (int) number("MAX_RESTART_ATTEMPTS", 5, 0, 1_000_000),
            number("RESTART_DELAY_SECONDS", 10, 0, 86_400),
            flag("RESTART_EXPONENTIAL_BACKOFF", true),
            number("MAX_RESTART_DELAY_SECONDS", 300, 0, 86_400),
            number("RESTART_WINDOW_MINUTES", 60, 0, 1e6));
    execution = execution();
    interval = number("EXECUTION_INTERVAL", 300, 0, 1e9);
    repeats = execution == Execution.DAEMON && (has("EXECUTION_MODE") || has("EXECUTION_INTERVAL"));
    healthEnabled = flag("MONITORING_HEALTH_CHECK_ENABLED", true);
    healthInterval = number("MONITORING_HEALTH_CHECK_INTERVAL", 60, 0.05, 86_400);
    healthThreshold = (int) number("MONITORING_HEALTH_CHECK_THRESHOLD", 3, 1, 1000);
    metricsEnabled = flag("MONITORING_METRICS_ENABLED", true);
    metricsPort = (int) number("MONITORING_METRICS_PORT", 8080, 0, 65_535);
    metricsAddress = given("MONITORING_METRICS_ADDRESS");
    logLevel = level();
    structured = flag("MONITORING_STRUCTURED_LOGGING", true);
    shutdownTimeout = number("SHUTDOWN_TIMEOUT_SECONDS", 30, 1, 86_400);
    baseGiven = has("BASE_DIR");
    base = Path.of(text("BASE_DIR", "/app"));
    maxMemory = (long) (number("MAX_MEMORY_MB", 0, 0, 1e9) * (1 << 20));
    maxCpu = number("MAX_CPU_PERCENT", 0, 0, 1e6);
    cpuLimit = cpus("RESOURCE_CPU_LIMIT", "1.0");
    if (cpuLimit > 8) {
      warnings.add(PREFIX + "RESOURCE_CPU_LIMIT is " + cpuLimit + ", more than 8 cores");
    }
    cpus("RESOURCE_CPU_REQUEST", "0.1");
    memoryLimit = bytes("RESOURCE_MEMORY_LIMIT", "512Mi");
    bytes("RESOURCE_MEMORY_REQUEST", "128Mi");
    diskLimit = bytes("RESOURCE_DISK_LIMIT", "1Gi");
    readDatabases();
    readServices();
    readSecurity();
  }

  List<String> problems() {
    return List.copyOf(problems);
  }

  List<String> warnings() {
    return List.copyOf(warnings);
  }

  boolean has(String name) {
    return given(name) != null;
  }

  /// The value of `CONTAINER_NAME`, if there is one that is not blank.
  @Nullable String given(String name) {
    String value = environment.get(PREFIX + name);
    return value == null || value.isBlank() ? null : value.strip();
  }

  private String text(String name, String otherwise) {
    String value = given(name);
    return value == null ? otherwise : value;
  }

  private double number(String name, double otherwise, double least, double most) {
    String value = given(name);
    if (value == null) {
      return otherwise;
    }
    try {
      double number = Double.parseDouble(value);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      // told below
    }
    problems.add(
        PREFIX
            + name
            + " is '"
            + value
            + "'; it has to be a number from "
            + RestartPolicy.number(least)
            + " to "
            + RestartPolicy.number(most));
    return otherwise;
  }

  private boolean flag(String name, boolean otherwise) {
    String value = given(name);
    return value == null
        ? otherwise
        : List.of("true", "1", "yes").contains(value.toLowerCase(Locale.ROOT));
  }

  private RestartPolicy.Kind policy() {
    String value = text("RESTART_POLICY", "on-failure");
    for (RestartPolicy.Kind kind : RestartPolicy.Kind.values()) {
      if (kind.told.equals(value.toLowerCase(Locale.ROOT).replace('_', '-'))) {
        return kind;
      }
    }
    warnings.add(PREFIX + "RESTART_POLICY '" + value + "' is unknown; on-failure is taken");
    return RestartPolicy.Kind.ON_FAILURE;
  }

  private Execution execution() {
    String value = text("EXECUTION_MODE", "daemon");
    for (Execution mode : Execution.values()) {
      if (mode.name().equalsIgnoreCase(value)) {
        return mode;
      }
    }
    problems.add(
        PREFIX + "EXECUTION_MODE is '" + value + "'; it has to be daemon, single or server");
    return Execution.SINGLE;
  }

  private String level() {
    String value = text("MONITORING_LOG_LEVEL", "INFO").toUpperCase(Locale.ROOT);
    if (Options.LEVELS.contains(value)) {
      return value;
    }
    warnings.add(PREFIX + "MONITORING_LOG_LEVEL '" + value + "' is unknown; INFO is taken");
    return "INFO";
  }

  /// `512Mi`, `1G`, `1048576`; what does not parse is a warning, and counts as not set (0).
  private long bytes(String name, String otherwise) {
    String value = text(name, otherwise);
    Matcher matcher = QUANTITY.matcher(value);
    if (!matcher.matches() || "m".equals(matcher.group(2))) {
      warnings.add(PREFIX + name + " '" + value + "' is no size like 512Mi; it is not looked at");
      return 0;
    }
    String unit = matcher.group(2) == null ? "" : matcher.group(2);
    double factor =
        switch (unit) {
          case "K" -> 1e3;
          case "M" -> 1e6;
          case "G" -> 1e9;
          case "T" -> 1e12;
          case "Ki" -> 0x1p10;
          case "Mi" -> 0x1p20;
          case "Gi" -> 0x1p30;
          case "Ti" -> 0x1p40;
          default -> 1;
        };
    return (long) (Double.parseDouble(matcher.group(1)) * factor);
  }

  /// Cores: `1.5` or `1500m`.
  private double cpus(String name, String otherwise) {
    String value = text(name, otherwise);
    Matcher matcher = QUANTITY.matcher(value);
    if (!matcher.matches() || (matcher.group(2) != null && !matcher.group(2).equals("m"))) {
      warnings.add(PREFIX + name + " '" + value + "' is no number of cores; it is not looked at");
      return 0;
    }
    return Double.parseDouble(matcher.group(1)) / (matcher.group(2) == null ? 1 : 1000);
  }

  private void readDatabases() {
    List<String> required = list("DATABASE_REQUIRED", "rpa_db,SurveyHub");
    for (String name : required) {
      String key = "DATABASE_" + key(name) + "_";
      boolean isRpa = key(name).equals("RPA_DB");
      boolean isSurvey = key(name).equals("SURVEYHUB");
      String connection = given(key + "CONNECTION_STRING");
      if (connection == null && isRpa) {
        connection = given("RPA_DB_CONNECTION_STRING");
      }
      int timeout = (int) number(key + "TIMEOUT", 30, -1e6, 1e6);
      int pool = (int) number(key + "POOL_SIZE", 5, -1e6, 1e6);
      if (pool <= 0 || pool > 50) {
        warnings.add(PREFIX + key + "POOL_SIZE is " + pool + "; 1 to 50 is sensible");
      }
      if (timeout <= 0 || timeout > 300) {
        warnings.add(PREFIX + key + "TIMEOUT is " + timeout + "; 1 to 300 s is sensible");
        timeout = 30;
      }
      String type = text(key + "TYPE", isSurvey ? "sqlserver" : "postgresql");
      if (!List.of("postgresql", "sqlserver").contains(type)) {
        problems.add(PREFIX + key + "TYPE is '" + type + "'; it has to be postgresql or sqlserver");
        continue;
      }
      String host = isSurvey ? given("DATABASE_SURVEY_HUB_HOST") : null;
      if (connection == null && host == null) {
        if (has("DATABASE_REQUIRED")) {
          problems.add(
              PREFIX + key + "CONNECTION_STRING is missing; DATABASE_REQUIRED names " + name);
        }
        continue;
      }
      String query = text(key + "HEALTH_QUERY", "SELECT 1");
      try {
        databases.add(
            connection == null
                ? hostOnly(name, type, host == null ? "" : host, query, timeout)
                : database(
                    name,
                    type,
                    connection,
                    query,
                    timeout,
                    has(key + "POOL_SIZE") ? pool : 0,
                    !isSurvey || has("DATABASE_REQUIRED")));
      } catch (URISyntaxException | IllegalArgumentException e) {
        String variable =
            given(key + "CONNECTION_STRING") == null && isRpa
                ? "RPA_DB_CONNECTION_STRING"
                : isSurvey && connection == null
                    ? "DATABASE_SURVEY_HUB_HOST"
                    : key + "CONNECTION_STRING";
        // Its text may hold a password: only what is wrong is told.
        problems.add(
            PREFIX + variable + " is no connection string like postgresql://user:password@host/db");
      }
    }
  }

  private static Database hostOnly(
      String name, String type, String address, String query, int timeout)
      throws URISyntaxException {
    URI uri = new URI("x://" + address);
    if (uri.getHost() == null) {
      throw new URISyntaxException(address, "no host");
    }
    int port = uri.getPort() > 0 ? uri.getPort() : port(type);
    return new Database(
        name, type, null, null, null, uri.getHost(), port, query, timeout, 0, false);
  }

  private static int port(String type) {
    return type.equals("sqlserver") ? 1433 : 5432;
  }

  /// Reads `postgresql://user:password@host:port/name?option=value`, with or without `jdbc:` before
  /// it.
  static Database database(
      String name,
      String type,
      String connection,
      String query,
      int timeout,
      int pool,
      boolean required)
      throws URISyntaxException {
    String bare = connection.startsWith("jdbc:") ? connection.substring(5) : connection;
    // SQLAlchemy names its driver too: postgresql+psycopg2://
    bare = bare.replaceFirst("^(postgres|postgresql)(\\+[a-z0-9]+)?:", "postgresql:");
    int semicolon = bare.indexOf(';'); // sqlserver://host:port;databaseName=…
    URI uri = new URI(semicolon < 0 ? bare : bare.substring(0, semicolon));
    String scheme = uri.getScheme() == null ? "" : uri.getScheme();
    String kind = scheme.startsWith("mssql") ? "sqlserver" : scheme;
    if (!kind.equals("postgresql") && !kind.equals("sqlserver")) {
      throw new URISyntaxException("", "unknown kind of database");
    }
    String host = uri.getHost();
    if (host == null) {
      throw new URISyntaxException("", "no host");
    }
    int port = uri.getPort() > 0 ? uri.getPort() : port(kind);
    @Nullable String user = null;
    @Nullable String password = null;
    String info = uri.getRawUserInfo();
    if (info != null) {
      int colon = info.indexOf(':');
      user = decode(colon < 0 ? info : info.substring(0, colon));
      password = colon < 0 ? null : decode(info.substring(colon + 1));
    }
    String url = null;
    if (kind.equals("postgresql")) {
      String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
      String options = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
      url = "jdbc:postgresql://" + host + ":" + port + path + options;
    } else if (connection.startsWith("jdbc:")) {
      url = connection;
    }
    return new Database(
        name, kind, url, user, password, host, port, query, timeout, pool, required);
  }

  private static String decode(String text) {
    // Percent signs only: a plus is a plus here.
    return java.net.URLDecoder.decode(
        text.replace("+", "%2B"), java.nio.charset.StandardCharsets.UTF_8);
  }

  private void readServices() {
    for (String name : list("SERVICE_REQUIRED", "prefect")) {
      String key = "SERVICE_" + key(name) + "_";
      int timeout = (int) number(key + "TIMEOUT", 30, -1e6, 1e6);
      int attempts = (int) number(key + "RETRY_ATTEMPTS", 3, -1e6, 1e6);
      if (timeout <= 0 || timeout > 300) {
        warnings.add(PREFIX + key + "TIMEOUT is " + timeout + "; 1 to 300 s is sensible");
        timeout = 30;
      }
      if (attempts <= 0 || attempts > 10) {
        warnings.add(PREFIX + key + "RETRY_ATTEMPTS is " + attempts + "; 1 to 10 is sensible");
        attempts = 3;
      }
      String endpoint = given(key + "HEALTH_ENDPOINT");
      if (endpoint == null) {
        if (has("SERVICE_REQUIRED")) {
          problems.add(PREFIX + key + "HEALTH_ENDPOINT is missing; SERVICE_REQUIRED names " + name);
        }
        continue;
      }
      URI uri = http(PREFIX + key + "HEALTH_ENDPOINT", endpoint);
      if (uri != null) {
        services.add(new Service(name, uri, timeout, attempts, flag(key + "REQUIRED", true)));
      }
    }
  }

  /// The URL of a variable of ours, e.g. PREFECT_API_URL; null if it is not set, or wrong (a
  /// problem).
  @Nullable URI url(String name) {
    String value = given(name);
    return value == null ? null : http(PREFIX + name, value);
  }

  private @Nullable URI http(String variable, String value) {
    try {
      URI uri = new URI(value);
      if (uri.getHost() != null && List.of("http", "https").contains("" + uri.getScheme())) {
        return uri;
      }
    } catch (URISyntaxException e) {
      // told below
    }
    String problem = variable + " is '" + value + "'; it has to be a URL with http or https";
    if (!problems.contains(problem)) {
      problems.add(problem);
    }
    return null;
  }

  private void readSecurity() {
    for (String name : List.of("SECURITY_USER_ID", "SECURITY_GROUP_ID")) {
      double id = number(name, 1000, 0, 4e9);
      if (id < 1000) {
        warnings.add(PREFIX + name + " is " + (long) id + "; below 1000 are system accounts");
      }
    }
    if (!list("SECURITY_DROP_CAPABILITIES", "ALL").contains("ALL")) {
      warnings.add(PREFIX + "SECURITY_DROP_CAPABILITIES lacks ALL");
    }
    if (has("SECURITY_RUN_AS_NON_ROOT")
        && flag("SECURITY_RUN_AS_NON_ROOT", true)
        && Native.call("geteuid") == 0) {
      warnings.add(PREFIX + "SECURITY_RUN_AS_NON_ROOT is true, and this runs as root");
    }
  }

  private List<String> list(String name, String otherwise) {
    List<String> words = new ArrayList<>();
    for (String word : text(name, otherwise).split(",")) {
      if (!word.isBlank()) {
        words.add(word.strip());
      }
    }
    return words;
  }

  private static String key(String name) {
    return name.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_");
  }

  /// What was read, for the details of the validation; nothing secret.
  Map<String, Object> told() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("environment", environmentName);
    map.put("execution_mode", execution.name().toLowerCase(Locale.ROOT));
    map.put("databases", databases.stream().map(Database::toString).toList());
    map.put("services", services.stream().map(Service::name).toList());
    return map;
  }
}
