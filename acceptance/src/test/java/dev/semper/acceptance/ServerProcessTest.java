package dev.semper.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.api.ApplyRequest;
import dev.semper.api.OperationInfo;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class ServerProcessTest {
  private static final String SLEEPER =
      """
      [workloads.sleeper]
      kind = "process"
      version = "1"
      command = ["/bin/sh", "-c", "sleep 600 & exec sleep 600"]
      start_seconds = "0s"
      """;

  @Test
  void aKilledServerLeavesItsProcessesAndTheNextOneTakesThemUp() {
    try (ServerProcess server = ServerProcess.create().start()) {
      OperationInfo operation =
          Objects.requireNonNull(
              server.client().apply(ApplyRequest.of(SLEEPER, "toml")).operation());
      assertThat(server.client().await(operation.id(), Duration.ofSeconds(20)).status())
          .isEqualTo("succeeded");
      List<ServerProcess.Member> before = server.members();

      server.crashAndStart();

      assertThat(before).hasSize(2).allMatch(m -> m.instance().equals("sleeper-0"));
      assertThat(server.members()).isEqualTo(before);
      assertThat(server.client().workload("sleeper").state()).isEqualTo("running");
      assertThat(server.stop()).isZero();
      assertThat(server.keepers()).hasSize(1);
    }
  }

  @Test
  void closingLeavesNothing() {
    ServerProcess server = ServerProcess.create().start();
    server.client().apply(ApplyRequest.of(SLEEPER, "toml"));

    server.close();

    assertThat(server.members()).isEmpty();
    assertThat(server.keepers()).isEmpty();
    assertThat(Files.exists(server.home())).isFalse();
  }
}
