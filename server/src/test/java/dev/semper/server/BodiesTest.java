package dev.semper.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Large bodies sent at the same time hold a bounded amount of memory.
class BodiesTest {
  private static final int UNFINISHED = HttpFront.MAX_BODY - 1;

  @Test
  void manyLargeOnesAtOnceAreRefusedAndGivenUpOnesAreForgotten(@TempDir Path home)
      throws Exception {
    try (TestServer server = TestServer.start(home)) {
      List<Socket> open = new ArrayList<>();
      try {
        for (int i = 0; i < HttpFront.MAX_BODIES / UNFINISHED; i++) {
          open.add(sendMost(server));
        }
        await().atMost(Duration.ofSeconds(20)).until(() -> plan(server) == 503);
      } finally {
        for (Socket socket : open) {
          socket.close();
        }
      }
      await().atMost(Duration.ofSeconds(20)).until(() -> plan(server) == 400); // an empty document
    }
  }

  /// All of a body but its last byte.
  private static Socket sendMost(TestServer server) throws IOException {
    URI url = server.server().url();
    Socket socket = new Socket(url.getHost(), url.getPort());
    String head =
        """
        POST /api/v1/plan HTTP/1.1
        Host: %s
        Content-Type: application/json
        Authorization: Bearer %s
        Content-Length: %d

        """
            .formatted(url.getAuthority(), server.token(), HttpFront.MAX_BODY)
            .replace("\n", "\r\n");
    socket.getOutputStream().write(head.getBytes(US_ASCII));
    socket.getOutputStream().write(new byte[UNFINISHED]);
    socket.getOutputStream().flush();
    return socket;
  }

  private static int plan(TestServer server) throws Exception {
    var response =
        server.call("POST", "/api/v1/plan", "{\"document\":\"" + "#".repeat(100) + "\"}");
    assertThat(response.body()).doesNotContain("\tat ");
    return response.statusCode();
  }
}
