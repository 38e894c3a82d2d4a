package dev.semper.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.api.ProblemDetails;
import dev.semper.api.SecretInfo;
import dev.semper.api.SecretRevealRequest;
import dev.semper.api.SecretWriteRequest;
import dev.semper.api.SemperClient;
import dev.semper.api.Wire;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whatever is wrong with a request about secrets, the answer is a 4xx that says what but repeats
/// nothing of a value, and nothing has changed.
class MalformedSecretsTest {
  private static final String CANARY = "zq8f3a91c07e";

  private record Request(String method, String path, String body) {}

  private static List<Request> requests() {
    List<String> values = new ArrayList<>();
    for (String value :
        List.of(
            "null",
            "1",
            "true",
            "[]",
            "{}",
            "\"\"",
            "[\"" + CANARY + "\"]",
            "{\"x\":\"" + CANARY + "\"}",
            "\"" + "x".repeat(120_000) + "\"")) {
      values.add("{\"value\":" + value + "}");
      values.add("{\"value_base64\":" + value + "}");
    }
    List<String> broken =
        List.of(
            "",
            "{",
            "[",
            "\"" + CANARY + "\"",
            CANARY,
            "{\"value\":" + CANARY + "}",
            "{\"value\":\"" + CANARY + "\"",
            "{\"value\":\"" + CANARY + "\",\"value\":\"" + CANARY + "\"}",
            "{\"value\":\"" + CANARY + "\"} trailing",
            "{\"value\":\"" + CANARY + "\",\"valeu\":1}",
            "{\"value\":\"\\u12\"}",
            "\u0000\u0001",
            "[".repeat(5000),
            "{\"a\":".repeat(3000));
    List<String> writes =
        List.of(
            "{\"value_base64\":\"not base64 " + CANARY + "\"}",
            "{\"value\":\"x\",\"value_base64\":\"eA==\"}",
            "{\"value\":\"x\",\"generate\":true}",
            "{\"value\":\"x\",\"generate\":\"yes\"}",
            "{\"value\":\"x\",\"expected\":-1}",
            "{\"value\":\"x\",\"expected\":7}",
            "{\"value\":\"x\",\"expected\":\"one\"}",
            "{\"value\":\"x\",\"description\":7}",
            "{\"value\":\"x\",\"description\":\"" + "d".repeat(1001) + "\"}",
            "{\"value\":\"x\",\"tags\":\"a\"}",
            "{\"value\":\"x\",\"tags\":[\"\"]}",
            "{\"value\":\"x\",\"tags\":[\"" + "t".repeat(64) + "\"]}",
            "{\"value\":\"x\",\"expires_at\":\"tomorrow\"}",
            "{\"value\":\"x\",\"expires_at\":7}",
            "{\"value\":\"x\",\"notify_before\":\"-1h\"}",
            "{\"value\":\"x\",\"notify_before\":\"9999d\"}",
            "{\"value\":\"x\",\"access\":{\"environments\":[]}}",
            "{\"value\":\"x\",\"access\":{\"environments\":[\"nowhere\"]}}",
            "{\"value\":\"x\",\"access\":{\"workloads\":[\"Not A Name\"]}}",
            "{\"value\":\"x\",\"access\":{\"tenants\":\"all\"}}",
            "{\"value\":\"x\",\"access\":{\"require_approval\":\"no\"}}",
            "{\"value\":\"x\",\"access\":{\"everybody\":true}}",
            "{\"value\":\"x\",\"rotation\":{\"interval\":\"0s\"}}",
            "{\"value\":\"x\",\"rotation\":{\"interval\":\"often\"}}",
            "{\"value\":\"x\",\"rotation\":{\"interval\":\"99999d\"}}",
            "{\"value\":\"x\",\"rotation\":{\"enabled\":true,\"interval\":\"1m\",\"overlap\":\"1h\"}}",
            "{\"value\":\"x\",\"rotation\":{\"timeout\":\"1ms\"}}",
            "{\"value\":\"x\",\"rotation\":{\"hook\":\"/bin/true\"}}",
            "{\"value\":\"x\",\"rotation\":{\"generator\":{\"length\":7}}}",
            "{\"value\":\"x\",\"rotation\":{\"generator\":{\"length\":99999}}}",
            "{\"value\":\"x\",\"rotation\":{\"generator\":{\"alphabet\":\"aa\"}}}",
            "{\"value\":\"x\",\"rotation\":{\"generator\":{\"command\":7}}}");
    List<Request> all = new ArrayList<>();
    for (String name : List.of("db", "none")) {
      String path = "/api/v1/secrets/" + name;
      values.forEach(body -> all.add(new Request("PUT", path, body)));
      broken.forEach(body -> all.add(new Request("PUT", path, body)));
      writes.forEach(body -> all.add(new Request("PUT", path, body)));
    }
    for (String verb : List.of("rotate", "reveal", "approvals", "versions/1/retire")) {
      broken.forEach(body -> all.add(new Request("POST", "/api/v1/secrets/db/" + verb, body)));
    }
    for (String value : values) {
      all.add(new Request("POST", "/api/v1/secrets/db/reveal", value));
      all.add(new Request("POST", "/api/v1/secrets/none/rotate", value));
    }
    broken.forEach(body -> all.add(new Request("POST", "/api/v1/secret-keys/rekeys", body)));
    for (String name : List.of("UPPER", "-x", "a%20b", "..", "%00", "x".repeat(64), "ä")) {
      all.add(new Request("PUT", "/api/v1/secrets/" + name, "{\"value\":\"" + CANARY + "\"}"));
    }
    all.add(new Request("POST", "/api/v1/secrets/db/versions/0/retire", "{}"));
    all.add(new Request("POST", "/api/v1/secrets/db/versions/x/retire", "{}"));
    all.add(new Request("POST", "/api/v1/secrets/db/versions/9/retire", "{}"));
    all.add(new Request("PATCH", "/api/v1/secrets/db", "{\"value\":\"" + CANARY + "\"}"));
    return all;
  }

  @Test
  void isRefusedWithoutRepeatingAValue(@TempDir Path home) throws Exception {
    try (TestServer server = TestServer.start(home);
        SemperClient client = server.client()) {
      SecretInfo before =
          client.putSecret(
              "db",
              new SecretWriteRequest(
                  "first", null, null, null, null, null, null, null, null, null));
      List<Request> requests = requests();
      assertThat(requests).hasSizeGreaterThan(200);

      for (Request request : requests) {
        HttpResponse<String> answer = server.call(request.method(), request.path(), request.body());
        assertThat(answer.statusCode()).as("%s: %s", request, answer.body()).isBetween(400, 499);
        assertThat(answer.body()).as(request.toString()).doesNotContain(CANARY);
        ProblemDetails problem = Wire.JSON.readValue(answer.body(), ProblemDetails.class);
        assertThat(problem.detail()).as(request.toString()).isNotBlank();
      }

      assertThat(client.secrets().items()).containsExactly(before);
      assertThat(client.revealSecret("db", new SecretRevealRequest(null, null)).value())
          .isEqualTo("first");
    }
  }
}
