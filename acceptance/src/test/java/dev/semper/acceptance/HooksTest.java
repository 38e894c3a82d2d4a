package dev.semper.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.api.ApiException;
import dev.semper.api.HookRunInfo;
import dev.semper.api.OperationInfo;
import dev.semper.api.WorkloadInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.assertj.core.api.Assertions;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Hooks of a real server: set over the command line, run at a real crash, and outliving the
/// server.
@Timeout(120)
final class HooksTest {
  @TempDir Path dir;
  private Lab lab;

  @BeforeEach
  void open() {
    lab = Lab.open();
  }

  @AfterEach
  void close() {
    lab.close();
  }

  private Path script(String name, String body) {
    try {
      Path script = Files.writeString(dir.resolve(name), "#!/bin/sh\n" + body + "\n");
      Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
      return script;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String web(String hooks) {
    return """
    [workloads.web]
    kind = "process"
    command = ["sleep", "600"]
    start_seconds = "0s"
    restart = { policy = "always", delay = "0s", max_attempts = 0 }
    %s
    """
        .formatted(hooks);
  }

  private static void until(String what, Callable<Boolean> condition) {
    Awaitility.await(what)
        .pollInterval(Duration.ofMillis(20))
        .atMost(Lab.PATIENCE)
        .until(condition);
  }

  private List<HookRunInfo> runs() {
    return lab.client().hookRuns("web", 100).items();
  }

  private HookRunInfo ended() {
    until("the hook has ended", () -> runs().stream().anyMatch(r -> r.endedAt() != null));
    return runs().getFirst();
  }

  private List<String> lines(String file) throws IOException {
    Path path = dir.resolve(file);
    return Files.exists(path) ? Files.readAllLines(path) : List.of();
  }

  @Test
  void aHookOutlivesTheServerAndIsRunOnce() throws Exception {
    Path script =
        script(
            "alert",
            "echo \"$SEMPER_DELIVERY\" >> %s/begun; while [ ! -e %s/go ]; do sleep 0.05; done; echo done; exit 5"
                .formatted(dir, dir));
    lab.run(web("hooks = { on_failure = \"" + script + "\" }"));

    Lab.signal("KILL", lab.pid("web"));
    until("the hook runs", () -> lines("begun").size() == 1);
    lab.server().crashAndStart();
    lab.server().kill9();
    Files.createFile(dir.resolve("go"));
    lab.server().start();

    HookRunInfo run = ended();
    assertThat(run.exitCode()).as(run::toString).isEqualTo(5);
    assertThat(run.success()).isFalse();
    assertThat(run.stdout()).isEqualTo("done\n");
    assertThat(run.hookType()).isEqualTo("on_failure");
    assertThat(run.vmName()).isEqualTo("web");
    assertThat(run.errorMessage()).isEqualTo("ended with code 5");
    assertThat(lines("begun")).containsExactly(run.delivery());
    assertThat(lab.events("web", "hook.failed", 0)).hasSize(1);
  }

  @Test
  void noFailureGoesUntoldHoweverTheServerDies() throws Exception {
    Path script = script("alert", "echo \"$SEMPER_DELIVERY\" >> " + dir + "/told");
    lab.run(web("hooks = { on_failure = \"" + script + "\" }"));

    for (int i = 1; i <= 3; i++) {
      long pid = lab.pid("web");
      Lab.signal("KILL", pid);
      if (i % 2 == 0) {
        int count = i;
        until("the exit is known", () -> lab.events("web", "instance.exited", 0).size() == count);
      }
      lab.server().crashAndStart();
      lab.awaitSuccessor("web", pid);
    }

    until("all three are told", () -> lines("told").size() == 3);
    assertThat(lines("told")).doesNotHaveDuplicates();
  }

  @Test
  void theCommandLineSetsClearsAndTells() throws Exception {
    lab.run(web(""));
    Path home = lab.server().home();
    Path script = script("alert", "echo it is $EVENT_TYPE");
    long pid = lab.pid("web");

    Cli.Result set = Cli.semper(home, "hook", "web", "on_failure", script.toString());
    Cli.Result again = Cli.semper(home, "hook", "web", "on_failure", script.toString());

    assertThat(set.code()).as(set.output()).isZero();
    assertThat(again.code()).as(again.output()).isZero();
    assertThat(again.output()).contains("nothing changes");
    assertThat(lab.pid("web")).isEqualTo(pid);
    assertThat(Cli.semper(home, "hook", "web", "on_fail", script.toString()).output())
        .contains("did you mean `on_failure`?");
    assertThat(Cli.semper(home, "hook", "web", "on_stop", "/no/such").output())
        .contains("/no/such does not exist");

    Lab.signal("KILL", pid);
    ended();
    lab.awaitSuccessor("web", pid);

    assertThat(Cli.semper(home, "hooks", "web").output())
        .contains("on_failure", "web-0", "succeeded", "signal KILL");
    assertThat(Cli.semper(home, "hooks", "web", "--output").output())
        .contains("out: it is on_failure");
    Cli.Result clear = Cli.semper(home, "hook", "web", "on_failure", "--clear");
    assertThat(clear.code()).as(clear.output()).isZero();
    WorkloadInfo web = lab.workload("web");
    assertThat(String.valueOf(web.document())).doesNotContain("on_failure");
    Assertions.assertThatThrownBy(() -> lab.client().clearHook("web", "on_failure", 1L))
        .isInstanceOf(ApiException.class)
        .hasMessageContaining("generation");
  }

  @Test
  void aVetoIsToldWithItsExitCodeAndLastLine() {
    Path script = script("check", "echo checking; echo disk is full >&2; exit 9");
    String hooks = "hooks = { before_update = \"" + script + "\" }";
    lab.run(web(hooks));
    long pid = lab.pid("web");

    OperationInfo batch = lab.apply(web(hooks).replace("600", "700"));

    OperationInfo update = lab.members(batch).getFirst();
    assertThat(update.status()).isEqualTo("failed");
    assertThat(update.errorCode()).isEqualTo("HOOK_VETOED");
    assertThat(update.error()).contains("before_update", "code 9", "disk is full");
    assertThat(lab.pid("web")).isEqualTo(pid);
  }
}
