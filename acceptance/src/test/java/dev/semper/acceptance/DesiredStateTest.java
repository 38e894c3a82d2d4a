package dev.semper.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.api.ActionRequest;
import dev.semper.api.ApplyRequest;
import dev.semper.api.EventInfo;
import dev.semper.api.InstanceInfo;
import dev.semper.api.OperationInfo;
import dev.semper.api.PlanInfo;
import dev.semper.api.PlanItem;
import dev.semper.api.PlanRequest;
import dev.semper.api.WorkloadInfo;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What a file says is what runs: plan, apply, update, going back, dependencies, restarts.
@Timeout(120)
final class DesiredStateTest {
  private static Lab lab;
  @TempDir Path dir;

  @BeforeAll
  static void open() {
    lab = Lab.open();
  }

  @AfterAll
  static void close() {
    lab.close();
  }

  private static String sleeper(String name, String... more) {
    return """
    [workloads.%s]
    kind = "process"
    command = ["sleep", "600"]
    start_seconds = "0s"
    restart = { policy = "always", delay = "0s", max_attempts = 0 }
    %s
    """
        .formatted(name, String.join("\n", more));
  }

  private static PlanInfo plan(String toml, boolean prune) {
    return lab.client().plan(new PlanRequest(toml, "toml", null, prune));
  }

  private static int operations() {
    return lab.client().operations(null, null, 1000).items().size();
  }

  private static void act(String workload, String action) {
    OperationInfo begun = lab.client().act(workload, action, ActionRequest.DEFAULT);
    OperationInfo ended = lab.client().await(begun.id(), Lab.PATIENCE);
    assertThat(ended.succeeded()).as(ended::toString).isTrue();
  }

  @Test
  void theSameFileTwiceIsNoOperationAndOnlyPruneDeletes() {
    String both = sleeper("one") + sleeper("two");
    assertThat(plan(both, false).items()).extracting(PlanItem::action).contains("create");
    lab.run(both);
    long one = lab.pid("one");
    int operations = operations();

    assertThat(plan(both, false).empty()).isTrue();
    assertThat(lab.client().apply(ApplyRequest.of(both, "toml")).operation()).isNull();
    assertThat(lab.client().apply(ApplyRequest.of(sleeper("one"), "toml")).operation()).isNull();
    assertThat(operations()).isEqualTo(operations);
    assertThat(lab.pid("one")).isEqualTo(one);
    assertThat(lab.workload("two").instancesReady()).isEqualTo(1);

    assertThat(plan(sleeper("one"), true).items())
        .anyMatch(item -> item.workload().equals("two") && item.action().equals("delete"));
    ApplyRequest prune =
        new ApplyRequest(sleeper("one"), "toml", null, true, null, null, null, null, null);
    OperationInfo begun = Objects.requireNonNull(lab.client().apply(prune).operation());
    assertThat(lab.client().await(begun.id(), Lab.PATIENCE).succeeded()).isTrue();
    assertThat(lab.client().workloads().items())
        .extracting(WorkloadInfo::name)
        .doesNotContain("two");
    assertThat(lab.pids("two")).isEmpty();
    assertThat(lab.pid("one")).isEqualTo(one);
    lab.delete("one");
  }

  @Test
  void whatOnlySemperSeesChangesWithoutARestart() {
    lab.run(sleeper("live"));
    long pid = lab.pid("live");
    String changed =
        sleeper(
                "live",
                "stop = { timeout = \"3s\" }",
                "labels = { team = \"a\" }",
                "log = { max_size = \"1Mi\" }",
                "[[workloads.live.probes]]",
                "name = \"alive\"",
                "type = \"liveness\"",
                "command = [\"true\"]",
                "period = \"100ms\"")
            .replace("delay = \"0s\"", "delay = \"100ms\"");
    assertThat(plan(changed, false).items())
        .singleElement()
        .satisfies(item -> assertThat(item.action()).isEqualTo("reconfigure"));

    lab.run(changed);

    assertThat(lab.pid("live")).isEqualTo(pid);
    assertThat(lab.workload("live").generation()).isEqualTo(2);
    lab.await(
        "live",
        "is probed",
        w -> "ok".equals(w.instances().getFirst().health().probes().get("alive")));
    assertThat(lab.pid("live")).isEqualTo(pid);
    assertThat(lab.workload("live").restarts()).isZero();
    lab.delete("live");
  }

  private String web(String version, String greeting) throws IOException {
    Path program =
        Files.writeString(
            dir.resolve("web.pl"),
            """
            use Socket; $| = 1; $SIG{PIPE} = 'IGNORE'; my $greeting = shift; select(undef, undef, undef, 0.3);
            socket(S, PF_INET, SOCK_STREAM, 0); setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1);
            bind(S, sockaddr_in($ENV{SEMPER_PORT}, INADDR_LOOPBACK)) or die "bind: $!"; listen(S, 64);
            while (accept(C, S)) { sysread(C, $_, 4096); my $n = length $greeting;
              syswrite(C, "HTTP/1.1 200 OK\\r\\nContent-Length: $n\\r\\nConnection: close\\r\\n\\r\\n$greeting"); close(C) }
            """);
    return """
    [workloads.web]
    kind = "process"
    version = "%s"
    command = ["perl", "%s", "%s"]
    instances = 2
    port = "auto"
    start_seconds = "0s"
    stop = { timeout = "2s" }
    restart = { policy = "always", delay = "0s", max_attempts = 0 }
    update = { ready_timeout = "4s" }

    [[workloads.web.probes]]
    name = "serves"
    type = "readiness"
    http = { path = "/" }
    period = "100ms"
    """
        .formatted(version, program, greeting);
  }

  /// Asks whichever instance the API calls ready, again and again, as a router would.
  private static final class Visitor implements AutoCloseable {
    private final AtomicBoolean done = new AtomicBoolean();
    private final AtomicInteger served = new AtomicInteger();
    private final List<String> failures = new ArrayList<>();
    private final Thread thread = Thread.ofPlatform().start(this::run);

    private void run() {
      while (!done.get()) {
        List<InstanceInfo> ready =
            lab.workload("web").instances().stream()
                .filter(i -> i.phase().equals("running") && i.health().ready())
                .toList();
        if (ready.isEmpty()) {
          failures.add("no instance is ready: " + lab.workload("web").instances());
        } else if (ready.stream().anyMatch(i -> visit(i.port()) != null)) {
          served.incrementAndGet();
        } else {
          failures.add("none of " + ready + " answers");
        }
      }
    }

    static @Nullable String visit(int port) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 2000);
        socket.setSoTimeout(2000);
        socket.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.UTF_8));
        InputStream in = socket.getInputStream();
        String answer = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        return answer.startsWith("HTTP/1.1 200")
            ? answer.substring(answer.indexOf("\r\n\r\n") + 4)
            : null;
      } catch (IOException e) {
        return null; // gone meanwhile; another one has to answer
      }
    }

    @Override
    public void close() {
      done.set(true);
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Test
  void anUpdateNeverLeavesNobodyReadyAndABadOneGoesBackByItself() throws Exception {
    lab.run(web("1", "one"));
    try (Visitor visitor = new Visitor()) {
      Awaitility.await().atMost(Lab.PATIENCE).until(() -> visitor.served.get() > 3);

      lab.run(web("2", "two"));

      assertThat(greetings()).containsExactly("two", "two");
      List<Long> before = lab.pids("web");
      assertThat(before).hasSize(2);
      OperationInfo bad =
          lab.apply(
              web("3", "three").replace("path = \"/\"", "path = \"/\", expected_status = [418]"));
      assertThat(bad.succeeded()).isFalse();
      assertThat(lab.last("web").status()).isEqualTo("rolled_back");
      assertThat(lab.pids("web")).containsExactlyInAnyOrderElementsOf(before);
      lab.await("web", "is as before", w -> w.state().equals("running") && w.instancesReady() == 2);
      assertThat(lab.workload("web").version()).isEqualTo("2");
      assertThat(greetings()).containsExactly("two", "two");
      int served = visitor.served.get();
      Awaitility.await().atMost(Lab.PATIENCE).until(() -> visitor.served.get() > served + 3);
      visitor.done.set(true);
      visitor.thread.join();
      System.out.println("visits during updates: " + visitor.served);
      assertThat(visitor.failures).isEmpty();
    }
    act("web", "rollback");
    assertThat(greetings()).containsExactly("one", "one");
    lab.delete("web");
  }

  private static List<String> greetings() {
    return lab.workload("web").instances().stream()
        .map(i -> String.valueOf(Visitor.visit(i.port())))
        .toList();
  }

  @Test
  void dependentsComeBackByThemselvesAndStopFirst() throws IOException {
    Path ready = dir.resolve("ready");
    String base =
        """
        [workloads.base]
        kind = "process"
        command = ["sh", "-c", "sleep 0.2; touch %s; exec sleep 600"]
        start_seconds = "0s"
        restart = { policy = "always", delay = "300ms", jitter = 0, max_attempts = 0 }

        [[workloads.base.probes]]
        name = "ready"
        type = "readiness"
        command = ["test", "-f", "%s"]
        period = "100ms"
        failure_threshold = 1
        """
            .formatted(ready, ready);
    lab.run(base + sleeper("top", "depends_on = [\"base\"]"));
    assertThat(lab.awaitEvent("base", "instance.ready", 0).seq())
        .isLessThan(lab.awaitEvent("top", "instance.started", 0).seq());

    // Both end; the dependent has to wait for its dependency.
    long from = lab.lastEvent();
    long top = lab.pid("top");
    long old = lab.pid("base");
    Files.delete(ready);
    Lab.signal("KILL", old);
    Lab.signal("KILL", top);
    lab.awaitSuccessor("base", old);
    lab.awaitSuccessor("top", top);
    assertThat(lab.awaitEvent("base", "instance.ready", from).seq())
        .isLessThan(lab.awaitEvent("top", "instance.ready", from).seq());

    from = lab.lastEvent();
    OperationInfo stop =
        lab.client()
            .act(
                "base",
                "stop",
                new ActionRequest(null, null, null, null, null, true, null, null, null));
    assertThat(lab.client().await(stop.id(), Lab.PATIENCE).succeeded()).isTrue();
    assertThat(lab.awaitEvent("top", "instance.exited", from).seq())
        .isLessThan(lab.awaitEvent("base", "instance.exited", from).seq());
    lab.delete("top");
    lab.delete("base");
  }

  @Test
  void anOperatorsStopOutlivesServersAndDependencies() {
    lab.run(sleeper("ground") + sleeper("held", "depends_on = [\"ground\"]"));
    act("held", "stop");
    long ground = lab.pid("ground");

    lab.server().crashAndStart();
    Lab.signal("KILL", ground);
    lab.awaitSuccessor("ground", ground);
    act("ground", "restart");
    lab.server().restart();

    assertThat(
            lab.client()
                .apply(ApplyRequest.of(sleeper("held", "depends_on = [\"ground\"]"), "toml"))
                .operation())
        .isNull();
    assertThat(lab.workload("held").state()).isEqualTo("stopped");
    assertThat(lab.workload("held").desired()).isEqualTo("stopped");
    assertThat(lab.pids("held")).isEmpty();
    act("held", "start");
    assertThat(lab.workload("held").instancesReady()).isEqualTo(1);
    lab.delete("held");
    lab.delete("ground");
  }

  @Test
  void theRestartLimitSlowsDownIsNamedAndOutlivesTheServer() {
    lab.run(
        sleeper("limited")
            .replace(
                "delay = \"0s\", max_attempts = 0",
                "delay = \"0s\", max_attempts = 2, max_delay = \"90s\", jitter = 0"));
    for (int i = 0; i < 2; i++) {
      long pid = lab.pid("limited");
      Lab.signal("KILL", pid);
      lab.awaitSuccessor("limited", pid);
    }
    long from = lab.lastEvent();
    Lab.signal("KILL", lab.pid("limited"));

    EventInfo limit = lab.awaitEvent("limited", "instance.restart_limit_reached", from);

    assertThat(limit.data()).containsEntry("delay_ms", 90_000).containsEntry("attempt", 3);
    assertThat(String.valueOf(limit.data().get("cause"))).contains("KILL");
    lab.await("limited", "waits", w -> w.instances().getFirst().phase().equals("backoff"));
    InstanceInfo before = lab.instance("limited");
    lab.server().crashAndStart();
    InstanceInfo after = lab.instance("limited");
    assertThat(after.phase()).isEqualTo("backoff");
    assertThat(after.nextAttemptAt()).isEqualTo(before.nextAttemptAt());
    assertThat(after.restarts()).isEqualTo(3);
    assertThat(after.recentAttempts()).isEqualTo(before.recentAttempts());
    lab.delete("limited");
  }

  @Test
  void aCrowdThatDiesAtOnceComesBackWithoutAStampede() {
    lab.run(sleeper("crowd", "instances = 40"));
    List<Long> before = lab.pids("crowd");
    long begun = System.nanoTime();
    before.forEach(pid -> Lab.signal("KILL", pid));

    lab.await(
        "crowd",
        "is back",
        w ->
            w.instancesReady() == 40
                && w.instances().stream().noneMatch(i -> before.contains(Lab.pid(i))));

    System.out.printf(
        "40 killed one after the other, all back %d ms after the first%n",
        (System.nanoTime() - begun) / 1_000_000);
    assertThat(lab.pids("crowd")).hasSize(40);
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(20));
    lab.delete("crowd");
  }
}
