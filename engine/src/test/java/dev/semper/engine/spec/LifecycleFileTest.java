package dev.semper.engine.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import dev.semper.spi.ProbeMethod;
import dev.semper.spi.ProbeOutcome;
import dev.semper.spi.ProbeTarget;
import dev.semper.spi.SettingProblem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The file of seed 002, as its users have it.
class LifecycleFileTest {
  private static final String HOME = System.getProperty("user.home");
  private static final SpecReader READER =
      new SpecReader(
          Map.of(
              "remote",
              new DriverFacts(
                  List.of(
                      "host",
                      "start_command",
                      "stop_command",
                      "restart_command",
                      "command_timeout"),
                  false,
                  settings ->
                      settings.getOrDefault("restart_command", List.of()) instanceof List<?>
                          ? List.of()
                          : List.of(new SettingProblem("restart_command", "must be a list")))),
          () -> Map.of("ssh", new Ssh()));

  private record Ssh() implements ProbeMethod {
    @Override
    public String name() {
      return "ssh";
    }

    @Override
    public List<String> settingNames() {
      return List.of("host", "port", "user", "identity_file", "host_check", "known_hosts");
    }

    @Override
    public List<SettingProblem> validate(Map<String, Object> settings) {
      return List.of();
    }

    @Override
    public ProbeOutcome check(ProbeTarget target) {
      return ProbeOutcome.PASSED;
    }
  }

  private static final String FILE =
      """
      [daemon]
      pid_file = "~/.azlin/lifecycle-daemon.pid"
      log_file = "~/.azlin/lifecycle-daemon.log"
      log_level = "INFO"

      [vms.my-vm]
      enabled = true
      check_interval_seconds = 60
      restart_policy = "on-failure"
      ssh_failure_threshold = 3

      [vms.my-vm.hooks]
      on_failure = "/usr/local/bin/alert-failure.sh"
      on_healthy = "~/bin/alert-healthy.sh"
      on_restart = ""

      [vms.another-vm]
      enabled = false
      check_interval_seconds = 120
      restart_policy = "never"

      [vms.third]
      enabled = true
      restart_policy = "always"
      ssh_failure_threshold = 9
      health_check_timeout = 5
      host = "10.0.0.3"
      port = 2222
      user = "ops"
      identity_file = "~/keys/ops"
      restart_command = ["az", "vm", "restart", "-n", "third"]
      command_timeout = "10m"
      """;

  private static Document read(String text) {
    return READER.read(text, Format.TOML, null);
  }

  private static List<Problem> problems(String text) {
    return catchThrowableOfType(SemperException.class, () -> read(text)).problems();
  }

  @Test
  void eachMachineBecomesARemoteWorkload() {
    List<WorkloadSpec> workloads = read(FILE).workloads();

    assertThat(workloads)
        .extracting(WorkloadSpec::name, WorkloadSpec::kind, WorkloadSpec::instances)
        .containsExactly(
            tuple("my-vm", "remote", 1),
            tuple("another-vm", "remote", 0),
            tuple("third", "remote", 1));
    assertThat(workloads)
        .extracting(w -> w.restart().policy())
        .containsExactly(
            RestartSpec.Policy.ON_FAILURE, RestartSpec.Policy.NO, RestartSpec.Policy.ALWAYS);
    assertThat(workloads)
        .extracting(w -> w.probes().getFirst())
        .extracting(
            ProbeSpec::type, ProbeSpec::period, ProbeSpec::timeout, ProbeSpec::failureThreshold)
        .containsExactly(
            tuple(ProbeSpec.Type.LIVENESS, seconds(60), seconds(30), 3),
            tuple(ProbeSpec.Type.READINESS, seconds(120), seconds(30), 3),
            tuple(ProbeSpec.Type.LIVENESS, seconds(60), seconds(5), 1));
    assertThat(workloads)
        .extracting(w -> w.health().interval())
        .containsExactly(seconds(60), seconds(120), seconds(60));
    assertThat(workloads.getFirst().settings()).isEqualTo(Map.of("host", "my-vm"));
    assertThat(workloads.getFirst().hooks())
        .extracting(HookSpec::type, HookSpec::command)
        .containsExactly(
            tuple(HookSpec.Type.ON_FAILURE, List.of("/usr/local/bin/alert-failure.sh")),
            tuple(HookSpec.Type.ON_HEALTHY, List.of(HOME + "/bin/alert-healthy.sh")));
  }

  private static Duration seconds(int seconds) {
    return Duration.ofSeconds(seconds);
  }

  @Test
  void keysOfOurOwnSayHowToLogInAndWhatToRun() {
    WorkloadSpec third = read(FILE).workloads().getLast();

    assertThat(third.probes().getFirst().method())
        .isEqualTo(
            new ProbeSpec.Provided(
                "ssh",
                Map.of(
                    "host", "10.0.0.3",
                    "port", 2222L,
                    "user", "ops",
                    "identity_file", HOME + "/keys/ops",
                    "host_check", "accept-new")));
    assertThat(third.settings())
        .containsEntry("restart_command", List.of("az", "vm", "restart", "-n", "third"))
        .containsEntry("command_timeout", "10m");
  }

  @Test
  void whatHasAnotherEffectIsSaid() {
    assertThat(read(FILE).notes())
        .contains(
            "daemon.pid_file, log_file, log_level: not used here, only by a server in whose home the file"
                + " is",
            "vms.my-vm: restart_policy restarts nothing as long as there is no restart_command")
        .noneMatch(note -> note.startsWith("vms.third"));
  }

  @Test
  void theFirstKeyThatExistsIsTaken(@TempDir Path home) throws IOException {
    String vm = "[vms.a]\nenabled = true\n";
    Path keys = Files.createDirectory(home.resolve(".ssh"));

    assertThat(probe(vm, home)).containsKey("tcp");
    Files.createFile(keys.resolve("id_rsa"));
    assertThat(probe(vm, home).toString()).contains(keys.resolve("id_rsa").toString());
    Files.createFile(keys.resolve("id_ed25519"));
    assertThat(probe(vm, home).toString()).contains(keys.resolve("id_ed25519").toString());
  }

  private static Map<String, Node.Entry> probe(String text, Path home) {
    Problems problems = new Problems();
    Node.Table document = (Node.Table) Source.parse(text, Format.TOML, problems);
    LifecycleFile file = LifecycleFile.read(document, home, problems);
    Node.Table vm = (Node.Table) file.workloads().values().iterator().next().value();
    Node.Items probes = (Node.Items) Objects.requireNonNull(vm.entries().get("probes")).value();
    return ((Node.Table) probes.items().getFirst()).entries();
  }

  @Test
  void allFaultsAreNamedWithKeyAndLine() {
    assertThat(
            problems(
                """
                [daemon]
                log_level = 1
                pidfile = "x"
                [vms.a]
                check_interval_seconds = 0
                restart_policy = "sometimes"
                ssh_failure_threshold = "3"
                health_check_timeout = 0
                [vms.a.hooks]
                on_fail = "/x"
                [vms.b]
                enabled = "yes"
                """))
        .extracting(Problem::path, Problem::line)
        .containsExactly(
            tuple("daemon.log_level", 2),
            tuple("daemon.pidfile", 3),
            tuple("vms.a.enabled", 4),
            tuple("vms.a.check_interval_seconds", 5),
            tuple("vms.a.restart_policy", 6),
            tuple("vms.a.ssh_failure_threshold", 7),
            tuple("vms.a.health_check_timeout", 8),
            tuple("vms.a.hooks.on_fail", 10),
            tuple("vms.b.enabled", 12));
  }

  @Test
  void faultsOfTheWorkloadItBecomesAreNamedByTheKeysOfTheFile() {
    assertThat(
            problems(
                """
                [vms.My_VM]
                enabled = true
                [vms.a]
                enabled = true
                restart_command = "reboot"
                hooks = { on_start = "up.sh" }
                """))
        .extracting(Problem::path, Problem::line)
        .containsExactly(
            tuple("vms.My_VM", 1),
            tuple("vms.a.restart_command", 5),
            tuple("vms.a.hooks.on_start", 6));
  }

  @Test
  void aFileWithoutMachinesIsRefused() {
    assertThat(problems("[daemon]\nlog_level = \"INFO\""))
        .extracting(Problem::path)
        .containsExactly("vms");
    assertThat(problems("[vms]")).extracting(Problem::path).containsExactly("vms");
    assertThat(problems("[vms.a]\nenabled = true\n[workloads.b]\nkind = \"remote\""))
        .extracting(Problem::path)
        .containsExactly("vms");
  }
}
