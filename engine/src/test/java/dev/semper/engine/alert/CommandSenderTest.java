package dev.semper.engine.alert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.semper.engine.spec.AlertChannel;
import dev.semper.engine.spec.AlertRule.Severity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class CommandSenderTest {
  private @TempDir Path dir = Path.of("");

  private void run(String script, Duration timeout, Notification notification)
      throws IOException, InterruptedException {
    List<String> exec = List.of("/bin/sh", "-c", script, "sh", dir.toString());
    new CommandSender(new AlertChannel.Command("page", exec, timeout)).send(notification, 2);
  }

  @Test
  void givesTheJsonAndTheGist() throws Exception {
    Notification told = Notifications.firing("dl-3");

    run("cat > $1/in; env > $1/env", Duration.ofSeconds(20), told);

    assertThat(Files.readString(dir.resolve("in")))
        .isEqualTo(told.json())
        .contains("\"reason\":\"firing\"", "\"severity\":\"critical\"");
    assertThat(Files.readAllLines(dir.resolve("env")))
        .contains(
            "SEMPER_DELIVERY=dl-3",
            "SEMPER_ATTEMPT=2",
            "SEMPER_STATUS=firing",
            "SEMPER_SEVERITY=critical",
            "SEMPER_WORKLOADS=db web",
            "SEMPER_TITLE=[FIRING:2] critical: db, web (slow)");
    assertThat(Files.readString(dir.resolve("env"))).doesNotContain("JAVA");
  }

  @Test
  void tellsTheExitCodeAndWhatWasSaid() {
    assertThatThrownBy(() ->
            run(
                "echo the pager is broken >&2; exit 3",
                Duration.ofSeconds(20),
                Notifications.firing("dl-4")))
        .isInstanceOf(IOException.class)
        .hasMessage("ended with code 3: the pager is broken");
  }

  @Test
  void endsWhatTakesTooLongWithItsChildren() throws Exception {
    assertThatThrownBy(() ->
            run(
                "sleep 1000 & echo $! > $1/child; wait",
                Duration.ofSeconds(1),
                Notifications.firing("dl-5")))
        .isInstanceOf(IOException.class)
        .hasMessage("has not ended within 1000 ms");

    long child = Long.parseLong(Files.readString(dir.resolve("child")).strip());
    await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> ProcessHandle.of(child).filter(ProcessHandle::isAlive).isEmpty());
  }

  /// More than a pipe holds.
  @Test
  void isNotHeldUpByWhatIsNotRead() throws Exception {
    Notification.Item[] many =
        IntStream.range(0, 1000)
            .mapToObj(i -> Notifications.item("w" + i, Severity.INFO, Instant.EPOCH, null))
            .toArray(Notification.Item[]::new);

    run("exit 0", Duration.ofSeconds(20), Notifications.of("dl-6", many));
  }
}
