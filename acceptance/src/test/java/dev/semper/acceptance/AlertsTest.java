package dev.semper.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.semper.api.AlertInfo;
import dev.semper.api.AlertQuery;
import dev.semper.api.ApplyRequest;
import dev.semper.api.DeliveryInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Alerts of a real server, told to real receivers.
@Timeout(180)
final class AlertsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final AlertQuery OPEN = new AlertQuery(null, null, null, false, 100);

  private static String settings(Receiver receiver) {
    return """
    [api]
    port = 0
    [alerts]
    interval = "1s"
    group_wait = "0s"
    group_interval = "0s"
    [[alerts.channels]]
    name = "ops"
    type = "webhook"
    url = "%s"
    secret_file = "hook.secret"
    [[alerts.rules]]
    name = "consecutive-failures"
    type = "consecutive_failures"
    count = 3
    severity = "critical"
    annotations = { summary = "{workload} fails its probe, {value} times by now" }
    """
        .formatted(receiver.url());
  }

  private static ServerProcess server(Receiver receiver) throws IOException {
    ServerProcess server = ServerProcess.create().settings(settings(receiver));
    Files.writeString(server.home().resolve("hook.secret"), "s3cret\n");
    return server.start();
  }

  private static Path well(ServerProcess server) {
    return server.home().resolve("well");
  }

  private static void apply(ServerProcess server) {
    String document =
        """
        [workloads.web]
        kind = "process"
        command = ["/bin/sh", "-c", "exec sleep 1000"]
        start_seconds = "100ms"
        [[workloads.web.probes]]
        name = "file"
        type = "readiness"
        command = ["/usr/bin/test", "-e", "%s"]
        period = "200ms"
        failure_threshold = 1000
        """
            .formatted(well(server));
    server
        .client()
        .apply(new ApplyRequest(document, "toml", null, false, null, null, null, true, null));
  }

  private static List<String> firing(ServerProcess server) {
    return server.client().alerts(OPEN).items().stream()
        .filter(a -> a.status().equals("firing"))
        .map(AlertInfo::rule)
        .toList();
  }

  @Test
  void tellsAReceiverOfAFaultAndOfItsEnd() throws IOException {
    try (Receiver receiver = Receiver.withSecret("s3cret").up();
        ServerProcess server = server(receiver)) {
      apply(server);

      await().atMost(PATIENCE).until(() -> receiver.got().size() == 1);
      Receiver.Got first = receiver.got().getFirst();
      assertThat(first.signed()).isTrue();
      assertThat(first.status()).isEqualTo("firing");
      assertThat(first.rules()).containsExactly("consecutive-failures");
      assertThat(first.body().at("/alerts/0/summary").asString()).startsWith("web fails its probe");

      Files.writeString(well(server), "");
      await().atMost(PATIENCE).until(() -> receiver.got().size() == 2);
      assertThat(receiver.got().getLast().status()).isEqualTo("resolved");
      assertThat(firing(server)).isEmpty();
      assertThat(server.client().metrics())
          .contains("semper_alert_deliveries_total{channel=\"ops\",outcome=\"delivered\"} 2.0");
    }
  }

  /// The fault of the issue: the receiver is down, and the server is killed before it could tell.
  @Test
  void losesNothingWhenItIsKilledBetweenCommitAndDelivery() throws IOException {
    try (Receiver receiver = Receiver.withSecret("s3cret");
        ServerProcess server = server(receiver)) {
      apply(server);
      await().atMost(PATIENCE).until(() -> failed(server) != null);
      DeliveryInfo pending = Objects.requireNonNull(failed(server));
      assertThat(pending.error()).contains("cannot connect");

      server.kill9();
      receiver.up();
      server.start();

      await().atMost(PATIENCE).until(() -> !receiver.got().isEmpty());
      assertThat(receiver.got())
          .allSatisfy(g -> {
            assertThat(g.delivery()).isEqualTo(pending.id());
            assertThat(g.signed()).isTrue();
            assertThat(g.rules()).containsExactly("consecutive-failures");
          });
      await()
          .atMost(PATIENCE)
          .until(() ->
              server.client().deliveries("ops", "delivered", 10).items().stream()
                  .anyMatch(d -> d.id().equals(pending.id())));
      assertThat(firing(server)).containsExactly("consecutive-failures");
    }
  }

  /// Alerts and hooks wait in their order, and can be seen waiting.
  @Test
  @Tag("soak")
  @Timeout(600)
  void bringsEverythingInOrderAfterAMinuteWithoutReceiver() throws IOException {
    try (Receiver receiver = Receiver.withSecret("s3cret");
        Receiver hooks = Receiver.withSecret("s3cret");
        ServerProcess server =
            ServerProcess.create()
                .settings(
                    settings(receiver)
                        + """
                        [[alerts.rules]]
                        name = "down"
                        measure = "not_ready"
                        value = 0
                        """)) {
      Path secret = Files.writeString(server.home().resolve("hook.secret"), "s3cret\n");
      server.start();
      Files.writeString(well(server), "");
      server.client().apply(ApplyRequest.of(flapping(well(server), hooks, secret), "toml"));
      await().atMost(PATIENCE).until(() -> server.client().workload("web").instancesReady() == 1);
      long down = System.nanoTime();
      for (int round = 0; round < 3; round++) {
        Files.delete(well(server));
        await().atMost(PATIENCE).until(() -> firing(server).contains("down"));
        Files.writeString(well(server), "");
        await().atMost(PATIENCE).until(() -> firing(server).isEmpty());
      }
      await()
          .atMost(Duration.ofMinutes(2))
          .until(() -> System.nanoTime() - down > TimeUnit.MINUTES.toNanos(1));

      assertThat(server.client().deliveries("ops", "pending", 10).items())
          .hasSize(6)
          .anySatisfy(d -> assertThat(d.error()).contains("cannot connect"));
      assertThat(Cli.semper(server.home(), "alerts", "deliveries", "--status", "pending").output())
          .contains("cannot connect");
      assertThat(Cli.semper(server.home(), "hooks", "web").output()).contains("running", "waiting");
      receiver.up();
      hooks.up();

      await().atMost(Duration.ofMinutes(3)).until(() -> receiver.got().size() >= 6);
      assertThat(receiver.got())
          .extracting(Receiver.Got::status)
          .containsExactly("firing", "resolved", "firing", "resolved", "firing", "resolved");
      assertThat(receiver.got()).extracting(Receiver.Got::delivery).doesNotHaveDuplicates();
      assertThat(receiver.got()).allMatch(Receiver.Got::signed);
      await().atMost(Duration.ofMinutes(3)).until(() -> hooks.got().size() >= 7);
      assertThat(hooks.got())
          .extracting(g -> g.body().path("event").asString())
          .containsExactly(
              "on_healthy",
              "on_failure",
              "on_healthy",
              "on_failure",
              "on_healthy",
              "on_failure",
              "on_healthy");
      assertThat(hooks.got()).extracting(Receiver.Got::delivery).doesNotHaveDuplicates();
      assertThat(hooks.got()).allMatch(Receiver.Got::signed);
    }
  }

  private static String flapping(Path well, Receiver hooks, Path secret) {
    String hook = "webhook = { url = \"%s\", secret_file = \"%s\" }".formatted(hooks.url(), secret);
    return """
    [workloads.web]
    kind = "process"
    command = ["/bin/sleep", "1000"]
    start_seconds = "100ms"
    hooks = { on_failure = { %s }, on_healthy = { %s } }
    [[workloads.web.probes]]
    name = "file"
    type = "readiness"
    command = ["/usr/bin/test", "-e", "%s"]
    period = "200ms"
    failure_threshold = 1
    """
        .formatted(hook, hook, well);
  }

  private static @Nullable DeliveryInfo failed(ServerProcess server) {
    return server.client().deliveries("ops", "pending", 10).items().stream()
        .filter(d -> d.attempts() > 0)
        .findFirst()
        .orElse(null);
  }
}
