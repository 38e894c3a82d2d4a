package dev.semper.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.semper.api.InstanceInfo;
import java.nio.file.Files;
import java.nio.file.Path;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Each probe method against real instances of a real server.
@Timeout(120)
final class ProbeMethodsTest {
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

  @Test
  void aLineOfTheLogStartsAnInstanceAndAnotherRestartsIt() throws Exception {
    Path flag = dir.resolve("flag");
    lab.run(
        """
        [workloads.talker]
        kind = "process"
        command = ["/bin/sh", "-c", "echo up; while :; do if [ -e %s ]; then rm %s; echo FATAL: no memory; fi; sleep 0.1; done"]
        restart = { policy = "always", delay = "0s" }
        [[workloads.talker.probes]]
        name = "boot"
        type = "startup"
        period = "200ms"
        log = { pattern = "^up$", expect = "present" }
        [[workloads.talker.probes]]
        name = "fatal"
        type = "liveness"
        period = "200ms"
        failure_threshold = 1
        log = { pattern = "FATAL" }
        """
            .formatted(flag, flag));
    long pid = lab.pid("talker");
    long before = lab.lastEvent();

    Files.createFile(flag);

    InstanceInfo successor = lab.awaitSuccessor("talker", pid);
    assertThat(lab.awaitEvent("talker", "instance.probe_failed", before).data().toString())
        .contains("A line of the log matches FATAL: FATAL: no memory");
    assertThat(successor.health().probes()).containsEntry("boot", "ok");
    lab.delete("talker");
  }

  @Test
  void eachMethodSaysWhatItSees() {
    lab.run(
        """
        [workloads.seen]
        kind = "process"
        command = ["/bin/sh", "-c", "sleep 600 & wait"]
        resources = { memory = "1Gi" }
        [[workloads.seen.probes]]
        name = "told"
        type = "liveness"
        period = "200ms"
        timeout = "10s"
        command = { exec = ["/bin/sh", "-c", "test $MODE = deep && test $PWD = /tmp"], working_dir = "/tmp", env = { MODE = "deep" } }
        [[workloads.seen.probes]]
        name = "modest"
        type = "readiness"
        period = "200ms"
        timeout = "10s"
        resource = { memory = "90%", cpu = 1, open_files = 100, disk = "/tmp", disk_free = 1 }
        [[workloads.seen.probes]]
        name = "database"
        type = "readiness"
        period = "200ms"
        timeout = "20s"
        sql = { url = "jdbc:sqlite::memory:", query = "SELECT 6 * 7", expected = "42" }
        """);

    Awaitility.await("all have spoken")
        .atMost(Lab.PATIENCE)
        .until(() -> lab.instance("seen").health().probes().size() == 3);
    assertThat(lab.instance("seen").health().probes().values()).containsOnly("ok");
    lab.delete("seen");
  }

  @Test
  void aFailingTargetIsLeftAloneAndTheStatusSaysSo() {
    lab.apply(
        """
        [workloads.lonely]
        kind = "process"
        command = ["/bin/sleep", "600"]
        update = { ready_timeout = "1s" }
        [[workloads.lonely.probes]]
        name = "rpc"
        type = "readiness"
        period = "100ms"
        timeout = "20s"
        failure_threshold = 1
        grpc = { port = 1 }
        retry = { max_retries = 1, delay = "50ms" }
        circuit_breaker = { failure_threshold = 2, recovery_timeout = "10m" }
        """);

    Awaitility.await("the circuit opens")
        .atMost(Lab.PATIENCE)
        .until(() ->
            lab.instance("lonely")
                .health()
                .probes()
                .getOrDefault("rpc", "")
                .endsWith("circuit open, the next check is in 10m"));
    assertThat(lab.instance("lonely").health().probes().get("rpc"))
        .startsWith("No gRPC answer from 127.0.0.1:1: connection refused");
    lab.delete("lonely");
  }

  @Test
  void faultsInTheTableOfAMethodAreNamedWhenItIsApplied() {
    assertThatThrownBy(() ->
            lab.apply(
                """
                [workloads.bad]
                kind = "process"
                command = ["/bin/true"]
                [[workloads.bad.probes]]
                type = "liveness"
                ssh = { hots = "a" }
                [[workloads.bad.probes]]
                type = "liveness"
                name = "x"
                sql = { url = "postgres://a" }
                """))
        .hasMessageContaining("workloads.bad.probes[0].ssh.hots")
        .hasMessageContaining("did you mean `host`?");
  }
}
