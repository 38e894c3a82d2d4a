package dev.semper.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NotifyTest {
  /// The JDK cannot receive Unix datagrams either; Python can.
  private static final String RECEIVER =
      """
      import socket, sys
      s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
      s.bind(sys.argv[1].replace('@', '\\0', 1) if sys.argv[1][0] == '@' else sys.argv[1])
      s.settimeout(20)
      print('bound', flush=True)
      print(s.recv(4096).decode(), flush=True)
      """;

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"path", "abstract"})
  void reachesTheSocket(String kind) throws Exception {
    String name =
        kind.equals("path")
            ? directory.resolve("notify").toString()
            : "@semper-test-" + ProcessHandle.current().pid();
    Process receiver = new ProcessBuilder("python3", "-c", RECEIVER, name).start();
    try (BufferedReader lines = receiver.inputReader()) {
      assertThat(lines.readLine()).isEqualTo("bound");

      Notify.of(Map.of("NOTIFY_SOCKET", name)).orElseThrow().send("READY=1");

      assertThat(lines.readLine()).isEqualTo("READY=1");
      assertThat(receiver.waitFor(20, TimeUnit.SECONDS)).isTrue();
    } finally {
      receiver.destroyForcibly();
    }
  }

  @Test
  void isSilentWhenNobodyAsked() {
    assertThat(Notify.of(Map.of())).isEmpty();
    assertThat(Notify.of(Map.of("NOTIFY_SOCKET", "relative"))).isEmpty();
    assertThat(Notify.of(Map.of("NOTIFY_SOCKET", "/" + "x".repeat(200)))).isEmpty();
  }

  @Test
  void knowsHowOftenTheWatchdogWantsToHear() {
    Map<String, String> other =
        Map.of("NOTIFY_SOCKET", "/x", "WATCHDOG_USEC", "5000000", "WATCHDOG_PID", "1");
    Map<String, String> mine = Map.of("NOTIFY_SOCKET", "/x", "WATCHDOG_USEC", "5000000");

    assertThat(Notify.of(mine).orElseThrow().watchdogMicros()).isEqualTo(5_000_000);
    assertThat(Notify.of(other).orElseThrow().watchdogMicros()).isZero();
  }
}
