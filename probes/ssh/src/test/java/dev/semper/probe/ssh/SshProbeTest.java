package dev.semper.probe.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.spi.ProbeOutcome;
import dev.semper.spi.ProbeTarget;
import dev.semper.spi.SettingProblem;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Against a real OpenSSH server; skipped where Debian's openssh-server is not installed.
class SshProbeTest {
  @TempDir private static Path dir;
  private static OpenSshServer server;

  private final SshProbe probe = new SshProbe();

  @BeforeAll
  static void start() throws Exception {
    server = OpenSshServer.start(dir);
  }

  @AfterAll
  static void stop() throws Exception {
    if (server != null) {
      server.close();
    }
  }

  @AfterEach
  void close() {
    probe.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ed25519", "rsa", "ecdsa"})
  void logsInWithAKey(String type) throws Exception {
    assertThat(check(Map.of("identity_file", server.key(type).toString())))
        .isEqualTo(ProbeOutcome.PASSED);
  }

  @Test
  void judgesTheCommand() throws Exception {
    assertThat(check(Map.of("command", "echo fine", "expected_output", "fine")))
        .isEqualTo(ProbeOutcome.PASSED);
    assertThat(check(Map.of("command", "exit 3", "expected_exit", 3L)))
        .isEqualTo(ProbeOutcome.PASSED);
    assertThat(message(check(Map.of("command", "echo oh no >&2; exit 4"))))
        .endsWith("ended with code 4: oh no");
    assertThat(message(check(Map.of("command", "echo bad", "expected_output", "good"))))
        .endsWith("did not print \"good\": bad");
    assertThat(message(check(Map.of("command", "kill -9 $$")))).contains("was ended by KILL");
  }

  @Test
  void keepsOnlyTheBeginningOfALongOutput() throws Exception {
    assertThat(
            check(
                Map.of(
                    "command",
                    "echo first; head -c 50000000 /dev/zero",
                    "expected_output",
                    "first")))
        .isEqualTo(ProbeOutcome.PASSED);
  }

  @Test
  void aCommandThatHangsFails() throws Exception {
    long before = System.nanoTime();

    assertThat(message(check(Map.of("command", "sleep 600"), Duration.ofSeconds(3))))
        .endsWith("has not ended");

    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(15));
  }

  @Test
  void refusesAHostThatIsNotKnown() throws Exception {
    Path empty = Files.createTempFile(dir, "known", "");

    assertThat(message(check(Map.of("known_hosts", empty.toString()))))
        .endsWith("its host key is not the known one");
    assertThat(check(Map.of("known_hosts", empty.toString(), "host_check", "off")))
        .isEqualTo(ProbeOutcome.PASSED);
    assertThat(Files.readString(empty)).isEmpty();
  }

  @Test
  void rememberANewHostAndRefusesAnotherInItsPlace() throws Exception {
    Path known = Files.createTempFile(dir, "known", "");
    Map<String, Object> accepting =
        Map.of("known_hosts", known.toString(), "host_check", "accept-new");

    assertThat(check(accepting)).isEqualTo(ProbeOutcome.PASSED);
    assertThat(Files.readString(known)).contains("127.0.0.1");
    assertThat(check(Map.of("known_hosts", known.toString()))).isEqualTo(ProbeOutcome.PASSED);

    Files.writeString(known, server.knownAsSomebodyElse());
    assertThat(message(check(accepting))).endsWith("its host key is not the known one");
  }

  @Test
  void refusesALoginThatTheServerRefuses() throws Exception {
    Path other = server.strangersKey();

    assertThat(message(check(Map.of("identity_file", other.toString()))))
        .startsWith("No login at ");
    assertThat(check(Map.of("identity_file", dir.resolve("none").toString())))
        .isInstanceOf(ProbeOutcome.Errored.class);
    Path garbage = Files.writeString(dir.resolve("garbage"), "no key");
    assertThat(check(Map.of("identity_file", garbage.toString())))
        .isInstanceOf(ProbeOutcome.Errored.class);
  }

  @Test
  void anInterruptEndsACheckThatHangs() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch gone = new CountDownLatch(1);
    AtomicReference<Object> result = new AtomicReference<>();
    try (ServerSocket mute = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual()
          .start(() -> {
            try (Socket socket = mute.accept()) {
              socket.getInputStream().read();
              asked.countDown();
              socket.getInputStream().readAllBytes();
            } catch (java.io.IOException _) {
              // The probe hung up, as it should.
            }
            gone.countDown();
          });
      Thread checking =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  result.set(
                      check(Map.of("port", (long) mute.getLocalPort()), Duration.ofSeconds(60)));
                } catch (InterruptedException e) {
                  result.set(e);
                }
              });
      assertThat(asked.await(20, TimeUnit.SECONDS)).isTrue();

      checking.interrupt();

      assertThat(checking.join(Duration.ofSeconds(20))).isTrue();
      assertThat(result.get()).isInstanceOf(InterruptedException.class);
      assertThat(gone.await(20, TimeUnit.SECONDS)).as("its connection is closed").isTrue();
    }
  }

  @Test
  void namesEveryFaultOfItsSettings() {
    assertThat(
            probe.validate(
                Map.of("port", 0L, "host_check", "maybe", "expected_exit", 300L, "host", "")))
        .extracting(SettingProblem::path)
        .containsExactlyInAnyOrder(
            "user",
            "identity_file",
            "host",
            "host_check",
            "port",
            "expected_exit",
            "expected_exit");
    assertThat(probe.validate(Map.of("user", "a", "identity_file", "id")))
        .extracting(SettingProblem::message)
        .containsExactly("must be an absolute path");
  }

  private ProbeOutcome check(Map<String, Object> settings) throws InterruptedException {
    return check(settings, Duration.ofSeconds(30));
  }

  private ProbeOutcome check(Map<String, Object> settings, Duration timeout)
      throws InterruptedException {
    Map<String, Object> all = new HashMap<>(server.settings());
    all.putAll(settings);
    assertThat(probe.validate(all)).isEmpty();
    return probe.check(new ProbeTarget("t", "host", "host-0", 0, all, timeout));
  }

  private static String message(ProbeOutcome outcome) {
    return outcome instanceof ProbeOutcome.Failed(String message) ? message : outcome.toString();
  }
}
