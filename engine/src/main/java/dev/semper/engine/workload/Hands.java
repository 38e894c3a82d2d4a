package dev.semper.engine.workload;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.spec.HookSpec;
import dev.semper.engine.spec.ProbeSpec;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.spi.Attachment;
import dev.semper.spi.Driver;
import dev.semper.spi.Exit;
import dev.semper.spi.InstanceLog;
import dev.semper.spi.Launch;
import dev.semper.spi.LaunchException;
import dev.semper.spi.Running;
import dev.semper.spi.StopRequest;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Carries out effects: calls drivers on virtual threads, one call at a time per incarnation, and
/// tells owners what came of it.
final class Hands implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Hands.class);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Map<String, Driver> drivers;
  private final Launches launches;
  private final Prober prober;
  private final Boundaries boundaries;
  private final ScheduledThreadPoolExecutor timer;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, CompletableFuture<Void>> lanes = new ConcurrentHashMap<>();

  /// When each incarnation started, by the monotonic clock.
  private final Map<String, Long> startedNanos = new ConcurrentHashMap<>();

  /// Where the log of each incarnation began that has a probe of its log.
  private final Map<String, Long> logStarts = new ConcurrentHashMap<>();

  Hands(Map<String, Driver> drivers, Launches launches, Prober prober, Boundaries boundaries) {
    this.boundaries = boundaries;
    this.drivers = drivers;
    this.launches = launches;
    this.prober = prober;
    timer =
        new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().daemon().name("timer").factory());
    timer.setRemoveOnCancelPolicy(true);
    timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  void carryOut(Workload workload, Effect effect, Owner owner) {
    boundaries.pass("effect/" + effect.getClass().getSimpleName() + "/decided");
    switch (effect) {
      case Effect.Start(Instance instance) ->
          inLane(instance.incarnation(), () -> start(workload, instance, owner));
      case Effect.Stop(Instance instance, var how) ->
          inLane(
              instance.incarnation(),
              () ->
                  stop(
                      workload,
                      instance,
                      new StopRequest(how.signal(), how.timeout(), next(workload, instance)),
                      owner));
      case Effect.Forget(String incarnation) -> {
        inLane(
            incarnation,
            () -> {
              startedNanos.remove(incarnation);
              logStarts.remove(incarnation);
              launches.forget(incarnation);
              // Of which kind it was is forgotten already.
              drivers.values().forEach(driver -> driver.forget(incarnation));
            });
        CompletableFuture<Void> last = lanes.get(incarnation);
        if (last != null) {
          var _ = last.thenRun(() -> lanes.remove(incarnation, last));
        }
      }
      case Effect.Watch(Instance instance) -> watch(workload, instance, owner);
      case Effect.Unwatch(String incarnation) -> prober.unwatch(incarnation);
      case Effect.Later(WorkloadEvent event, Duration delay) ->
          later(() -> owner.tell(event), delay);
    }
  }

  /// After a restart of the server: finds out what has become of an incarnation and tells the
  /// owner.
  void reattach(Workload workload, Instance instance, Owner owner) {
    inLane(
        instance.incarnation(),
        () -> {
          switch (driver(workload, instance).attach(instance.incarnation())) {
            case Attachment.Alive(Running running) -> {
              started(instance, running);
              owner.tell(new WorkloadEvent.Attached(instance.incarnation(), running));
            }
            case Attachment.Ended(Exit exit) -> exited(owner, instance.incarnation(), exit);
            case Attachment.NeverStarted() -> neverStarted(workload, instance, owner);
          }
        });
  }

  private void neverStarted(Workload workload, Instance instance, Owner owner) {
    switch (instance.phase()) {
      case LAUNCHING -> start(workload, instance, owner);
      case STARTING, RUNNING, STOPPING, RESTARTING ->
          exited(
              owner,
              instance.incarnation(),
              Exit.unknown(Instant.now(), "the driver has no record of it"));
      case BACKOFF, ENDED, FAILED -> {}
    }
  }

  /// Why another one takes its place, if one does.
  private static Launch.@Nullable Cause next(Workload workload, Instance instance) {
    if (instance.phase() == Instance.Phase.RESTARTING || workload.state() == State.RESTARTING) {
      return Launch.Cause.RESTART;
    }
    return workload.state() == State.UPDATING ? Launch.Cause.UPDATE : null;
  }

  void exited(Owner owner, String incarnation, Exit exit) {
    Long started = startedNanos.remove(incarnation);
    Duration uptime =
        started == null
            ? uptime(owner.current(), incarnation, exit)
            : Duration.ofNanos(System.nanoTime() - started);
    owner.tell(new WorkloadEvent.Exited(incarnation, exit, uptime));
  }

  /// It ended while no server ran: only the wall clock can tell.
  private static Duration uptime(Workload workload, String incarnation, Exit exit) {
    return workload.instances().stream()
        .filter(i -> i.incarnation().equals(incarnation))
        .flatMap(i -> Stream.ofNullable(i.startedAt()))
        .map(start -> Duration.between(start, exit.at()))
        .filter(uptime -> !uptime.isNegative())
        .findFirst()
        .orElse(Duration.ZERO);
  }

  Driver driver(Workload workload) {
    return driver(workload.spec());
  }

  private Driver driver(Workload workload, Instance instance) {
    return driver(workload.spec(instance));
  }

  private Driver driver(WorkloadSpec spec) {
    Driver driver = drivers.get(spec.kind());
    if (driver == null) {
      throw new SemperException(
          ErrorCode.PRECONDITION_FAILED,
          "No driver runs workloads of kind %s; there is: %s"
              .formatted(spec.kind(), String.join(", ", drivers.keySet())));
    }
    return driver;
  }

  private void inLane(String incarnation, Runnable call) {
    if (threads.isShutdown()) {
      return;
    }
    lanes.compute(
        incarnation,
        (_, before) -> {
          CompletableFuture<Void> start =
              before == null ? CompletableFuture.completedFuture(null) : before;
          return start.handleAsync(
              (_, _) -> {
                guarded(incarnation, call);
                boundaries.pass("effect/done");
                return null;
              },
              threads);
        });
  }

  private static void guarded(String incarnation, Runnable call) {
    try {
      call.run();
    } catch (RuntimeException e) {
      LOG.error("The driver failed on {}", incarnation, e);
    }
  }

  private void start(Workload workload, Instance instance, Owner owner) {
    String incarnation = instance.incarnation();
    // A driver that does not answer is interrupted rather than waited for.
    var watchdog = interruptAfter(PATIENCE);
    try {
      noteLogStart(workload, instance);
      Driver driver = driver(workload, instance);
      Launch launch = launch(workload, instance);
      watchdog.cancel(false);
      watchdog = interruptAfter(driver.startTimeout(launch));
      Running running = driver.start(launch);
      started(instance, running);
      owner.tell(new WorkloadEvent.Launched(incarnation, running));
    } catch (LaunchException e) {
      owner.tell(
          new WorkloadEvent.LaunchFailed(
              incarnation, String.valueOf(e.getMessage()), e.retryable()));
    } catch (RuntimeException e) {
      watchdog.cancel(false);
      var _ = Thread.interrupted(); // What follows must not be interrupted in its turn.
      LOG.error("Starting {} failed", incarnation, e);
      unsure(workload, instance, owner, e);
    } finally {
      watchdog.cancel(false);
    }
  }

  /// What is in the log already is not of this incarnation. One that was launched by an earlier
  /// server has written to it since, so then it is not known.
  private void noteLogStart(Workload workload, Instance instance) {
    boolean watched =
        workload.spec(instance).probes().stream()
            .anyMatch(p -> p.method() instanceof ProbeSpec.Log);
    if (watched) {
      try {
        logStarts.putIfAbsent(instance.incarnation(), log(workload, instance).end());
      } catch (IOException e) {
        LOG.warn("The log of {} cannot be looked at before it starts", instance.incarnation(), e);
      }
    }
  }

  private InstanceLog log(Workload workload, Instance instance) {
    return driver(workload, instance)
        .log(launches.log(workload, workload.spec(instance), instance.ordinal()));
  }

  /// @throws LaunchException if, say, its file of variables cannot be read
  private Launch launch(Workload workload, Instance instance) throws LaunchException {
    try {
      return launches.of(workload, instance);
    } catch (SemperException e) {
      throw new LaunchException(
          "cannot start " + workload.instanceName(instance) + ": " + e.getMessage(),
          e.code().kind() == ErrorCode.Kind.UNAVAILABLE);
    }
  }

  /// The call to start ended oddly: the program may or may not run, and must not be left behind.
  private void unsure(Workload workload, Instance instance, Owner owner, RuntimeException why) {
    if (threads.isShutdown()) {
      return; // The next server finds out.
    }
    try {
      driver(workload, instance)
          .stop(instance.incarnation(), new StopRequest("KILL", Duration.ZERO));
      owner.tell(
          new WorkloadEvent.LaunchFailed(
              instance.incarnation(), "the driver failed: " + why.getMessage(), true));
    } catch (RuntimeException e) {
      LOG.error("Cleaning up after {} failed; trying again", instance.incarnation(), e);
      later(
          () -> inLane(instance.incarnation(), () -> unsure(workload, instance, owner, why)),
          Duration.ofSeconds(1));
    }
  }

  private void later(Runnable call, Duration delay) {
    if (delay.isZero()) {
      call.run();
    } else if (!timer.isShutdown()) {
      var _ = timer.schedule(call, delay.toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  private ScheduledFuture<?> interruptAfter(Duration patience) {
    Thread thread = Thread.currentThread();
    return timer.schedule(thread::interrupt, patience.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void started(Instance instance, Running running) {
    long age = Math.max(0, Duration.between(running.startedAt(), Instant.now()).toNanos());
    startedNanos.put(instance.incarnation(), System.nanoTime() - age);
  }

  private void stop(Workload workload, Instance instance, StopRequest request, Owner owner) {
    try {
      var result = driver(workload, instance).stop(instance.incarnation(), request);
      if (result.leftOver() > 0) {
        owner.tell(
            new WorkloadEvent.Noticed(
                instance.incarnation(),
                result.leftOver() + " processes could not be ended, even by SIGKILL"));
      }
      settleStop(workload, instance, owner);
    } catch (RuntimeException e) {
      LOG.error("Stopping {} failed; trying again", instance.incarnation(), e);
      owner.tell(
          new WorkloadEvent.Noticed(
              instance.incarnation(), "stopping failed, trying again: " + e.getMessage()));
      later(
          () -> inLane(instance.incarnation(), () -> stop(workload, instance, request, owner)),
          Duration.ofSeconds(1));
    }
  }

  /// The driver reports exits by itself; but an incarnation that never came to run has none.
  private void settleStop(Workload workload, Instance instance, Owner owner) {
    switch (driver(workload, instance).attach(instance.incarnation())) {
      case Attachment.Alive(Running _) -> {}
      case Attachment.Ended(Exit exit) -> exited(owner, instance.incarnation(), exit);
      case Attachment.NeverStarted() ->
          exited(owner, instance.incarnation(), Exit.unknown(Instant.now(), "it never ran"));
    }
  }

  private void watch(Workload workload, Instance instance, Owner owner) {
    WorkloadSpec spec = workload.spec(instance);
    prober.watch(
        new Prober.Watch(
            workload.tenant(),
            workload.name(),
            instance.incarnation(),
            spec.kind(),
            workload.instanceName(instance),
            instance.port(),
            spec.probes(),
            instance.health(),
            verdict -> owner.tell(new WorkloadEvent.Probed(verdict)),
            new Prober.Insight(
                () -> driver(workload, instance).usage(instance.incarnation()),
                () -> log(workload, instance),
                logStarts.getOrDefault(instance.incarnation(), -1L)),
            workload.spec().hooks().stream().anyMatch(HookSpec::everyCheck)
                ? check -> owner.tell(new WorkloadEvent.Checked(check))
                : null));
  }

  @Override
  public void close() {
    timer.shutdownNow();
    threads.shutdownNow();
  }
}
