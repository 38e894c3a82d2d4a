package dev.semper.engine.config;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.operation.Configurer;
import dev.semper.engine.operation.Operation;
import dev.semper.engine.operation.Operations;
import dev.semper.engine.spec.ConfigSpec;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.workload.Configuration;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.Owners;
import dev.semper.engine.workload.Workload;
import dev.semper.spi.Driver;
import dev.semper.spi.ExecRequest;
import dev.semper.spi.ExecResult;
import dev.semper.spi.LaunchException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Brings configurations to the workloads that read them: at each launch, and by an operation of
/// kind `configure` when there is a new revision that comes to something else.
public final class Delivery implements Configuration, Configurer {
  private static final Logger LOG = LoggerFactory.getLogger(Delivery.class);
  private static final Duration AGAIN = Duration.ofMillis(250);
  private static final Duration IDLE = Duration.ofMinutes(10);
  private static final int MAX_OUTPUT = 4096;

  private record Place(String tenant, String workload) {}

  private final Configs configs;
  private final Map<String, Driver> drivers;
  private final Supplier<List<Workload>> workloads;
  private final Path directory;
  private final boolean root = "root".equals(System.getProperty("user.name"));
  private final Map<Place, Boolean> touched = new ConcurrentHashMap<>();
  private final Semaphore wakeups = new Semaphore(0);
  private @Nullable Thread thread;
  private @Nullable Operations operations;
  private @Nullable Owners owners;
  private volatile boolean closed;

  /// @param workloads those there are, whoever's
  /// @param directory for the files of instances, a directory each
  public Delivery(
      Configs configs,
      Map<String, Driver> drivers,
      Supplier<List<Workload>> workloads,
      Path directory) {
    this.configs = configs;
    this.drivers = drivers;
    this.workloads = workloads;
    this.directory = directory;
  }

  /// From now on new revisions are brought to those who follow; first what was written and not
  /// brought before the server ended.
  public void open(Operations open, Owners all) {
    operations = open;
    owners = all;
    sweep();
    configs.onWrite((tenant, name) -> {
      configs.workloadsReading(tenant, name).forEach(this::touch);
      wakeups.release();
    });
    all.onChange(workload -> {
      if (workload.spec().config() != null && workload.operationId() == null) {
        touch(workload);
        wakeups.release();
      }
    });
    workloads.get().forEach(this::touch);
    thread = Thread.ofVirtual().name("semper-config").start(this::run);
    wakeups.release();
  }

  private void touch(Workload workload) {
    touched.put(new Place(workload.tenant(), workload.name()), true);
  }

  private void run() {
    try {
      while (!closed) {
        boolean _ =
            wakeups.tryAcquire(
                (touched.isEmpty() ? IDLE : AGAIN).toMillis(), TimeUnit.MILLISECONDS);
        wakeups.drainPermits();
        for (Place place : List.copyOf(touched.keySet())) {
          touched.remove(place);
          bring(place);
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void bring(Place place) throws InterruptedException {
    Owners all = Objects.requireNonNull(owners);
    Optional<Workload> found = all.find(place.tenant(), place.workload());
    ConfigSpec config = found.map(w -> w.spec().config()).orElse(null);
    if (found.isEmpty() || config == null || !config.follow()) {
      return;
    }
    Workload workload = found.get();
    try {
      if (configs.newest(workload.tenant(), config.name()) <= config.revision()) {
        return;
      }
      long wanted = chosen(workload.tenant(), workload.spec());
      if (wanted == config.revision() || wanted <= tried(all, workload)) {
        return;
      }
      String author = configs.author(workload.tenant(), config.name());
      Optional<Operation> begun =
          Objects.requireNonNull(operations)
              .configure(workload.tenant(), workload.name(), wanted, author);
      if (begun.isEmpty()) {
        touch(workload); // another operation works on it; once more when that has ended
      }
    } catch (SemperException e) {
      if (e.code() == ErrorCode.SHUTTING_DOWN || e.code() == ErrorCode.FENCED) {
        closed = true;
      } else {
        LOG.info(
            "Workload {} of tenant {} cannot be given its configuration now: {}",
            workload.name(),
            workload.tenant(),
            e.getMessage());
      }
    }
  }

  /// The newest revision that there was ever a generation for: one that has failed is not tried
  /// again by itself.
  private static long tried(Owners all, Workload workload) {
    return all.newestRelease(workload)
        .map(spec -> spec.config())
        .map(ConfigSpec::revision)
        .orElse(0L);
  }

  // For operations.

  @Override
  public WorkloadSpec pin(String tenant, WorkloadSpec spec) {
    ConfigSpec config = spec.config();
    if (config == null) {
      return spec;
    }
    WorkloadSpec pinned = spec.withConfigRevision(chosen(tenant, spec));
    check(tenant, pinned);
    return pinned;
  }

  /// The revision it has, if the newest comes to the same.
  private long chosen(String tenant, WorkloadSpec spec) {
    ConfigSpec config = Objects.requireNonNull(spec.config());
    long newest = configs.newest(tenant, config.name());
    if (!config.follow() && config.revision() > 0) {
      if (config.revision() > newest) {
        throw Schema.Refusals.invalid(
            "workload " + spec.name(),
            List.of(
                new Problem(
                    "config.revision",
                    0,
                    "configuration %s has no revision %d; its newest is %d"
                        .formatted(config.name(), config.revision(), newest))));
      }
      return config.revision();
    }
    long present = present(tenant, spec);
    if (present > 0 && present < newest) {
      WorkloadSpec before = spec.withConfigRevision(present);
      WorkloadSpec after = spec.withConfigRevision(newest);
      boolean stays = !config.follow() || same(tenant, before, after);
      return stays ? present : newest;
    }
    return newest;
  }

  private boolean same(String tenant, WorkloadSpec before, WorkloadSpec after) {
    try {
      return configs
              .values(tenant, before, References.Secrets.SHOW)
              .equals(configs.values(tenant, after, References.Secrets.SHOW))
          && !configs.renewed(tenant, before, after);
    } catch (SemperException _) {
      return false; // the one before could not be had by this specification
    }
  }

  /// The revision that a workload of that name has of that configuration; 0 if it has none.
  private long present(String tenant, WorkloadSpec spec) {
    ConfigSpec config = Objects.requireNonNull(spec.config());
    return workloads.get().stream()
        .filter(w -> w.tenant().equals(tenant) && w.name().equals(spec.name()))
        .flatMap(w -> Stream.ofNullable(w.spec().config()))
        .filter(c -> c.name().equals(config.name()))
        .mapToLong(ConfigSpec::revision)
        .findFirst()
        .orElse(0);
  }

  @Override
  public void check(String tenant, WorkloadSpec spec) {
    if (spec.config() != null) {
      var _ = configs.values(tenant, spec, References.Secrets.SHOW);
    }
  }

  @Override
  public void deliver(Workload workload, Instance instance, WorkloadSpec spec)
      throws InterruptedException {
    ConfigSpec config = spec.config();
    if (config == null) {
      return;
    }
    render(workload, instance, spec);
    String name = workload.instanceName(instance);
    ConfigSpec.Change change = config.change();
    switch (change.mode()) {
      case NONE, RESTART -> {}
      case SIGNAL -> signal(spec, instance, name, change.signal());
      case HOOK -> command(spec, config, instance, name);
      case RELOAD -> post(config, instance, name);
    }
  }

  private void signal(WorkloadSpec spec, Instance instance, String name, String signal) {
    try {
      driver(spec).signal(instance.incarnation(), signal);
    } catch (RuntimeException e) {
      throw failed("%s could not be sent SIG%s: %s".formatted(name, signal, e.getMessage()), e);
    }
  }

  private void command(WorkloadSpec spec, ConfigSpec config, Instance instance, String name) {
    ConfigSpec.Change change = config.change();
    ExecResult result;
    try {
      result =
          driver(spec)
              .exec(
                  instance.incarnation(),
                  new ExecRequest(
                      change.command(),
                      null,
                      Map.of(
                          "SEMPER_CONFIG_REVISION",
                          String.valueOf(config.revision()),
                          "SEMPER_CONFIG_DIR",
                          own(instance).toString()),
                      change.timeout(),
                      MAX_OUTPUT));
    } catch (LaunchException e) {
      throw failed(
          "the command that tells %s of its configuration cannot run: %s"
              .formatted(name, e.getMessage()),
          e);
    }
    Integer code = result.exit().code();
    if (result.timedOut() || code == null || code != 0) {
      throw failed(
          "the command that tells %s of its configuration %s"
              .formatted(
                  name,
                  result.timedOut()
                      ? "took longer than " + change.timeout().toSeconds() + " s"
                      : "ended with " + result.exit()),
          null);
    }
  }

  private void post(ConfigSpec config, Instance instance, String name) throws InterruptedException {
    ConfigSpec.Change change = config.change();
    int port = change.port() == 0 ? instance.port() : change.port();
    URI uri = URI.create("http://127.0.0.1:" + port + change.path());
    try {
      HttpRequest request =
          HttpRequest.newBuilder(uri)
              .timeout(change.timeout())
              .header("Semper-Config-Revision", String.valueOf(config.revision()))
              .POST(BodyPublishers.noBody())
              .build();
      HttpResponse<Void> response = Http.CLIENT.send(request, BodyHandlers.discarding());
      if (response.statusCode() < 200 || response.statusCode() > 299) {
        throw failed(
            "%s answered %d to POST %s".formatted(name, response.statusCode(), change.path()),
            null);
      }
    } catch (IOException e) {
      throw failed("%s did not answer to POST %s: %s".formatted(name, change.path(), e), e);
    }
  }

  /// Loaded with the first request.
  private static final class Http {
    static final HttpClient CLIENT =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();
  }

  private Driver driver(WorkloadSpec spec) {
    Driver driver = drivers.get(spec.kind());
    if (driver == null) {
      throw new SemperException(ErrorCode.PRECONDITION_FAILED, "No driver for kind " + spec.kind());
    }
    return driver;
  }

  private static SemperException failed(String message, @Nullable Throwable cause) {
    return cause == null
        ? new SemperException(ErrorCode.CONFIG_NOT_DELIVERED, message)
        : SemperException.wrap(ErrorCode.CONFIG_NOT_DELIVERED, message, cause);
  }

  @Override
  public void render(Workload workload, Instance instance, WorkloadSpec spec) {
    if (spec.config() != null) {
      files(
          workload,
          instance,
          spec,
          configs.values(workload.tenant(), spec, References.Secrets.REVEAL));
    }
  }

  // For launches.

  @Override
  public Map<String, String> launch(Workload workload, Instance instance) {
    WorkloadSpec spec = workload.spec(instance);
    ConfigSpec config = spec.config();
    if (config == null) {
      return Map.of();
    }
    Map<String, Object> values = configs.values(workload.tenant(), spec, References.Secrets.REVEAL);
    files(workload, instance, spec, values);
    Map<String, String> env = new HashMap<>();
    env.put("SEMPER_CONFIG_REVISION", String.valueOf(config.revision()));
    if (!config.files().isEmpty()) {
      env.put("SEMPER_CONFIG_DIR", own(instance).toString());
    }
    if (config.wholeEnv()) {
      Map<String, @Nullable Object> plain = new TreeMap<>(values);
      env.putAll(ConfigFormat.variables(plain, config.envPrefix()));
    }
    config
        .env()
        .forEach((name, key) -> {
          Object value = Values.get(values, KeyPath.parse(key));
          if (value == null) {
            throw Schema.Refusals.invalid(
                "the configuration of workload " + spec.name(),
                List.of(new Problem("config.env." + name, 0, "there is no key " + key)));
          }
          env.put(name, ConfigFormat.text(value));
        });
    return env;
  }

  private Path own(Instance instance) {
    return directory.resolve(instance.incarnation());
  }

  private void files(
      Workload workload, Instance instance, WorkloadSpec spec, Map<String, Object> values) {
    ConfigSpec config = Objects.requireNonNull(spec.config());
    for (ConfigSpec.File file : config.files()) {
      String name =
          file.path()
              .replace("${SEMPER_INSTANCE}", workload.instanceName(instance))
              .replace("${SEMPER_ORDINAL}", String.valueOf(instance.ordinal()));
      Path path = own(instance).resolve(name);
      String text = Rendering.text(file, values);
      try {
        if (!Path.of(name).isAbsolute()) {
          makeDirectories(path);
        }
        AtomicFile.write(path, text, file.mode(), owner(file, spec), instance.incarnation());
      } catch (NoSuchFileException e) {
        throw SemperException.wrap(
            ErrorCode.PRECONDITION_FAILED,
            "%s cannot be written: its folder does not exist".formatted(path),
            e);
      } catch (IOException e) {
        throw failed("%s cannot be written: %s".formatted(path, Rendering.reason(e)), e);
      }
    }
  }

  /// For others to pass, but not to list.
  private void makeDirectories(Path file) throws IOException {
    Path parent = Objects.requireNonNull(file.getParent());
    if (Files.isDirectory(parent)) {
      return;
    }
    Files.createDirectories(
        parent, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
  }

  private @Nullable String owner(ConfigSpec.File file, WorkloadSpec spec) {
    return file.owner() != null
        ? file.owner()
        : root && spec.settings().get("user") instanceof String user ? user : null;
  }

  @Override
  public void forget(String incarnation) {
    delete(directory.resolve(incarnation));
  }

  private void sweep() {
    Set<String> known = new HashSet<>();
    workloads.get().forEach(w -> w.instances().forEach(i -> known.add(i.incarnation())));
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (Stream<Path> left = Files.list(directory)) {
      left.filter(d -> !known.contains(String.valueOf(d.getFileName()))).forEach(Delivery::delete);
    } catch (IOException e) {
      LOG.warn("{} is cleaned up at the next start: {}", directory, e.toString());
    }
  }

  private static void delete(Path directory) {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | UncheckedIOException e) {
      LOG.warn("{} is deleted at the next start: {}", directory, e.toString());
    }
  }

  /// Brings nothing more; what was not brought is at the next start.
  public void close() throws InterruptedException {
    closed = true;
    Thread running = thread;
    if (running != null) {
      running.interrupt();
      running.join(Duration.ofSeconds(5));
    }
  }
}
