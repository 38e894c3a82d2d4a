package dev.semper.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.api.ActionRequest;
import dev.semper.api.ApiException;
import dev.semper.api.ApplyRequest;
import dev.semper.api.EventInfo;
import dev.semper.api.OperationInfo;
import dev.semper.api.UnreachableException;
import dev.semper.api.WorkloadInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/// Kills the server at random moments, also while it starts, while workloads are started, stopped,
/// updated, rolled back, deleted and brought back, while processes crash and are killed. Now and
/// then it lets the dust settle and checks everything.
///
/// What is done is drawn from the seed; at which line the server is then, the machine decides. A
/// workload is of three kinds: `calm` ones sleep, `crasher` ones end by themselves with code 7 as
/// long as the file `storm` is there, and write it down before.
final class Chaos implements AutoCloseable {
  private static final List<String> NAMES =
      List.of("calm-a", "calm-b", "calm-c", "crasher-a", "crasher-b");
  private static final int BY_SIGKILL = 137;
  private static final int MOST_REQUESTS = 8;
  private static final int LONGEST_LIFE_MILLIS = 400;

  private final long seed;
  private final Random random;
  private final ServerProcess server = ServerProcess.create();
  private final Witness witness = new Witness(server);
  private final Path storm = server.home().resolve("storm");
  private final Path ends = server.home().resolve("ends");
  private final ScheduledExecutorService killer = Executors.newSingleThreadScheduledExecutor();

  /// Incarnations that were sent SIGKILL from outside.
  private final Set<String> shot = new HashSet<>();

  /// Workloads whose last command was a stop, with its operation.
  private final Map<String, String> stops = new HashMap<>();

  private final Map<String, Integer> done = new TreeMap<>();
  private int startMillis = 1000;
  private int version;
  private int kills;
  private int checks;

  Chaos(long seed) {
    this.seed = seed;
    random = new Random(seed);
  }

  /// @param kills how often the server is killed
  /// @param limit no further kill after that long
  /// @return what was done
  String run(int kills, Duration limit) {
    long end = System.nanoTime() + limit.toNanos();
    try {
      while (this.kills < kills && System.nanoTime() < end) {
        round();
        if (this.kills % 50 == 0) {
          System.out.println("chaos: " + this);
        }
      }
      check();
      return this.toString();
    } catch (AssertionError | RuntimeException e) {
      throw server.failure(this + ": " + e, e);
    }
  }

  /// One life of the server: one in three ends while it starts, the others after a few requests, in
  /// the middle of what comes of them. Times follow the machine's own pace.
  private void round() {
    storm(true);
    long launched = System.nanoTime();
    server.launch();
    boolean early = random.nextInt(3) == 0;
    int quiet = random.nextInt(MOST_REQUESTS);
    Future<?> death =
        early ? kill(startMillis + startMillis / 4) : CompletableFuture.completedFuture(null);
    try {
      server.awaitReady();
      startMillis = 1 + (int) ((System.nanoTime() - launched) / 1_000_000);
      for (int i = 0; !early && i < quiet; i++) {
        act();
      }
      if (!early) {
        death = kill(LONGEST_LIFE_MILLIS);
      }
      while (server.running()) {
        act();
      }
    } catch (UnreachableException e) {
      // It died meanwhile.
      if (!early && death.isDone() && server.running()) {
        throw e;
      }
    } catch (AssertionError e) {
      if (server.running()) {
        throw e;
      }
    }
    await(death);
    assertThat(server.awaitEnd(Duration.ZERO)).as("exit code of the server").isEqualTo(BY_SIGKILL);
    kills++;
    if (random.nextInt(3) == 0) {
      check();
    }
  }

  private Future<?> kill(int withinMillis) {
    return killer.schedule(server::kill9, random.nextInt(withinMillis), TimeUnit.MILLISECONDS);
  }

  private static void await(Future<?> future) {
    try {
      future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
  }

  private void act() {
    String name = NAMES.get(random.nextInt(NAMES.size()));
    switch (random.nextInt(14)) {
      case 0, 1 -> command(name, "start");
      case 2 -> command(name, "stop");
      case 3 -> command(name, "restart");
      case 4 -> command(name, "rollback");
      case 5 -> command(name, "delete");
      case 6, 7, 8 -> apply(List.of(name), false);
      case 9 -> apply(List.of(name), true);
      case 10, 11 -> apply(NAMES, false);
      default -> shoot();
    }
  }

  private void command(String name, String action) {
    ActionRequest queueing =
        new ActionRequest(null, null, random.nextBoolean(), null, null, null, null, null, null);
    stops.remove(name);
    ask(
        action,
        () -> {
          OperationInfo operation = server.client().act(name, action, queueing);
          if (action.equals("stop")) {
            stops.put(name, operation.id());
          }
        });
  }

  /// @param bad whether the new version cannot run
  private void apply(List<String> names, boolean bad) {
    version++;
    StringBuilder document = new StringBuilder();
    names.forEach(name -> document.append(workload(name, bad)));
    names.forEach(stops::remove);
    ApplyRequest request =
        new ApplyRequest(
            document.toString(), "toml", null, null, random.nextBoolean(), null, null, null, null);
    ask(bad ? "apply bad" : "apply", () -> server.client().apply(request));
  }

  private String workload(String name, boolean bad) {
    String rest = bad ? "exit 9" : name.startsWith("calm") ? Stage.SLEEP : crasher();
    return """
    [workloads.%s]
    kind = "process"
    version = "%d"
    instances = %d
    command = ["/bin/sh", "-c", '''%s''']
    start_seconds = "%s"
    stop = { timeout = "5s" }
    restart = { policy = "%s", delay = "20ms", max_delay = "100ms", max_attempts = 0 }
    update = { order = "%s", ready_timeout = "5s" }
    """
        .formatted(
            name,
            version,
            1 + random.nextInt(2),
            witness.unit(rest),
            bad ? "100ms" : "0s",
            bad ? "no" : "always",
            random.nextBoolean() ? "start-first" : "stop-first");
  }

  private String crasher() {
    return """
    exec perl -e 'while (1) { select undef, undef, undef, 0.05 + rand 0.3;
      next unless -e "%s" && rand() < 0.3;
      $SIG{TERM} = "IGNORE";
      open my $f, ">>", "%s";
      syswrite $f, "$ENV{SEMPER_INCARNATION}\\n";
      exit 7 }'
    """
        .formatted(storm, ends);
  }

  private void ask(String what, Runnable call) {
    try {
      call.run();
      done.merge(what, 1, Integer::sum);
    } catch (ApiException e) {
      if (e.status() >= 500) {
        throw e;
      }
      done.merge(what + " refused", 1, Integer::sum);
    }
  }

  private void shoot() {
    List<ServerProcess.Member> targets =
        server.members().stream().filter(m -> m.workload().startsWith("calm")).toList();
    if (!targets.isEmpty()) {
      ServerProcess.Member target = targets.get(random.nextInt(targets.size()));
      shot.add(target.incarnation());
      ProcessHandle.of(target.pid()).ifPresent(ProcessHandle::destroyForcibly);
      done.merge("shot", 1, Integer::sum);
    }
  }

  private void storm(boolean on) {
    try {
      if (on) {
        Files.writeString(storm, "");
      } else {
        Files.deleteIfExists(storm);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Lets everything come to rest and compares. The server is killed at the end.
  private void check() {
    storm(false);
    server.start();
    witness.verify();
    checks++;
    Map<String, EventInfo> exits = new HashMap<>();
    witness
        .events("instance.exited")
        .forEach(e -> exits.put(String.valueOf(e.data().get("incarnation")), e));
    for (String incarnation : ended()) {
      assertThat(data(exits, incarnation)).as(incarnation).containsEntry("code", 7);
    }
    Set<String> stopped = witness.incarnations("instance.exited");
    for (String incarnation : shot) {
      if (stopped.contains(incarnation)) {
        assertThat(data(exits, incarnation).get("signal")).as(incarnation).isIn("KILL", "TERM");
      }
    }
    assertThat(witness.events("operation.inconsistent")).isEmpty();
    checkStops();
    server.kill9();
  }

  private static Map<String, Object> data(Map<String, EventInfo> exits, String incarnation) {
    EventInfo exit = exits.get(incarnation);
    assertThat(exit).as("instance.exited of %s", incarnation).isNotNull();
    return exit == null ? Map.of() : exit.data();
  }

  /// Incarnations that wrote down that they end with code 7.
  private List<String> ended() {
    try {
      return Files.exists(ends) ? Files.readAllLines(ends) : List.of();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// An operator's stop holds until another command, whatever happens to the server.
  private void checkStops() {
    Map<String, WorkloadInfo> workloads = new HashMap<>();
    server.client().workloads().items().forEach(w -> workloads.put(w.name(), w));
    stops.forEach((name, operation) -> {
      WorkloadInfo workload = workloads.get(name);
      if (workload != null && server.client().operation(operation).succeeded()) {
        assertThat(workload.desired()).as(name).isEqualTo("stopped");
        assertThat(server.members().stream().filter(m -> m.workload().equals(name)))
            .as("processes of %s, which was stopped", name)
            .isEmpty();
        done.merge("stops that held", 1, Integer::sum);
      }
    });
  }

  @Override
  public void close() {
    killer.shutdownNow();
    server.close();
  }

  @Override
  public String toString() {
    return "seed %d: %d kills, %d checks, %d starts of processes, %s"
        .formatted(seed, kills, checks, witness.starts().size(), done);
  }
}
