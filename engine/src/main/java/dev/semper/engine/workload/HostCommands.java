package dev.semper.engine.workload;

import dev.semper.spi.Attachment;
import dev.semper.spi.Driver;
import dev.semper.spi.Exit;
import dev.semper.spi.Launch;
import dev.semper.spi.LaunchException;
import dev.semper.spi.Running;
import dev.semper.spi.StopRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs commands that belong to no instance as incarnations of the process driver: one that was
/// begun before a crash is found, running or ended, and not run again; its exit is known even if no
/// server looked; it ends with everything it has started.
public final class HostCommands {
  private static final Logger LOG = LoggerFactory.getLogger(HostCommands.class);
  private static final int DELETIONS = 10;
  private static final StopRequest GENTLY = new StopRequest("TERM", Duration.ofSeconds(5));
  private static final Duration LAST_WORD = Duration.ofSeconds(10);

  /// Makes a launch; called only if there is nothing to be found.
  public interface Launcher {
    Launch launch() throws IOException;
  }

  private final @Nullable Driver driver;
  private final Path directory;
  private final String prefix;
  private final Clock clock;
  private final Map<String, CompletableFuture<Exit>> exits = new ConcurrentHashMap<>();

  /// @param driver of kind `process`; null if there is none
  /// @param directory for what is written while they run, a directory each
  /// @param prefix of their incarnations
  public HostCommands(@Nullable Driver driver, Path directory, String prefix, Clock clock) {
    this.driver = driver;
    this.directory = directory;
    this.prefix = prefix;
    this.clock = clock;
  }

  public boolean available() {
    return driver != null;
  }

  public Path directory() {
    return directory;
  }

  public Path directory(String incarnation) {
    return directory.resolve(incarnation);
  }

  /// Makes the directory of an incarnation, for nobody else to read.
  public void makeDirectory(String incarnation) throws IOException {
    Path own = Files.createDirectories(directory(incarnation));
    Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rwx------"));
  }

  public void exited(String incarnation, Exit exit) {
    CompletableFuture<Exit> waiting = exits.get(incarnation);
    if (waiting != null) {
      waiting.complete(exit);
    }
  }

  /// Begins a command, or finds one that an earlier server has begun.
  ///
  /// @throws IllegalStateException if there is no driver
  public Begun begin(String incarnation, Launcher launcher) throws LaunchException, IOException {
    Driver machine = driver;
    if (machine == null) {
      throw new IllegalStateException("there is no driver of kind process");
    }
    CompletableFuture<Exit> exit =
        exits.computeIfAbsent(incarnation, _ -> new CompletableFuture<>());
    boolean begun = false;
    try {
      Running running =
          switch (machine.attach(incarnation)) {
            case Attachment.Alive(Running alive) -> alive;
            case Attachment.Ended(Exit end) -> {
              exit.complete(end);
              yield null;
            }
            case Attachment.NeverStarted() -> machine.start(launcher.launch());
          };
      begun = true;
      return new Begun(machine, incarnation, running, exit);
    } finally {
      if (!begun) {
        exits.remove(incarnation);
      }
    }
  }

  /// Ends a command that is under way.
  public void stop(String incarnation) {
    if (driver != null && exits.containsKey(incarnation)) {
      driver.stop(incarnation, GENTLY);
    }
  }

  /// Its end is durable: its traces go, the files first, so that the driver lets go of them too.
  public void forget(String incarnation) {
    delete(directory(incarnation));
    if (driver != null) {
      forget(driver, incarnation);
    }
  }

  private static void forget(Driver driver, String incarnation) {
    try {
      driver.forget(incarnation);
    } catch (RuntimeException e) {
      LOG.warn("{} is forgotten at the next start: {}", incarnation, e.toString());
    }
  }

  /// Ends and forgets what an earlier server has left.
  ///
  /// @param wanted which incarnations go on
  public void sweep(Predicate<String> wanted) throws IOException {
    if (driver != null) {
      for (String incarnation : driver.incarnations()) {
        if (incarnation.startsWith(prefix) && !wanted.test(incarnation)) {
          driver.stop(incarnation, GENTLY);
          forget(driver, incarnation);
        }
      }
    }
    if (Files.isDirectory(directory)) {
      try (Stream<Path> left = Files.list(directory)) {
        left.filter(d -> !wanted.test(d.getFileName().toString())).forEach(HostCommands::delete);
      }
    }
  }

  private static void delete(Path directory) {
    for (int left = DELETIONS; left > 0 && Files.isDirectory(directory); left--) {
      try (Stream<Path> files = Files.walk(directory)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(file);
        }
      } catch (IOException | UncheckedIOException e) {
        // The driver may just be looking after a log that it does not know to be gone.
        if (left == 1) {
          LOG.warn("{} is deleted at the next start: {}", directory, e.toString());
        }
      }
    }
  }

  /// A command that runs or has ended; to be closed by who began it.
  public final class Begun implements AutoCloseable {
    private final Driver machine;
    private final String incarnation;
    private final @Nullable Running running;
    private final CompletableFuture<Exit> exit;

    private Begun(
        Driver machine,
        String incarnation,
        @Nullable Running running,
        CompletableFuture<Exit> exit) {
      this.machine = machine;
      this.incarnation = incarnation;
      this.running = running;
      this.exit = exit;
    }

    /// Null if it had ended when it was found.
    public @Nullable Running running() {
      return running;
    }

    /// By the wall clock, as the server may have been away; it may have jumped.
    public Duration left(Duration timeout) {
      if (running == null) {
        return Duration.ZERO;
      }
      Duration left = timeout.minus(Duration.between(running.startedAt(), clock.instant()));
      return left.isNegative() ? Duration.ZERO : left.compareTo(timeout) > 0 ? timeout : left;
    }

    /// Whether it has ended or does so within the patience.
    public boolean endsWithin(Duration patience) throws InterruptedException {
      try {
        exit.get(patience.toNanos(), TimeUnit.NANOSECONDS);
        return true;
      } catch (TimeoutException e) {
        return false;
      } catch (ExecutionException e) {
        throw new IllegalStateException(e);
      }
    }

    /// Stops it with all it has started.
    ///
    /// @return false if it cannot be ended
    public boolean end() throws InterruptedException {
      machine.stop(incarnation, GENTLY);
      return endsWithin(LAST_WORD);
    }

    /// How it ended; only after it has.
    public Exit exit() {
      return exit.join();
    }

    @Override
    public void close() {
      exits.remove(incarnation);
    }
  }
}
