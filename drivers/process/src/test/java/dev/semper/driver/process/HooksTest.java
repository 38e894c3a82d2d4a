package dev.semper.driver.process;

import static dev.semper.testkit.EngineHarness.TENANT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.semper.engine.error.SemperException;
import dev.semper.engine.hook.HookRun;
import dev.semper.engine.operation.Operation;
import dev.semper.engine.operation.OperationKind;
import dev.semper.engine.recovery.Recovery;
import dev.semper.engine.recovery.Recovery.Attempt;
import dev.semper.engine.store.Event;
import dev.semper.testkit.Behaviour;
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
  @TempDir Path dir;

  @RegisterExtension
  final EngineHarness engine =
      new EngineHarness(b -> b.driver(new ProcessDriver()).home(dir.resolve("home")));

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

  /// A script that writes a line with its event, and whatever the line tells more.
  private Path scribe(String name, String more) {
    return script(name, more + "\necho \"$EVENT_TYPE $SEMPER_INSTANCE\" >> " + dir.resolve("said"));
  }

  private List<String> said() throws IOException {
    Path said = dir.resolve("said");
    return Files.exists(said)
        ? Files.readAllLines(said).stream().map(String::strip).toList()
        : List.of();
  }

  private static void until(String what, java.util.concurrent.Callable<Boolean> condition) {
    Awaitility.await(what)
        .pollInterval(Duration.ofMillis(10))
        .atMost(Duration.ofSeconds(30))
        .until(condition);
  }

  private static boolean runs(String commandLine) throws IOException {
    try (var processes = Files.list(Path.of("/proc"))) {
      return processes
          .filter(p -> p.getFileName().toString().matches("[0-9]+"))
          .anyMatch(p -> HooksTest.commandLine(p).equals(commandLine));
    }
  }

  private static String commandLine(Path process) {
    try {
      return Files.readString(process.resolve("cmdline")).replace('\0', ' ').strip();
    } catch (IOException e) {
      return ""; // It has ended meanwhile.
    }
  }

  @Test
  void runsTheHooksOfAWorkloadInTheirOrder() throws Exception {
    Path slow = scribe("slow", "sleep 0.3");
    Path quick = scribe("quick", "");
    engine.up(
        web(
            "hooks = { on_start = \"%s\", on_failure = \"%s\", on_restart = \"%s\", on_healthy = \"%s\","
                    .formatted(slow, slow, quick, quick)
                + " on_stop = \"%s\", on_destroy = \"%s\" }".formatted(slow, quick)));
    engine.driver().exit("web-0", 7);
    until("it is back", () -> said().size() >= 5);
    engine.succeed(OperationKind.DELETE, "web");

    assertThat(said())
        .containsExactly(
            "on_healthy web-0",
            "on_start",
            "on_failure web-0",
            "on_restart web-0",
            "on_healthy web-0",
            "on_stop",
            "on_destroy");
    long deleted = engine.events("web", "workload.deleted").getFirst().seq();
    assertThat(engine.events("web", "hook.completed")).allMatch(e -> e.seq() < deleted);
  }

  @Test
  void tellsAFailureOnceUntilAllIsWellAgain() throws Exception {
    Path script = scribe("alert", "echo $FAILURE_COUNT");
    engine.up(web("hooks = { on_failure = \"" + script + "\", on_healthy = \"" + script + "\" }"));
    engine
        .driver()
        .next("web", Behaviour.cannotStart("no", true), Behaviour.cannotStart("no", true));

    engine.driver().exit("web-0", 7);

    List<HookRun> runs = ended(3);
    assertThat(runs)
        .extracting(r -> r.hook().type().id())
        .containsExactly("on_healthy", "on_failure", "on_healthy");
    assertThat(runs.get(1).stdout()).isEqualTo("1\n");
    assertThat(runs.get(2).stdout()).isEqualTo("3\n");
  }

  @Test
  void endsAScriptThatHangsWithItsWholeTree() throws Exception {
    Path script =
        script("hang", "trap '' TERM; sleep 7711 & setsid sleep 7712 & echo begun; wait; wait");
    engine.up(web("hooks.on_failure = { command = [\"" + script + "\"], timeout = \"500ms\" }"));

    engine.driver().exit("web-0", 7);

    HookRun run = ended(1).getFirst();
    assertThat(run.status()).isEqualTo(HookRun.Status.TIMED_OUT);
    assertThat(run.exitCode()).isEqualTo(-1);
    assertThat(run.stdout()).isEqualTo("begun\n");
    assertThat(runs("sleep 7711") || runs("sleep 7712")).isFalse();
    assertThat(engine.events("web", "hook.timed_out")).hasSize(1);
  }

  @Test
  void endsWhatAScriptThatForksAwayHasLeft() throws Exception {
    Path script = script("fork", "setsid sleep 7713 >/dev/null 2>&1 </dev/null &\nexit 0");
    engine.up(web("hooks = { on_failure = \"" + script + "\" }"));

    engine.driver().exit("web-0", 7);

    assertThat(ended(1).getFirst().status()).isEqualTo(HookRun.Status.SUCCEEDED);
    until("what it has left is gone", () -> !runs("sleep 7713"));
  }

  @Test
  void keepsTheEndOfWhatAScriptWritesHoweverMuchItIs() throws Exception {
    Path script =
        script("loud", "yes 0123456789abcdef | head -c 300000000; echo the end; echo >&2 bad");
    engine.up(web("hooks = { on_failure = \"" + script + "\" }"));

    engine.driver().exit("web-0", 7);

    HookRun run = ended(1).getFirst();
    assertThat(run.status()).isEqualTo(HookRun.Status.SUCCEEDED);
    assertThat(run.stdout()).hasSizeLessThanOrEqualTo(16 << 10).endsWith("the end\n");
    assertThat(run.stdout().length()).isGreaterThan(1000);
    assertThat(run.stderr()).isEqualTo("bad\n");
  }

  @Test
  void aHangingHookDoesNotHoldUpAnotherWorkload() throws Exception {
    Path hang = script("hang", "sleep 600");
    Path quick = scribe("quick", "");
    engine.up(
        web("hooks = { on_failure = \"" + hang + "\" }")
            + web("hooks = { on_failure = \"" + quick + "\" }")
                .replace("workloads.web", "workloads.db"));

    engine.driver().exit("web-0", 7);
    until(
        "it hangs",
        () ->
            engine.semper().hooks().recent(TENANT, "web", 1).stream()
                .anyMatch(r -> r.status() == HookRun.Status.RUNNING));
    engine.driver().exit("db-0", 7);

    until("the other has run", () -> said().equals(List.of("on_failure db-0")));
  }

  @Test
  void goesOnWithAScriptThatOutlivedTheServerAndRunsItOnce() throws Exception {
    Path script =
        scribe("long", "echo once; while [ ! -e " + dir + "/go ]; do sleep 0.05; done; true");
    engine.up(web("hooks = { on_failure = \"" + script + "\" }"));
    engine.driver().exit("web-0", 7);
    until(
        "it runs",
        () ->
            engine.semper().hooks().recent(TENANT, "web", 1).stream()
                .anyMatch(r -> r.status() == HookRun.Status.RUNNING));

    engine.restart();
    Files.createFile(dir.resolve("go"));

    HookRun run = ended(1).getFirst();
    assertThat(run.status()).as(run.message()).isEqualTo(HookRun.Status.SUCCEEDED);
    assertThat(run.stdout()).isEqualTo("once\n");
    assertThat(said()).containsExactly("on_failure web-0");
    assertThat(run.pid()).isNotNull();
  }

  @Test
  void knowsHowAScriptEndedWhileNoServerRan() throws Exception {
    Path script = scribe("long", "while [ ! -e " + dir + "/go ]; do sleep 0.05; done; echo end");
    engine.up(web("hooks = { on_failure = \"" + script + "\" }"));
    engine.driver().exit("web-0", 7);
    until(
        "it runs",
        () ->
            engine.semper().hooks().recent(TENANT, "web", 1).stream()
                .anyMatch(r -> r.status() == HookRun.Status.RUNNING));

    engine.crash();
    Files.createFile(dir.resolve("go"));
    until("it has ended", () -> said().size() == 1 && !runs("/bin/sh " + script));
    engine.start();

    HookRun run = ended(1).getFirst();
    assertThat(run.status()).as(run.message()).isEqualTo(HookRun.Status.SUCCEEDED);
    assertThat(run.stdout()).isEqualTo("end\n");
    assertThat(said()).hasSize(1);
  }

  @Test
  void aVetoLeavesEverythingAsItWas() throws Exception {
    Path script =
        script(
            "check",
            "echo $SEMPER_VERSION; test -e " + dir + "/ok || { echo not today >&2; exit 4; }");
    String hooks =
        "hooks = { before_update = \"%s\", after_update = \"%s\" }"
            .formatted(script, scribe("after", ""));
    engine.up(web("version = \"1\"", hooks));

    Operation batch = engine.apply(web("version = \"2\"", hooks)).orElseThrow();

    Operation refused = engine.semper().operations().members(batch.id()).getFirst();
    assertThat(refused.status()).isEqualTo(Operation.Status.FAILED);
    assertThat(refused.errorCode()).isEqualTo("HOOK_VETOED");
    assertThat(refused.error())
        .contains("hook before_update of web ended with code 4", "not today");
    assertThat(engine.workload("web").failures()).isZero();
    assertThat(engine.driver().versions("web")).containsExactly("1");
    assertThat(said()).isEmpty();

    Files.createFile(dir.resolve("ok"));
    engine.up(web("version = \"2\"", hooks));
    assertThat(engine.driver().versions("web")).containsExactly("2");
    until("it is told afterwards", () -> said().equals(List.of("after_update")));
  }

  @Test
  void anUpdateThatWaitsForItsHookCanBeCancelled() throws Exception {
    String hooks = "hooks = { before_update = \"" + script("check", "sleep 7714") + "\" }";
    engine.up(web("version = \"1\"", hooks));
    Operation batch = engine.begin(web("version = \"2\"", hooks));
    until("it waits", () -> runs("sleep 7714"));

    engine.semper().operations().cancel(batch.id(), "tester");

    assertThat(engine.await(batch).status()).isEqualTo(Operation.Status.CANCELLED);
    assertThat(ended(1).getFirst().status()).isEqualTo(HookRun.Status.CANCELLED);
    until("it is gone", () -> !runs("sleep 7714"));
    assertThat(engine.driver().versions("web")).containsExactly("1");
  }

  @Test
  void anUpdateGoesOnWaitingForItsHookAfterACrash() throws Exception {
    Path script = scribe("check", "while [ ! -e " + dir + "/go ]; do sleep 0.05; done");
    String hooks = "hooks = { before_update = \"" + script + "\" }";
    engine.up(web("version = \"1\"", hooks));
    Operation batch = engine.begin(web("version = \"2\"", hooks));
    until(
        "it runs",
        () ->
            engine.semper().hooks().recent(TENANT, "web", 1).stream()
                .anyMatch(r -> r.status() == HookRun.Status.RUNNING));

    engine.restart();
    Files.createFile(dir.resolve("go"));

    assertThat(engine.await(batch).status()).isEqualTo(Operation.Status.SUCCEEDED);
    assertThat(said()).containsExactly("before_update");
    assertThat(engine.driver().versions("web")).containsExactly("2");
  }

  /// Ready while the scripted command `ready` says so; a recovery of it runs a hook.
  private String healedByHook(Path script) {
    return web(
        "hooks = { on_failure = { command = [\"%s\"], timeout = \"20s\" } }".formatted(script),
        "probes = [{ type = \"readiness\", command = [\"ready\"], period = \"100ms\" }]",
        "recovery = { enabled = false, ladder = ["
            + "{ action = \"hook\", hook = \"on_failure\", settle = \"2s\" }] }");
  }

  @Test
  void aRecoveryRunsAHookOnceAcrossACrashAndKeepsItsWords() throws Exception {
    Path script =
        scribe(
            "heal",
            "test \"$SEMPER_EVENT_SEQ\" = 0 || exit 0; echo began >> %s/began; while [ ! -e %s/go ]; do sleep 0.05; done; echo mended $SEMPER_WORKLOAD"
                .formatted(dir, dir));
    engine.up(healedByHook(script));
    engine.driver().answer("web", "ready", 1);
    engine.await("web", w -> w.ready() == 0);
    Operation recovery = engine.ask(OperationKind.RECOVER, "web");
    until("it runs", () -> Files.exists(dir.resolve("began")));

    engine.restart();
    engine.driver().answer("web", "ready", 0);
    Files.createFile(dir.resolve("go"));

    assertThat(engine.await(recovery).status()).isEqualTo(Operation.Status.SUCCEEDED);
    assertThat(Files.readAllLines(dir.resolve("began"))).containsExactly("began");
    Attempt attempt = engine.semper().recoveries().get(recovery.id()).attempts().getFirst();
    assertThat(attempt.outcome()).isEqualTo(Recovery.Outcome.SUCCEEDED);
    assertThat(attempt.detail()).contains("run hook on_failure").endsWith("ended well: mended web");
  }

  @Test
  void aRecoveryGoesOnWhenItsHookFails() throws Exception {
    Path script =
        script("heal", "test \"$SEMPER_EVENT_SEQ\" = 0 || exit 0; echo no luck >&2; exit 4");
    engine.up(healedByHook(script));
    engine.driver().answer("web", "ready", 1);
    engine.await("web", w -> w.ready() == 0);

    Operation recovery = engine.run(OperationKind.RECOVER, "web");

    assertThat(recovery.status()).isEqualTo(Operation.Status.FAILED);
    assertThat(recovery.error())
        .contains("hook did not help (hook on_failure of web ended with code 4: no luck)");
  }

  @Test
  void refusesWhatCannotBeRun() throws Exception {
    Path plain = Files.writeString(dir.resolve("plain"), "#!/bin/sh\n");

    assertThatThrownBy(() -> engine.apply(web("hooks = { on_stop = \"/no/such\" }")))
        .isInstanceOf(SemperException.class)
        .hasMessageContaining("workloads.web.hooks.on_stop")
        .hasMessageContaining("/no/such does not exist");
    assertThatThrownBy(() -> engine.apply(web("hooks = { on_stop = \"" + plain + "\" }")))
        .hasMessageContaining("is not executable");
    assertThatThrownBy(() -> engine.apply(web("hooks = { on_stop = \"" + dir + "\" }")))
        .hasMessageContaining("is not a file");
  }

  @Test
  void changingAHookTouchesNoInstance() throws Exception {
    engine.up(web("hooks = { on_failure = \"" + script("a", "") + "\" }"));
    List<String> before = engine.driver().running("web");

    engine.up(web("hooks = { on_failure = \"" + script("b", "") + "\" }"));

    assertThat(engine.driver().running("web")).isEqualTo(before);
  }

  @Test
  void tellsEachCheckToWhoWantsToKnow() throws Exception {
    Path script = scribe("check", "");
    engine.driver().answer("web", "probe", 0);
    engine.up(
        web(
            "hooks.on_healthy = { command = [\"%s\"], every_check = true }".formatted(script),
            "hooks.on_failure = { command = [\"%s\"], every_check = true }".formatted(script),
            "probes = [{ type = \"readiness\", command = [\"probe\"], period = \"100ms\" }]"));
    until("several are told", () -> said().size() >= 3);
    assertThat(said()).containsOnly("on_healthy web-0");

    engine.driver().answer("web", "probe", 1);

    until(
        "the failures are told",
        () -> said().stream().filter(l -> l.startsWith("on_failure")).count() >= 3);
  }

  @Test
  void leavesNoFilesBehind() throws Exception {
    engine.up(web("hooks = { on_healthy = \"" + script("a", "echo x") + "\" }"));
    ended(1);

    Path left = dir.resolve("home/run/hooks");
    until(
        "its files are gone",
        () -> {
          try (var files = Files.list(left)) {
            return files.findAny().isEmpty();
          }
        });
  }
}
