package dev.semper.server;

import dev.semper.api.ReloadResult;
import dev.semper.api.Wire;
import dev.semper.engine.Semper;
import dev.semper.engine.access.Tokens;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.operation.Operation;
import dev.semper.engine.operation.OperationKind;
import dev.semper.engine.operation.OperationObserver;
import dev.semper.engine.operation.OperationRequest;
import dev.semper.engine.operation.Priority;
import dev.semper.engine.workload.Desired;
import dev.semper.engine.workload.Workload;
import dev.semper.traces.Target;
import dev.semper.traces.Traces;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A running server: the engine, its HTTP front and its files. One per home.
public final class SemperServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SemperServer.class);

  /// The event loop only hands over; to look for it being stuck every second would be most of what
  /// an idle server does.
  private static final Duration BLOCKED_CHECK = Duration.ofMinutes(1);

  private static final Duration STOP_ALL = Duration.ofMinutes(5);

  private final Settings settings;
  private final Supplier<Settings> reread;
  private final Instant startedAt = Instant.now();
  private final PidFile pidFile;
  private final Vertx vertx;
  private final HttpFront front;
  private final @Nullable Traces traces;
  private final Semper semper;
  private final Metrics metrics;
  private final Tokens tokens;
  private final Routes routes;
  private final CountDownLatch end = new CountDownLatch(1);
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile boolean endWithWorkloads;
  private Settings.Log log;

  /// Starts a server; it takes requests when this returns.
  public static SemperServer start(Settings settings) throws InterruptedException, IOException {
    return start(settings, () -> settings, new Timeline(false));
  }

  /// @param reread reads the settings again
  static SemperServer start(Settings settings, Supplier<Settings> reread, Timeline timeline)
      throws InterruptedException, IOException {
    SmallFiles.directory(settings.home());
    SmallFiles.directory(settings.home().resolve("run"));
    SmallFiles.directory(settings.home().resolve("logs"));
    PidFile pidFile = PidFile.take(settings);
    timeline.mark("the home is ours");
    boolean started = false;
    try {
      SemperServer server = new SemperServer(settings, reread, pidFile, timeline);
      started = true;
      return server;
    } finally {
      if (!started) {
        pidFile.close();
      }
    }
  }

  private SemperServer(
      Settings settings, Supplier<Settings> reread, PidFile pidFile, Timeline timeline)
      throws InterruptedException, IOException {
    this.settings = settings;
    this.reread = reread;
    this.pidFile = pidFile;
    this.log = settings.log();
    CompletableFuture<Contract> contract =
        background(() -> {
          Contract loaded = Contract.load();
          timeline.mark("the contract is read");
          return loaded;
        });
    CompletableFuture<Opened> opening = background(() -> open(settings, timeline));
    this.traces = traces(settings);
    this.semper = startEngine(settings, timeline, opening, traces);
    Opened opened = join(opening);
    this.vertx = opened.vertx();
    this.front = opened.front();
    boolean started = false;
    try {
      Clock clock = Clock.systemUTC();
      this.tokens = semper.tokens();
      if (tokens.makeFirst(settings.tokenFile())) {
        LOG.info("made the first token: an administrator's, in {}", settings.tokenFile());
      }
      this.metrics = new Metrics(semper);
      if (traces != null) {
        observe(traces);
      }
      timeline.mark("tokens and tenants are read");
      this.routes = routes(clock);
      Gate gate = new Gate(join(contract), routes, tokens, semper.tenants(), hosts());
      front.open(new HttpFront.Desk(gate, new Scribe(semper.store(), clock), metrics));
      writeServerFile();
      started = true;
    } finally {
      if (!started) {
        semper.close();
        closeTraces();
        front.close();
        vertx.close();
      }
    }
    timeline.mark("requests are taken");
  }

  private static @Nullable Traces traces(Settings settings) {
    URI endpoint = settings.traces().endpoint();
    if (endpoint == null) {
      return null;
    }
    Map<String, String> service =
        Map.of(
            "service.name",
            "semper",
            "service.version",
            Version.NAME,
            "service.instance.id",
            settings.home().toString());
    return new Traces(
        new Target(endpoint, settings.traces().headers(), service),
        settings.traces().sample(),
        settings.traces().probeSample());
  }

  private void observe(Traces traces) {
    metrics.traces(traces);
    if (settings.traces().probes()) {
      semper.probes().onResult(traces::probed);
    }
  }

  private void closeTraces() {
    if (traces != null) {
      traces.close();
    }
  }

  private record Opened(Vertx vertx, HttpFront front) {}

  private static Opened open(Settings settings, Timeline timeline) {
    Vertx vertx =
        Vertx.vertx(
            new VertxOptions()
                .setEventLoopPoolSize(1)
                .setWorkerPoolSize(1)
                .setInternalBlockingPoolSize(1)
                .setBlockedThreadCheckInterval(BLOCKED_CHECK.toMillis())
                .setFileSystemOptions(
                    new FileSystemOptions()
                        .setFileCachingEnabled(false)
                        .setClassPathResolvingEnabled(false)));
    timeline.mark("Vert.x is up");
    try {
      HttpFront front =
          HttpFront.bind(
              vertx, settings.api().host(), settings.api().port(), settings.api().maxConnections());
      timeline.mark("the port is bound");
      return new Opened(vertx, front);
    } catch (IOException e) {
      vertx.close();
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      vertx.close();
      throw new CompletionException(e);
    }
  }

  private static Semper startEngine(
      Settings settings,
      Timeline timeline,
      CompletableFuture<Opened> opening,
      @Nullable Traces traces)
      throws InterruptedException, IOException {
    boolean started = false;
    try {
      Semper semper =
          Semper.builder()
              .home(settings.home())
              .database(settings.store())
              .maxConcurrentOperations(settings.engine().maxConcurrentOperations())
              .healthRetention(Duration.ofDays(settings.engine().healthRetentionDays()))
              .maxConcurrentRecoveries(settings.engine().maxConcurrentRecoveries())
              .alerts(settings.alerts())
              .observer(traces == null ? OperationObserver.NONE : traces)
              .config(settings.config())
              .secrets(settings.secrets())
              .boundaries(
                  FaultDrill.of(
                      System.getProperty(FaultDrill.HALT_AT), System.getProperty(FaultDrill.TRACE)))
              .start();
      timeline.mark("the engine is up");
      started = true;
      return semper;
    } finally {
      if (!started) {
        if (traces != null) {
          traces.close();
        }
        closeFront(opening);
      }
    }
  }

  private static void closeFront(CompletableFuture<Opened> opening) throws InterruptedException {
    try {
      Opened opened = join(opening);
      opened.front().close();
      opened.vertx().close();
    } catch (IOException e) {
      LOG.debug("the port was not bound either: {}", e.getMessage());
    }
  }

  private static <T> CompletableFuture<T> background(Supplier<T> work) {
    CompletableFuture<T> future = new CompletableFuture<>();
    Thread.ofPlatform()
        .name("start")
        .start(() -> {
          try {
            future.complete(work.get());
          } catch (RuntimeException | Error e) {
            future.completeExceptionally(e);
          }
        });
    return future;
  }

  private static <T> T join(CompletableFuture<T> future) throws InterruptedException, IOException {
    try {
      return future.get();
    } catch (java.util.concurrent.ExecutionException e) {
      switch (e.getCause()) {
        case UncheckedIOException io -> throw new IOException(reason(io), io);
        case RuntimeException other -> throw other;
        case Error error -> throw error;
        case null, default -> throw new IllegalStateException(e);
      }
    }
  }

  private Routes routes(Clock clock) {
    Routes routes = new Routes();
    ServerRoutes.Host host =
        new ServerRoutes.Host(
            Version.NAME,
            settings.home().toString(),
            () -> url().toString(),
            startedAt,
            this::reload,
            this::endSoon);
    new ServerRoutes(semper, metrics, host, clock).addTo(routes);
    WorkloadRoutes workloads = new WorkloadRoutes(semper, semper.specs(), clock);
    workloads.addTo(routes);
    new HealthRoutes(semper, clock).addTo(routes);
    new ServerHealthRoutes(semper, settings.home(), startedAt, clock).addTo(routes);
    new ExtensionRoutes(semper, workloads, clock).addTo(routes);
    new HookRoutes(semper, workloads).addTo(routes);
    new LogRoutes(semper).addTo(routes);
    new OperationRoutes(semper).addTo(routes);
    new RecoveryRoutes(semper).addTo(routes);
    new EventRoutes(semper.events()).addTo(routes);
    new AlertRoutes(semper.alerts()).addTo(routes);
    new ConfigRoutes(semper.config()).addTo(routes);
    new SecretRoutes(semper.secrets()).addTo(routes);
    new AccessRoutes(semper.tenants(), tokens, semper.audit()).addTo(routes);
    return routes;
  }

  private Set<String> hosts() {
    Settings.Api api = settings.api();
    if (!api.loopback() && api.allowedHosts().isEmpty()) {
      return Set.of();
    }
    Set<String> hosts = new HashSet<>(api.allowedHosts());
    hosts.addAll(List.of("localhost", "127.0.0.1", "[::1]", api.host()));
    return hosts;
  }

  private void writeServerFile() throws IOException {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("pid", ProcessHandle.current().pid());
    facts.put("started_at", startedAt);
    facts.put("url", url());
    facts.put("token_file", settings.tokenFile().toString());
    facts.put("version", Version.NAME);
    SmallFiles.write(settings.serverFile(), Wire.JSON.writeValueAsString(facts) + "\n");
  }

  public int port() {
    return front.port();
  }

  public URI url() {
    String host = settings.api().host();
    String name = host.equals("0.0.0.0") || host.equals("::") ? "127.0.0.1" : host;
    return URI.create(
        "http://" + (name.contains(":") ? "[" + name + "]" : name) + ":" + front.port());
  }

  public Path home() {
    return settings.home();
  }

  public Semper semper() {
    return semper;
  }

  Routes routes() {
    return routes;
  }

  /// Reads the settings again. The level of the log changes at once; the rest waits for a restart.
  ReloadResult reload() {
    Settings now = reread.get();
    List<String> changed = new ArrayList<>();
    List<String> waiting = new ArrayList<>();
    synchronized (this) {
      if (!now.log().level().equals(log.level())) {
        Logging.level(now.log().level());
        changed.add("log.level");
        log =
            new Settings.Log(
                now.log().level(), log.json(), log.file(), log.maxBytes(), log.maxFiles());
      }
      if (now.log().json() != log.json()) {
        waiting.add("log.format");
      }
    }
    if (!now.api().equals(settings.api())) {
      waiting.add("api");
    }
    if (!now.database().equals(settings.database())) {
      waiting.add("database");
    }
    if (!now.config().equals(settings.config())) {
      waiting.add("config");
    }
    if (!now.secrets().equals(settings.secrets())) {
      waiting.add("secrets");
    }
    if (!now.engine().equals(settings.engine())) {
      waiting.add("engine");
    }
    if (!now.traces().equals(settings.traces())) {
      waiting.add("traces");
    }
    try {
      if (!now.alerts().equals(semper.alerts().settings())) {
        semper.alerts().reload(now.alerts());
        changed.add("alerts");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SemperException(ErrorCode.SHUTTING_DOWN, "The server is ending");
    }
    LOG.info("read the settings again; changed: {}; wait for a restart: {}", changed, waiting);
    return new ReloadResult(changed, waiting);
  }

  /// Lets the answer to the caller out first.
  private void endSoon(boolean withWorkloads) {
    endWithWorkloads = withWorkloads;
    vertx.setTimer(50, _ -> end.countDown());
  }

  /// Makes a new administrator's token in the token file.
  void newToken() throws InterruptedException {
    tokens.makeLocal(settings.tokenFile());
    LOG.info("made a new administrator's token in {}", settings.tokenFile());
  }

  /// Makes [#awaitEnd] return.
  void end() {
    end.countDown();
  }

  /// Waits until somebody has asked for the end.
  void awaitEnd() throws InterruptedException {
    end.await();
  }

  /// Ends the server. What runs goes on running, unless the shutdown was asked with the workloads.
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    end.countDown();
    try {
      if (endWithWorkloads) {
        stopAll();
      }
      front.close();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    metrics.close();
    semper.close();
    closeTraces();
    vertx.close();
    try {
      Files.deleteIfExists(settings.serverFile());
    } catch (IOException e) {
      LOG.warn("cannot remove {}: {}", settings.serverFile(), e.getMessage());
    }
    pidFile.close();
  }

  private void stopAll() throws InterruptedException {
    Map<String, List<OperationRequest>> stops = new LinkedHashMap<>();
    for (Workload workload : semper.workloads().list(null)) {
      if (workload.desired() == Desired.RUNNING) {
        stops
            .computeIfAbsent(workload.tenant(), _ -> new ArrayList<>())
            .add(stop(workload.tenant(), workload.name()));
      }
    }
    for (Map.Entry<String, List<OperationRequest>> tenant : stops.entrySet()) {
      try {
        Operation batch =
            semper
                .operations()
                .submitAll(tenant.getKey(), tenant.getValue(), 100, false, true, "system", null);
        Operation ended = semper.operations().await(batch.id(), STOP_ALL);
        LOG.info("stopped the workloads of tenant {}: {}", tenant.getKey(), ended.status().id());
      } catch (SemperException e) {
        LOG.error("cannot stop the workloads of tenant {}: {}", tenant.getKey(), e.getMessage());
      }
    }
  }

  private static OperationRequest stop(String tenant, String name) {
    return new OperationRequest(
        tenant,
        name,
        OperationKind.STOP,
        "system",
        Priority.CRITICAL,
        false,
        true,
        true,
        true,
        false,
        false,
        null,
        1,
        null);
  }

  /// The message of what an exception wraps.
  static String reason(Throwable failure) {
    Throwable cause = failure.getCause();
    return String.valueOf(cause == null ? failure.getMessage() : cause.getMessage());
  }

  /// What an exception at the start means for whoever started it.
  static int exitCode(@Nullable Throwable failure) {
    return switch (failure) {
      case null -> 0;
      case SemperException e when e.code() == ErrorCode.ALREADY_EXISTS -> 3;
      case SemperException e when e.code() == ErrorCode.INVALID_REQUEST -> 2;
      case SemperException e when e.code().kind() == ErrorCode.Kind.UNAVAILABLE -> 5;
      case SemperException e when e.code() == ErrorCode.PRECONDITION_FAILED -> 5;
      case IOException _ -> 4;
      case UncheckedIOException _ -> 4;
      default -> 1;
    };
  }
}
