package dev.semper.engine;

import dev.semper.engine.access.Quota;
import dev.semper.engine.access.Tenants;
import dev.semper.engine.access.Tokens;
import dev.semper.engine.alert.Alerts;
import dev.semper.engine.config.ConfigSettings;
import dev.semper.engine.config.Configs;
import dev.semper.engine.config.Delivery;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.health.Health;
import dev.semper.engine.health.Probes;
import dev.semper.engine.hook.Hooks;
import dev.semper.engine.operation.OperationObserver;
import dev.semper.engine.operation.Operations;
import dev.semper.engine.operation.Quotas;
import dev.semper.engine.recovery.Recoveries;
import dev.semper.engine.secret.SecretSettings;
import dev.semper.engine.secret.Secrets;
import dev.semper.engine.spec.AlertSettings;
import dev.semper.engine.spec.DriverFacts;
import dev.semper.engine.spec.SpecReader;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.store.AuditLog;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.EventLog;
import dev.semper.engine.store.Store;
import dev.semper.engine.store.StoreConfig;
import dev.semper.engine.workload.Boundaries;
import dev.semper.engine.workload.Owners;
import dev.semper.engine.workload.Workload;
import dev.semper.engine.workload.Workloads;
import dev.semper.spi.Capability;
import dev.semper.spi.Driver;
import dev.semper.spi.DriverContext;
import dev.semper.spi.Exit;
import dev.semper.spi.ProbeMethod;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Semper as a library: everything the server and the command line can do.
///
/// ```java
/// try (Semper semper = Semper.builder().home(Path.of("/var/lib/semper")).start()) {
///   semper.operations().apply(…);
/// }
/// ```
public final class Semper implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Semper.class);

  private final Store store;
  private final Map<String, Driver> drivers;
  private final ProbeMethods probeMethods;
  private final SpecReader specs;
  private final Probes probes;
  private final Secrets secrets;
  private final Configs configs;
  private final Delivery delivery;
  private final SecretDelivery secretDelivery;
  private final Owners owners;
  private final Workloads workloads;
  private final Health health;
  private final Hooks hooks;
  private final Recoveries recoveries;
  private final Operations operations;
  private final Tenants tenants;
  private final Tokens tokens;
  private final Alerts alerts;

  private Semper(Builder builder) throws InterruptedException {
    Path home = builder.home;
    Clock clock = builder.clock;
    makeHome(home);
    drivers = byKind(builder.drivers);
    probeMethods = new ProbeMethods(builder.probeMethods);
    specs = new SpecReader(facts(drivers), probeMethods::byName);
    store =
        Store.open(
            builder.database == null
                ? StoreConfig.sqlite(home.resolve("semper.db"))
                : builder.database);

    secrets = openSecrets(builder, home, clock);
    tokens = Tokens.load(store, clock, new SecureRandom());
    tenants = Tenants.load(store, tokens, clock);
    probes =
        new Probes(
            (kind, incarnation, request) -> driver(kind).exec(incarnation, request),
            probeMethods::byName,
            this::hostEvent,
            clock,
            ThreadLocalRandom.current());
    configs =
        new Configs(
            store,
            this::workloadsKnown,
            new ConfigSecrets(secrets),
            builder.config,
            clock,
            builder.boundaries);
    delivery = new Delivery(configs, drivers, this::workloadsKnown, home.resolve("config"));
    secretDelivery = new SecretDelivery(secrets, configs, delivery);
    owners =
        new Owners(
            store,
            specs,
            drivers,
            probes,
            secretDelivery,
            home.resolve("logs"),
            clock,
            builder.boundaries);
    workloads = new Workloads(owners);
    health = new Health(store, workloads, probes, home, clock, builder.healthRetention);
    owners.onChange(health::changed);
    hooks =
        new Hooks(
            store, owners, drivers.get("process"), home.resolve("run").resolve("hooks"), clock);
    recoveries =
        new Recoveries(
            store,
            owners,
            specs,
            drivers,
            probes,
            health,
            hooks,
            this::quotas,
            home,
            builder.maxConcurrentRecoveries,
            clock,
            builder.boundaries);
    operations =
        new Operations(
            store,
            owners,
            this::prepare,
            hooks,
            recoveries.healer(),
            builder.observer,
            secretDelivery,
            this::quotas,
            builder.maxConcurrentOperations,
            clock,
            builder.boundaries);
    openDrivers(home);
    owners.load();
    health.start();
    hooks.open();
    operations.resume();
    recoveries.open(operations);
    delivery.open(operations, owners);
    secretDelivery.open(owners);
    secrets.open();
    alerts =
        Alerts.start(
            builder.alerts, store, workloads, probes, health, clock, ThreadLocalRandom.current());
  }

  /// Without the keys of its secrets a server must not start, and not keep the database either.
  private Secrets openSecrets(Builder builder, Path home, Clock clock) throws InterruptedException {
    boolean opened = false;
    try {
      Secrets open = new Secrets(store, home, builder.secrets, clock, builder.boundaries);
      opened = true;
      return open;
    } finally {
      if (!opened) {
        store.close();
      }
    }
  }

  private List<Workload> workloadsKnown() {
    return owners.list();
  }

  private static void makeHome(Path home) {
    try {
      Files.createDirectories(home.resolve("logs"));
      Path run = home.resolve("run");
      Files.createDirectories(run);
      Files.setPosixFilePermissions(run, PosixFilePermissions.fromString("rwx------"));
    } catch (IOException e) {
      throw SemperException.wrap(
          ErrorCode.PRECONDITION_FAILED, "The home " + home + " cannot be used: " + e, e);
    }
  }

  private static Map<String, Driver> byKind(List<Driver> drivers) {
    Map<String, Driver> byKind = new LinkedHashMap<>();
    for (Driver driver : drivers) {
      if (byKind.put(driver.kind(), driver) != null) {
        throw new IllegalStateException("two drivers for kind " + driver.kind());
      }
    }
    return byKind;
  }

  private static Map<String, DriverFacts> facts(Map<String, Driver> drivers) {
    Map<String, DriverFacts> facts = new HashMap<>();
    drivers.forEach((kind, driver) -> facts.put(kind, DriverFacts.of(driver)));
    return facts;
  }

  /// Drivers report what ended while no server ran as soon as they are open; the owners are not
  /// loaded then, and ask for it themselves.
  private void openDrivers(Path home) {
    for (Driver driver : drivers.values()) {
      Path state = home.resolve("run").resolve(driver.kind());
      try {
        Files.createDirectories(state);
        Files.setPosixFilePermissions(state, PosixFilePermissions.fromString("rwx------"));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      driver.open(new DriverContext(home, state, this::exited, this::noticed));
    }
  }

  private void exited(String incarnation, Exit exit) {
    if (Hooks.owns(incarnation)) {
      hooks.exited(incarnation, exit);
    } else if (!recoveries.exited(incarnation, exit)) {
      owners.exited(incarnation, exit);
    }
  }

  private void noticed(String incarnation, String message) {
    if (Hooks.owns(incarnation)) {
      LOG.info("{} {}", incarnation, message);
    } else {
      owners.noticed(incarnation, message);
    }
  }

  private Driver driver(String kind) {
    Driver driver = drivers.get(kind);
    if (driver == null) {
      throw new SemperException(ErrorCode.PRECONDITION_FAILED, "No driver for kind " + kind);
    }
    return driver;
  }

  private void prepare(WorkloadSpec spec) {
    List<Problem> problems = new ArrayList<>();
    driver(spec.kind())
        .validate(spec.settings())
        .forEach(p -> problems.add(new Problem(p.path(), 0, p.message())));
    if (!problems.isEmpty()) {
      throw new SemperException(
          ErrorCode.INVALID_SPEC,
          "Workload %s cannot run here: %s".formatted(spec.name(), problems.getFirst()),
          problems,
          Map.of());
    }
  }

  private Quotas quotas(String tenant) {
    return tenants.find(tenant).map(t -> t.quota()).map(Semper::quotas).orElse(Quotas.UNLIMITED);
  }

  private static Quotas quotas(Quota quota) {
    return new Quotas(quota.workloads(), quota.instances(), quota.memoryBytes(), quota.cpu());
  }

  /// An event of the host, not of a workload; must not hold up the prober.
  private void hostEvent(String type, Map<String, Object> data) {
    Thread.startVirtualThread(() -> {
      try {
        store.commit(
            new Batch()
                .event(
                    Clock.systemUTC().instant(), "default", null, null, type, data, null, "system"),
            Duration.ofSeconds(30));
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      } catch (SemperException e) {
        LOG.warn("The event {} {} could not be recorded: {}", type, data, e.getMessage());
      }
    });
  }

  public static Builder builder() {
    return new Builder();
  }

  public Workloads workloads() {
    return workloads;
  }

  public Operations operations() {
    return operations;
  }

  /// What the hooks of workloads have done.
  public Hooks hooks() {
    return hooks;
  }

  /// What is done to bring workloads back that are not well.
  public Recoveries recoveries() {
    return recoveries;
  }

  public EventLog events() {
    return store.events();
  }

  public AuditLog audit() {
    return store.audit();
  }

  public Tenants tenants() {
    return tenants;
  }

  public Tokens tokens() {
    return tokens;
  }

  /// Reads specifications for the drivers there are.
  public SpecReader specs() {
    return specs;
  }

  /// How well workloads are.
  public Health health() {
    return health;
  }

  /// The results of the probes.
  public Probes probes() {
    return probes;
  }

  /// Configurations, with their revisions and layers.
  public Configs config() {
    return configs;
  }

  /// Secrets, their versions, and who has them.
  public Secrets secrets() {
    return secrets;
  }

  /// Alerts, silences, and what was told of them.
  public Alerts alerts() {
    return alerts;
  }

  /// The database itself, for features of the server that keep rows of their own.
  public Store store() {
    return store;
  }

  /// What each driver can promise on this machine, by kind.
  public Map<String, List<Capability>> capabilities() {
    Map<String, List<Capability>> capabilities = new LinkedHashMap<>();
    drivers.forEach((kind, driver) -> capabilities.put(kind, driver.capabilities()));
    return capabilities;
  }

  /// Why it is not ready to take work; empty if it is.
  public List<Problem> troubles() {
    return store.trouble().map(t -> List.of(new Problem("database", 0, t))).orElse(List.of());
  }

  /// Stops taking work and lets go; what runs goes on running.
  @Override
  public void close() {
    alerts.close();
    secrets.close();
    secretDelivery.close();
    try {
      delivery.close();
      recoveries.close();
      operations.close();
      health.close();
      hooks.close();
      probes.close();
      owners.close();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    probeMethods.close();
    drivers.values().forEach(Driver::close);
    store.close();
  }

  /// Collects what the library needs.
  public static final class Builder {
    private Path home = Path.of(System.getProperty("user.home"), ".semper");
    private @Nullable StoreConfig database;
    private List<Driver> drivers = new ArrayList<>();
    private Duration healthRetention = Duration.ofDays(30);
    private List<ProbeMethod> probeMethods = new ArrayList<>();
    private int maxConcurrentOperations = 10;
    private int maxConcurrentRecoveries = 5;
    private Clock clock = Clock.systemUTC();
    private Boundaries boundaries = Boundaries.NONE;
    private OperationObserver observer = OperationObserver.NONE;
    private AlertSettings alerts = AlertSettings.DEFAULT;
    private ConfigSettings config = ConfigSettings.DEFAULT;
    private SecretSettings secrets = SecretSettings.DEFAULT;

    private Builder() {}

    /// Where everything is kept; default `~/.semper`.
    public Builder home(Path home) {
      this.home = home.toAbsolutePath();
      return this;
    }

    /// Default: SQLite, `semper.db` in the home.
    public Builder database(StoreConfig database) {
      this.database = database;
      return this;
    }

    /// Adds a driver. Without any, those on the class path are used.
    public Builder driver(Driver driver) {
      drivers.add(driver);
      return this;
    }

    /// Adds a probe method. Those on the class path are found by themselves, when one is first
    /// used.
    public Builder probeMethod(ProbeMethod method) {
      probeMethods.add(method);
      return this;
    }

    /// Operations that work at once; default 10.
    public Builder maxConcurrentOperations(int max) {
      maxConcurrentOperations = max;
      return this;
    }

    /// How long minutes of health and outages are kept, in whole minutes; default 30 days.
    public Builder healthRetention(Duration retention) {
      healthRetention = retention;
      return this;
    }

    /// Recoveries that begin by themselves and are at work at once; default 5.
    public Builder maxConcurrentRecoveries(int max) {
      maxConcurrentRecoveries = max;
      return this;
    }

    /// The wall clock; only shown and recorded, never waited by.
    public Builder clock(Clock clock) {
      this.clock = clock;
      return this;
    }

    /// Rules, channels and the rest of alerting; by default the rules built in and no channel.
    public Builder alerts(AlertSettings alerts) {
      this.alerts = alerts;
      return this;
    }

    /// Is shown operations as they are carried out, e.g. to trace them.
    public Builder observer(OperationObserver observer) {
      this.observer = observer;
      return this;
    }

    /// What is allowed of configurations.
    public Builder config(ConfigSettings config) {
      this.config = config;
      return this;
    }

    /// Where the master key of secrets is, and how long they are kept.
    public Builder secrets(SecretSettings secrets) {
      this.secrets = secrets;
      return this;
    }

    /// For fault drills.
    public Builder boundaries(Boundaries boundaries) {
      this.boundaries = boundaries;
      return this;
    }

    /// Opens the database, finds what runs, and goes on with what was under way.
    ///
    /// @throws SemperException if the home or the database cannot be used
    public Semper start() throws InterruptedException {
      if (drivers.isEmpty()) {
        ServiceLoader.load(Driver.class).forEach(drivers::add);
      }
      return new Semper(this);
    }
  }
}
