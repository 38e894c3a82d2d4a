package dev.semper.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.api.ApplyRequest;
import dev.semper.api.OperationInfo;
import dev.semper.api.SemperClient;
import dev.semper.traces.OtlpReceiver;
import dev.semper.traces.OtlpReceiver.Received;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What a receiver of OTLP is told by a real server.
@Timeout(180)
final class TracesTest {
  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final String SPAN = "00f067aa0ba902b7";
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path dir;

  private static String settings(OtlpReceiver receiver) {
    return """
    [traces]
    endpoint = "%s"
    probes = true
    probe_sample = 1.0
    """
        .formatted(receiver.endpoint());
  }

  /// Is ready as soon as there is a file.
  private String web() {
    return """
    [workloads.web]
    kind = "process"
    command = ["sleep", "1000"]
    [[workloads.web.probes]]
    name = "file"
    type = "readiness"
    period = "100ms"
    command = ["test", "-e", "%s"]
    """
        .formatted(dir.resolve("ready"));
  }

  private static Received span(OtlpReceiver receiver, String what, Predicate<Received> which) {
    return Awaitility.await(what)
        .atMost(PATIENCE)
        .until(() -> receiver.spans(which), found -> !found.isEmpty())
        .getFirst();
  }

  private static String apply(ServerProcess server, String document) {
    OperationInfo batch = server.client().apply(ApplyRequest.of(document, "toml")).operation();
    return Objects.requireNonNull(batch).id();
  }

  private static void post(ServerProcess server, String path)
      throws IOException, InterruptedException {
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpResponse<String> answer =
          http.send(
              HttpRequest.newBuilder(URI.create(server.url() + path))
                  .header("Authorization", "Bearer " + server.token())
                  .header("traceparent", "00-" + TRACE + "-" + SPAN + "-01")
                  .POST(HttpRequest.BodyPublishers.noBody())
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
    }
  }

  @Test
  void theTraceOfARequestGoesOnThroughTheDeathOfTheServer() throws Exception {
    try (OtlpReceiver receiver = OtlpReceiver.start();
        ServerProcess server = ServerProcess.create().settings(settings(receiver)).start()) {
      Files.createFile(dir.resolve("ready"));
      server.client().await(apply(server, web()), PATIENCE);
      Received probe =
          span(receiver, "a probe", s -> "passed".equals(s.attribute("semper.probe.result")));
      assertThat(probe.name()).isEqualTo("probe");
      assertThat(probe.attributes())
          .containsEntry("semper.tenant", "default")
          .containsEntry("semper.workload", "web")
          .containsEntry("semper.instance", "web-0")
          .containsEntry("semper.probe.name", "file")
          .containsEntry("semper.probe.method", "command")
          .containsEntry("semper.probe.type", "readiness");
      assertThat(probe.endNanos()).isGreaterThan(probe.startNanos());

      Files.delete(dir.resolve("ready"));
      post(server, "/api/v1/workloads/web/restart");
      Received failing =
          span(
              receiver,
              "a failing probe",
              s -> "failed".equals(s.attribute("semper.probe.result")));
      assertThat(failing.error()).isNotBlank();
      Awaitility.await("the restart waits").atMost(PATIENCE).until(() -> waits(server.client()));
      server.kill9();
      Files.createFile(dir.resolve("ready"));
      server.start();

      Received resumed =
          span(receiver, "the operation", s -> s.attribute("semper.resumed") != null);
      assertThat(resumed.name()).isEqualTo("operation restart");
      assertThat(resumed.trace()).isEqualTo(TRACE);
      assertThat(resumed.parent()).isEqualTo(SPAN);
      assertThat(resumed.error()).isNull();
      Received dead = span(receiver, "its beginning", s -> resumed.links().equals(List.of(s.id())));
      assertThat(dead.parent()).isEqualTo(SPAN);
      assertThat(dead.attributes()).containsEntry("semper.interrupted", true);
      assertThat(dead.error()).isEqualTo("the server ended before the operation");
      assertThat(receiver.spans(s -> s.parent().equals(resumed.id())))
          .anySatisfy(s -> assertThat(s.name()).isEqualTo("await ready"));
      assertThat(server.client().metrics())
          .containsPattern("semper_trace_spans_total\\{outcome=\"exported\"} [1-9]")
          .contains("semper_trace_spans_total{outcome=\"dropped\"} 0.0");
    }
  }

  private static boolean waits(SemperClient client) {
    return client.workload("web").operationId() != null
        && client
            .operation(Objects.requireNonNull(client.workload("web").operationId()))
            .steps()
            .stream()
            .anyMatch(s -> s.name().contains("await ready") && s.status().equals("running"));
  }

  @Test
  void nothingOfItIsLoadedWithoutAReceiver() throws Exception {
    Path loaded = dir.resolve("loaded");
    try (ServerProcess server =
        ServerProcess.create()
            .options("-Xlog:class+load:file=" + loaded + ":none:filecount=0")
            .start()) {
      Files.createFile(dir.resolve("ready"));
      server.client().await(apply(server, web()), PATIENCE);

      assertThat(Files.readString(loaded))
          .contains("dev.semper.engine.operation.Operations")
          .doesNotContain("io.opentelemetry")
          .doesNotContain("dev.semper.traces");
    }
  }
}
