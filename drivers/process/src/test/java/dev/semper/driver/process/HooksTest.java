package dev.semper.driver.process;

import static dev.semper.testkit.EngineHarness.TENANT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.engine.hook.HookRun;
import dev.semper.engine.store.Event;
import dev.semper.testkit.EngineHarness;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/// Hooks with real scripts, run by this driver for an engine; the workloads themselves are
/// scripted.
@Timeout(60)
class HooksTest {
  @RegisterExtension
  final EngineHarness engine = new EngineHarness(b -> b.driver(new ProcessDriver()));

  @TempDir Path dir;

  private Path script(String name, String body) {
    try {
      Path script = dir.resolve(name);
      Files.writeString(script, "#!/bin/sh\n" + body + "\n");
      Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
      return script;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String web(String... more) {
    return """
    [workloads.web]
    kind = "scripted"
    start_seconds = "0s"
    restart = { policy = "always", delay = "0s", max_attempts = 0 }
    %s
    """
        .formatted(String.join("\n", more));
  }

  private List<HookRun> ended(int count) {
    return Awaitility.await(count + " hooks have ended")
        .pollInterval(Duration.ofMillis(10))
        .atMost(Duration.ofSeconds(30))
        .until(
            () ->
                engine.semper().hooks().recent(TENANT, "web", 100).stream()
                    .filter(r -> r.status().ended())
                    .toList(),
            runs -> runs.size() >= count)
        .reversed();
  }

  private static Map<String, String> variables(String env) {
    return Arrays.stream(env.split("\n"))
        .filter(line -> line.contains("="))
        .collect(Collectors.toMap(l -> l.split("=", 2)[0], l -> l.split("=", 2)[1], (a, _) -> a));
  }

  @Test
  void tellsAScriptOfACrash() throws Exception {
    Path script = script("alert", "env; echo; cat; echo oops >&2; exit 3");
    engine.up(web("hooks = { on_failure = \"" + script + "\" }"));

    engine.driver().exit("web-0", 7);

    HookRun run = ended(1).getFirst();
    assertThat(run.status()).isEqualTo(HookRun.Status.FAILED);
    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.stderr()).isEqualTo("oops\n");
    assertThat(run.pid()).isNotNull();
    assertThat(variables(run.stdout()))
        .containsEntry("VM_NAME", "web")
        .containsEntry("AZLIN_VM_NAME", "web")
        .containsEntry("EVENT_TYPE", "on_failure")
        .containsEntry("AZLIN_EVENT_TYPE", "on_failure")
        .containsEntry("FAILURE_COUNT", "1")
        .containsEntry("AZLIN_REASON", "ended with code 7")
        .containsEntry("SEMPER_WORKLOAD", "web")
        .containsEntry("SEMPER_INSTANCE", "web-0")
        .containsEntry("SEMPER_TENANT", TENANT)
        .containsEntry("SEMPER_DELIVERY", run.id());
    assertThat(run.stdout())
        .contains("\"reason\":\"ended with code 7\"")
        .contains("\"delivery\":\"" + run.id() + "\"");
    Event failed = engine.events("web", "hook.failed").getFirst();
    assertThat(failed.data()).containsEntry("exit_code", 3).containsEntry("hook", "on_failure");
    assertThat(failed.instance()).isEqualTo("web-0");
  }
}
