package dev.semper.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.engine.Semper;
import dev.semper.engine.operation.ApplyRequest;
import dev.semper.engine.operation.Operation;
import dev.semper.engine.operation.OperationKind;
import dev.semper.engine.operation.OperationRequest;
import dev.semper.engine.operation.Priority;
import dev.semper.engine.spec.Format;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.store.Event;
import dev.semper.engine.store.EventFilter;
import dev.semper.engine.workload.State;
import dev.semper.engine.workload.Workload;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/// The whole engine on a temporary home with a [ScriptedDriver]. As a JUnit extension it starts
/// before each test, ends after it, and prints the journal when the test fails.
///
/// ```java
/// @RegisterExtension final EngineHarness engine = new EngineHarness();
/// ```
public final class EngineHarness
    implements BeforeEachCallback, AfterEachCallback, TestExecutionExceptionHandler, AutoCloseable {
  public static final String TENANT = "default";
  public static final String ACTOR = "tester";
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final ScriptedDriver driver = new ScriptedDriver();
  private final UnaryOperator<Semper.Builder> settings;
  private @Nullable Path home;
  private @Nullable Semper semper;
  private ScriptedDriver.@Nullable Connection connection;
  private CrashPoints points = new CrashPoints();

  public EngineHarness() {
    this(UnaryOperator.identity());
  }

  /// @param settings changes how the engine is built
  public EngineHarness(UnaryOperator<Semper.Builder> settings) {
    this.settings = settings;
  }

  @Override
  public void beforeEach(ExtensionContext context) throws Exception {
    start();
  }

  @Override
  public void afterEach(ExtensionContext context) {
    close();
  }

  @Override
  public void handleTestExecutionException(ExtensionContext context, Throwable failure)
      throws Throwable {
    System.out.println("---- " + context.getDisplayName() + "\n" + journal());
    throw failure;
  }

  /// Starts an engine on the home there is, or on a new one.
  public Semper start() throws InterruptedException {
    if (home == null) {
      try {
        Path memory = Path.of("/dev/shm"); // Many small commits: a disk would only slow tests down.
        home =
            Files.isWritable(memory)
                ? Files.createTempDirectory(memory, "semper-test-")
                : Files.createTempDirectory("semper-test-");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    connection = driver.connect();
    points = new CrashPoints();
    Semper started =
        settings
            .apply(
                Semper.builder()
                    .home(home)
                    .driver(connection)
                    .clock(Clock.systemUTC())
                    .boundaries(points))
            .start();
    semper = started;
    return started;
  }

  public Semper semper() {
    return Objects.requireNonNull(semper, "the engine does not run");
  }

  public ScriptedDriver driver() {
    return driver;
  }

  /// Where everything of the engine is.
  public Path home() {
    return Objects.requireNonNull(home, "the engine was never started");
  }

  /// The points at which it can be made to die.
  public CrashPoints points() {
    return points;
  }

  /// Ends the engine as a `kill -9` would, as far as one JVM can: nothing it does from now on
  /// reaches the machine or the database.
  public void crash() {
    Objects.requireNonNull(connection).cut();
    points.die();
    Semper dead = semper();
    semper = null;
    dead.store().close();
    points.release();
    dead.close();
  }

  /// Closes the engine cleanly.
  public void stop() {
    Semper running = semper();
    semper = null;
    running.close();
  }

  /// Crashes it and starts the next one on the same home and machine.
  public Semper restart() throws InterruptedException {
    crash();
    return start();
  }

  // Short words for what tests do most.

  public List<WorkloadSpec> specs(String toml) {
    return semper().specs().readDocument(toml, Format.TOML, null);
  }

  public ApplyRequest request(String toml) {
    return new ApplyRequest(
        TENANT, specs(toml), ACTOR, false, false, 10, false, true, Priority.NORMAL, null);
  }

  /// Applies and waits for the end; empty if nothing was to be done.
  public Optional<Operation> apply(String toml) throws InterruptedException {
    Optional<Operation> batch = semper().operations().apply(request(toml));
    return batch.isEmpty() ? batch : Optional.of(await(batch.get()));
  }

  /// Applies, and expects that it goes well.
  public void up(String toml) throws InterruptedException {
    Operation batch = apply(toml).orElseThrow();
    assertThat(batch.status()).as(batch.error()).isEqualTo(Operation.Status.SUCCEEDED);
  }

  /// Applies and does not wait.
  public Operation begin(String toml) throws InterruptedException {
    return semper().operations().apply(request(toml)).orElseThrow();
  }

  /// Asks for an operation and waits for its end.
  public Operation run(OperationKind kind, String workload) throws InterruptedException {
    return await(ask(kind, workload));
  }

  /// Asks for an operation and expects that it succeeds.
  public void succeed(OperationKind kind, String workload) throws InterruptedException {
    Operation ended = run(kind, workload);
    assertThat(ended.status()).as(ended.error()).isEqualTo(Operation.Status.SUCCEEDED);
  }

  /// Asks for an operation and does not wait.
  public Operation ask(OperationKind kind, String workload) throws InterruptedException {
    return semper().operations().submit(OperationRequest.of(TENANT, workload, kind, ACTOR));
  }

  public Operation await(Operation operation) throws InterruptedException {
    Operation ended = semper().operations().await(operation.id(), PATIENCE);
    assertThat(ended.status().ended()).as("still " + ended).isTrue();
    return ended;
  }

  public Workload workload(String name) {
    return semper().workloads().get(TENANT, name);
  }

  /// Waits until a workload is as told.
  public Workload await(String name, Predicate<Workload> condition) throws InterruptedException {
    return semper()
        .workloads()
        .await(TENANT, name, condition, PATIENCE)
        .orElseThrow(() -> new AssertionError(name + " stayed " + workload(name)));
  }

  /// Waits until a workload is in a state and no operation works on it.
  public Workload await(String name, State state) throws InterruptedException {
    return await(name, w -> w.state() == state && w.operationId() == null);
  }

  public List<Event> events() {
    List<Event> all = new ArrayList<>();
    long after = 0;
    while (true) {
      List<Event> page = semper().events().read(EventFilter.ALL.after(after), 1000);
      if (page.isEmpty()) {
        return all;
      }
      all.addAll(page);
      after = page.getLast().seq();
    }
  }

  /// Events of one type of one workload.
  public List<Event> events(String workload, String type) {
    return events().stream()
        .filter(e -> workload.equals(e.workload()) && e.type().equals(type))
        .toList();
  }

  /// All events, operations and workloads, for people.
  public String journal() {
    if (semper == null) {
      return "(the engine does not run)";
    }
    StringBuilder text = new StringBuilder();
    for (Event e : events()) {
      text.append(
          "%4d %s %s %s %s %s%n"
              .formatted(
                  e.seq(),
                  e.at(),
                  e.instance() == null ? e.workload() : e.instance(),
                  e.type(),
                  e.data(),
                  e.operationId() == null ? "" : e.operationId()));
    }
    for (Operation o : semper().operations().list(null, null, null, 100)) {
      text.append(
          "%s %s %s %s %s%n".formatted(o.id(), o.kind(), o.workload(), o.status(), o.error()));
      o.steps().forEach(s -> text.append("    ").append(s).append('\n'));
    }
    semper().workloads().list(null).forEach(w -> text.append(w).append('\n'));
    text.append("running: ").append(driver.instances()).append('\n');
    return text.toString();
  }

  @Override
  public void close() {
    if (semper != null) {
      stop();
    }
    driver.end();
    if (home != null) {
      delete(home);
      home = null;
    }
  }

  private static void delete(Path home) {
    try (Stream<Path> files = Files.walk(home)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
