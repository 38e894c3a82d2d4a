package dev.semper.cli;

import dev.semper.api.EventInfo;
import dev.semper.api.InstanceInfo;
import dev.semper.api.OperationInfo;
import dev.semper.api.WorkloadInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// The play itself: eight scenes, each of which checks what it claims.
final class Demo {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Terminal terminal;
  private final DemoStage stage;
  private final Table summary = Table.of("WHAT", "SEEN", "AS PROMISED");
  private int scene;

  Demo(Terminal terminal, DemoStage stage) {
    this.terminal = terminal;
    this.stage = stage;
  }

  void run() throws InterruptedException, IOException {
    Instant begun = Instant.now();
    start();
    apply();
    kill();
    breakProbe();
    update();
    killServer();
    end(begun);
  }

  private void start() {
    scene("A server on a home of its own, with the embedded database");
    long begun = System.nanoTime();
    stage.semper("daemon", "start");
    long millis = (System.nanoTime() - begun) / 1_000_000;
    check("server answers", stage.client().readiness().ready(), millis + " ms after its start");
  }

  private void apply() throws InterruptedException {
    scene("Four real programs from one file; the shop waits for its database");
    String file = stage.samples().resolve("demo.toml").toString();
    stage.semper("apply", "-f", file);
    ready("web", "worker", "database", "shop");
    stage.semper("status");
    check("all ready", true, stage.workloads().size() + " workloads");
    long database = first("database", "instance.ready").seq();
    long shop = first("shop", "instance.started").seq();
    check(
        "dependency waited for",
        database < shop,
        "database ready (event " + database + ") before shop started (event " + shop + ")");
    long operations = stage.client().operations(null, null, 1000).items().size();
    stage.semper("apply", "-f", file);
    long after = stage.client().operations(null, null, 1000).items().size();
    check("same file again", after == operations, "no operation, nothing touched");
  }

  private void kill() throws InterruptedException {
    scene("SIGKILL for the worker");
    InstanceInfo old = stage.instance("worker");
    long from = stage.lastEvent();
    long pid = DemoStage.requirePid(old);
    terminal.say(terminal.paint(Colour.QUIET, "$ kill -9 " + pid));
    DemoStage.kill(pid);
    EventInfo exited = event("worker", "instance.exited", from);
    EventInfo started = event("worker", "instance.started", exited.seq());
    ready("worker");
    long fresh = DemoStage.requirePid(stage.instance("worker"));
    check("worker back", fresh != pid, "process " + pid + " is " + fresh + " now");
    Duration latency = Duration.between(exited.at(), started.at());
    check(
        "restart latency",
        !latency.isNegative() && latency.compareTo(Duration.ofSeconds(1)) < 0,
        micros(latency) + " from its exit to its new start, both durable events");
    stage.semper("events", "--workload", "worker", "--after", Long.toString(from));
  }

  private void breakProbe() throws InterruptedException, IOException {
    scene("The web server lives but answers its liveness probe with 404");
    InstanceInfo old = stage.instance("web");
    long from = stage.lastEvent();
    Instant broken = Instant.now();
    Files.delete(stage.samples().resolve("demo/site/alive"));
    EventInfo started = event("web", "instance.started", from);
    ready("web");
    Duration healing = Duration.between(broken, Instant.now());
    InstanceInfo fresh = stage.instance("web");
    check(
        "liveness healed",
        !fresh.incarnation().equals(old.incarnation()) && fresh.health().live(),
        "process " + old.handle() + " replaced by " + fresh.handle());
    check(
        "seen by the probe",
        stage.events("web", "instance.probe_failed", from).stream()
            .anyMatch(event -> event.seq() < started.seq()),
        "broken to ready again in " + Times.span(healing));
    stage.await(
        "the web server should be healthy",
        Duration.ofSeconds(20),
        () -> Optional.of(stage.client().health("web")).filter(h -> h.status().equals("healthy")));
    stage.semper("health", "web");
  }

  private void update() throws InterruptedException, IOException {
    scene("A new version of the worker, and back again");
    stage.semper("apply", "-f", stage.samples().resolve("demo/worker-2.toml").toString());
    ready("worker");
    check(
        "updated",
        stage.instance("worker").version().equals("2.0.0"),
        "worker runs version " + stage.instance("worker").version());
    says("worker two is up");
    stage.semper("rollback", "worker");
    ready("worker");
    check(
        "rolled back",
        stage.instance("worker").version().equals("1.0.0"),
        "worker runs version " + stage.instance("worker").version());
    stage.semper("releases", "worker");
  }

  private void says(String words) throws InterruptedException {
    stage.await(
        "the worker's log should say '" + words + "'",
        PATIENCE,
        () -> {
          try {
            return Optional.of(stage.log("worker")).filter(log -> log.contains(words));
          } catch (IOException e) {
            throw new DemoFailure("the worker's log should be readable: " + e.getMessage());
          }
        });
  }

  private void killServer() throws InterruptedException, IOException {
    scene("SIGKILL for the server itself, in the middle of an update of the shop");
    long from = stage.lastEvent();
    stage.semper(
        "apply", "-f", stage.samples().resolve("demo/shop-2.toml").toString(), "--no-wait");
    OperationInfo under =
        stage.await(
            "the update of the shop should have launched a second instance",
            PATIENCE,
            () ->
                stage.events("shop", "instance.started", from).isEmpty()
                    ? Optional.empty()
                    : stage.client().operations("shop", null, 1).items().stream()
                        .filter(operation -> !operation.ended())
                        .findFirst());
    Map<String, Long> before = pids();
    long server = stage.serverPid();
    terminal.say(terminal.paint(Colour.QUIET, "$ kill -9 " + server));
    DemoStage.kill(server);
    stage.await(
        "the killed server should be gone",
        PATIENCE,
        () -> DemoStage.alive(server) ? Optional.empty() : Optional.of(server));
    check(
        "processes outlive it",
        before.values().stream().allMatch(DemoStage::alive),
        before.size() + " of " + before.size() + " still run without it");
    stage.reconnect();
    stage.semper("daemon", "start");
    attached(before, under);
    Files.createFile(stage.samples().resolve("demo/doors"));
    OperationInfo ended = stage.client().await(under.id(), Duration.ofSeconds(30));
    check(
        "operation ended",
        ended.succeeded() && stage.instance("shop").version().equals("2.0.0"),
        Waiting.title(ended) + ": " + ended.status() + ", begun before the kill");
    stage.semper("operations", "show", under.id());
  }

  /// Incarnation, after the name of its instance, to process of all that live.
  private Map<String, Long> pids() {
    Map<String, Long> pids = new TreeMap<>();
    for (WorkloadInfo workload : stage.workloads()) {
      for (InstanceInfo instance : workload.instances()) {
        DemoStage.pid(instance)
            .filter(DemoStage::alive)
            .ifPresent(pid -> pids.put(instance.name() + "  " + instance.incarnation(), pid));
      }
    }
    return pids;
  }

  /// What is known after the restart is what ran before it: nothing started twice, nothing lost.
  private void attached(Map<String, Long> before, OperationInfo under) {
    OperationInfo now = stage.client().operation(under.id());
    Map<String, Long> after = pids();
    Table table = Table.of("INSTANCE, INCARNATION", "PID BEFORE>", "PID AFTER>");
    before.forEach((incarnation, pid) ->
        table.row(incarnation, Long.toString(pid), String.valueOf(after.get(incarnation))));
    table.print(terminal);
    check(
        "re-attached",
        before.equals(after) && !now.ended(),
        after.size() + " processes, each with the PID it had; " + now.kind() + " goes on");
  }

  private void end(Instant begun) throws InterruptedException {
    scene("What was shown");
    check(
        "audit intact",
        stage.client().verifyAudit().intact(),
        stage.client().verifyAudit().records() + " records chained");
    Duration took = Duration.between(begun, Instant.now());
    check("whole demo", took.compareTo(Duration.ofSeconds(60)) < 0, Times.span(took));
    summary.print(terminal);
  }

  private void scene(String title) {
    scene++;
    terminal.say("");
    terminal.say(terminal.paint(Colour.STRONG, scene + ". " + title));
  }

  /// Goes on only if it holds.
  private void check(String what, boolean holds, String seen) {
    if (!holds) {
      throw new DemoFailure("'" + what + "' was expected to hold, and does not: " + seen);
    }
    terminal.say(terminal.paint(Colour.GOOD, "  ok  ") + what + ": " + seen);
    summary.row(what, seen, "yes");
  }

  private void ready(String... names) throws InterruptedException {
    for (String name : names) {
      stage.await(
          name + " should be ready, with nothing going on",
          PATIENCE,
          () ->
              Optional.of(stage.workload(name))
                  .filter(w -> w.state().equals("running") && w.operationId() == null)
                  .filter(w -> w.instancesReady() == w.instancesWanted()));
    }
  }

  private EventInfo first(String workload, String type) throws InterruptedException {
    return event(workload, type, 0);
  }

  private EventInfo event(String workload, String type, long after) throws InterruptedException {
    return stage.await(
        "there should be an event " + type + " of " + workload,
        PATIENCE,
        () -> {
          List<EventInfo> events = stage.events(workload, type, after);
          return events.isEmpty() ? Optional.empty() : Optional.of(events.getFirst());
        });
  }

  private static String micros(Duration latency) {
    return String.format("%.1f ms", latency.toNanos() / 1e6);
  }
}
