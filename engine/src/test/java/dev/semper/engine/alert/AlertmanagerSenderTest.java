package dev.semper.engine.alert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.semper.engine.spec.AlertChannel;
import dev.semper.engine.spec.AlertRule.Severity;
import dev.semper.engine.store.Docs;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Against a real Alertmanager.
@Timeout(120)
class AlertmanagerSenderTest {
  private static final Path PROGRAM = Path.of("/usr/bin/prometheus-alertmanager");

  private final HttpClient http = HttpClient.newHttpClient();

  @Test
  void isUnderstoodByAnAlertmanager(@TempDir Path dir) throws Exception {
    Assumptions.assumeTrue(
        Files.isExecutable(PROGRAM),
        "no Alertmanager: apt install prometheus-alertmanager, to test that it understands us");
    Files.writeString(
        dir.resolve("am.yml"), "route: { receiver: none }\nreceivers: [{ name: none }]\n");
    URI url = URI.create("http://127.0.0.1:" + freePort());
    Process process =
        new ProcessBuilder(
                PROGRAM.toString(),
                "--config.file=" + dir.resolve("am.yml"),
                "--storage.path=" + dir.resolve("data"),
                "--web.listen-address=127.0.0.1:" + url.getPort(),
                "--cluster.listen-address=")
            .redirectErrorStream(true)
            .redirectOutput(dir.resolve("log").toFile())
            .start();
    try (HttpClient _ = http) {
      await().atMost(Duration.ofSeconds(60)).ignoreExceptions().until(() -> alerts(url) != null);
      tellsItOfOneThatFiresAndThenOfItsEnd(url);
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  private void tellsItOfOneThatFiresAndThenOfItsEnd(URI url) throws Exception {
    AlertChannel.Alertmanager channel =
        new AlertChannel.Alertmanager("am", url, null, null, Duration.ofSeconds(10));
    Instant fired = Instant.now().minusSeconds(60);
    try (AlertmanagerSender sender = new AlertmanagerSender(channel)) {
      sender.send(
          Notifications.of("dl-1", Notifications.item("web", Severity.CRITICAL, fired, null)), 1);

      await().atMost(Duration.ofSeconds(30)).until(() -> alerts(url).size() == 1);
      JsonNode alert = alerts(url).get(0);
      assertThat(alert.at("/labels/alertname").asString()).isEqualTo("slow");
      assertThat(alert.at("/labels/workload").asString()).isEqualTo("web");
      assertThat(alert.at("/annotations/runbook").asString()).isEqualTo("https://wiki/slow");
      assertThat(Instant.parse(alert.path("endsAt").asString()))
          .isAfter(Instant.now().plus(Duration.ofDays(30)));

      Notification.Item over =
          Notifications.item("web", Severity.CRITICAL, fired, Instant.now().minusSeconds(1));
      sender.send(Notifications.of("dl-2", over), 1);
      await().atMost(Duration.ofSeconds(30)).until(() -> alerts(url).isEmpty());
    }
  }

  private JsonNode alerts(URI url) throws IOException, InterruptedException {
    HttpRequest request = HttpRequest.newBuilder(url.resolve("/api/v2/alerts")).build();
    return Docs.MAPPER.readTree(http.send(request, BodyHandlers.ofString()).body());
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
