package dev.semper.engine.health;

import dev.semper.engine.workload.Prober;
import dev.semper.spi.ProbeMethod;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Probes instances. One thread keeps the time of all probes; a check that hangs holds nothing but
/// its own turn.
public final class Probes implements Prober, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Probes.class);
  private static final Duration HOLD = Duration.ofSeconds(5);
  private static final Duration CLOSE_WITHIN = Duration.ofSeconds(2);

  private final long origin = System.nanoTime();
  private final SocketChecker sockets = new SocketChecker();
  private final ThreadChecker threads;
  private final ProbeScheduler scheduler;
  private final Thread thread;
  private final Set<String> watched = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /// @param commands runs the commands of probes; the driver of the kind
  /// @param methods those that are not the engine's own, by name; asked for when one is used
  /// @param notices is told when the host is starved and when no longer
  public Probes(
      CommandRunner commands,
      Supplier<Map<String, ProbeMethod>> methods,
      Notices notices,
      InstantSource wall,
      RandomGenerator random) {
    this(Function.identity(), commands, methods, notices, wall, random);
  }

  /// @param plain does plain tcp and http checks, perhaps in place of the usual one
  Probes(
      Function<Checker, Checker> plain,
      CommandRunner commands,
      Supplier<Map<String, ProbeMethod>> methods,
      Notices notices,
      InstantSource wall,
      RandomGenerator random) {
    threads = new ThreadChecker(commands, methods);
    thread = Thread.ofPlatform().daemon().name("semper-probes").unstarted(this::run);
    scheduler =
        new ProbeScheduler(
            new EitherChecker(plain.apply(sockets), threads),
            new StarvationGuard(notices, HOLD),
            new Tally(),
            new Timing(random),
            wall,
            () -> System.nanoTime() - origin,
            sockets::wakeUp);
    thread.start();
  }

  /// Instances without probes never reach the scheduler: they would keep its thread awake.
  @Override
  public void watch(Watch watch) {
    if (!watch.probes().isEmpty()) {
      watched.add(watch.incarnation());
      scheduler.watch(watch);
    } else {
      unwatch(watch.incarnation());
    }
  }

  @Override
  public void unwatch(String incarnation) {
    if (watched.remove(incarnation)) {
      scheduler.unwatch(incarnation);
    }
  }

  /// From now on the listener is shown each check that has ended. It is called by the prober's one
  /// thread and must not block.
  public void onResult(BiConsumer<Watch, ProbeResult> listener) {
    scheduler.onResult(listener);
  }

  /// The last result of each probe of an incarnation that has one.
  public List<ProbeResult> recent(String incarnation) {
    return scheduler.results(incarnation);
  }

  public ProbeMetrics metrics() {
    return scheduler.metrics();
  }

  private void run() {
    try (sockets) {
      SocketChecker.rehearse();
      while (!closed) {
        turn();
      }
    } catch (Throwable e) {
      log.error("The prober has ended: no probe is checked any more", e);
    }
  }

  private void turn() {
    try {
      long next = scheduler.turn();
      sockets.await(next == ProbeScheduler.NEVER ? next : next - (System.nanoTime() - origin));
    } catch (Throwable e) {
      log.error("A turn of the prober failed; the next one is in 100 ms", e);
      LockSupport.parkNanos(StarvationGuard.SENTINEL);
    }
  }

  /// Ends all checks under way; no verdict is told after it.
  @Override
  public void close() {
    closed = true;
    sockets.wakeUp();
    try {
      thread.join(CLOSE_WITHIN);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    threads.close();
  }
}
