package dev.semper.driver.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.semper.spi.ExecRequest;
import dev.semper.spi.ExecResult;
import dev.semper.spi.Usage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class CommandsTest {
  @TempDir Path directory;
  Home home;

  @BeforeEach
  void open() {
    home = new Home(directory);
    home.start(
        "a",
        Home.with("echo ready; sleep 1000 & sleep 1001", "working_dir", "/usr", "umask", "027"));
    home.awaitOutput("a", "ready");
  }

  @AfterEach
  void close() {
    home.close();
  }

  private ExecResult exec(String script, Duration timeout, int max) throws Exception {
    return home.driver().exec("a", new ExecRequest(List.of("sh", "-c", script), timeout, max));
  }

  @Test
  void runsInTheDirectoryAndEnvironmentOfTheInstance() throws Exception {
    for (int round = 0; round < 2; round++) {
      ExecResult result =
          exec("pwd; umask; echo $GREETING; echo err >&2; exit 3", Duration.ofSeconds(10), 1000);

      assertThat(result.output()).isEqualTo("/usr\n0027\na b=ö 2\nerr\n");
      assertThat(result.exit().code()).isEqualTo(3);
      assertThat(result.timedOut()).isFalse();
      home.reopen();
    }
  }

  @Test
  void killsAllOfACommandThatTakesTooLong() throws Exception {
    int before = home.marked().size();

    ExecResult result =
        exec(
            "echo begun; trap '' TERM; setsid sleep 1000 & sleep 1000",
            Duration.ofMillis(150),
            1000);

    assertThat(result.timedOut()).isTrue();
    assertThat(result.output()).isEqualTo("begun\n");
    assertThat(result.exit().signal()).isEqualTo("KILL");
    assertThat(home.marked()).hasSize(before);
  }

  @Test
  void cutsLongOutput() throws Exception {
    ExecResult result =
        exec("yes | head -c 20000000; sleep 0.2; echo end", Duration.ofSeconds(10), 100);

    assertThat(result.output()).isEqualTo("y\n".repeat(50));
    assertThat(result.exit().code()).isZero();
  }

  @Test
  void isNoIncarnationAndLeavesNothing() throws Exception {
    CompletableFuture<ExecResult> running =
        CompletableFuture.supplyAsync(() -> {
          try {
            return exec("echo begun; sleep 0.3", Duration.ofSeconds(10), 100);
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });
    await().until(() -> home.driver().usage("a").processes() >= 3 || running.isDone());

    assertThat(home.driver().incarnations()).containsExactly("a");
    assertThat(running.get().output()).isEqualTo("begun\n");
    assertThat(home.exitsOf("a")).isEmpty();
    await()
        .untilAsserted(() -> {
          try (var records = Files.list(directory.resolve("state/inc"))) {
            assertThat(records).hasSize(1);
          }
        });
    try (var outputs = Files.list(directory.resolve("state/exec"))) {
      assertThat(outputs).isEmpty();
    }
  }

  @Test
  void endsWithTheInstance() throws Exception {
    CompletableFuture<ExecResult> running =
        CompletableFuture.supplyAsync(() -> {
          try {
            return exec("sleep 1000", Duration.ofSeconds(50), 100);
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });
    await().until(() -> home.marked().size() >= 4);

    home.driver().stop("a", Home.KILL);

    assertThat(running.get().exit().signal()).isEqualTo("KILL");
  }

  @Test
  void namesAMissingProgram() {
    ExecRequest request = new ExecRequest(List.of("/no/probe"), Duration.ofSeconds(1), 100);

    assertThatThrownBy(() -> home.driver().exec("a", request))
        .hasMessageContaining("there is no file /no/probe");
    assertThatThrownBy(() -> home.driver().exec("never", request))
        .hasMessageContaining("was never started");
  }

  @Test
  void measuresTheWholeTree() {
    home.sh("busy", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done; sleep 1000");
    home.awaitOutput("busy", "done");

    await()
        .untilAsserted(() -> {
          assertThat(home.driver().usage("busy").cpuMillis()).isGreaterThan(20);
          assertThat(home.driver().usage("busy").processes()).isEqualTo(2);
        });
    Usage usage = home.driver().usage("a");
    assertThat(usage.processes()).isEqualTo(3);
    assertThat(usage.residentBytes()).isBetween(1L << 20, 100L << 20);
    assertThat(usage.openFiles()).isEqualTo(3);
    home.driver().stop("a", Home.KILL);
    assertThat(home.driver().usage("a")).isEqualTo(Usage.NONE);
  }
}
