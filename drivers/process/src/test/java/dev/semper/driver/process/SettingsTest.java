package dev.semper.driver.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.semper.spi.Exit;
import dev.semper.spi.Launch;
import dev.semper.spi.Resources;
import dev.semper.spi.SettingProblem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SettingsTest {
  @TempDir Path directory;
  Home home;

  @BeforeEach
  void open() {
    home = new Home(directory);
  }

  @AfterEach
  void close() {
    home.close();
  }

  @Test
  void givesTheWholeEnvironmentAndNothingElse() {
    assertThat(output("cat /proc/self/environ | tr '\\0' '\\n'"))
        .contains("EMPTY=\n", "GREETING=a b=ö\n2\n", "SEMPER_INCARNATION=a\n", "PATH=")
        .doesNotContain("LC_ALL", "PERL", "HOME=");
  }

  @Test
  void startsInASessionOfItsOwnInTheRootDirectoryWithoutInput() {
    assertThat(
            output(
                "pwd; cat; readlink /proc/self/fd/0; [ $(ps -o sid= -p $$) = $$ ] && echo leads"))
        .isEqualTo("/\n/dev/null\nleads\n");
  }

  @Test
  void givesNoFilesButTheThreeUsual() {
    // Without a pipe, whose ends the shell itself would hold for a moment.
    assertThat(output("ls /proc/$$/fd; true")).isEqualTo("0\n1\n2\n");
  }

  @Test
  void resetsSignals() {
    assertThat(output("grep -E 'SigBlk|SigIgn' /proc/self/status"))
        .isEqualTo("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
  }

  @Test
  void setsLimits() {
    assertThat(
            output(
                "ulimit -n; ulimit -Sn; ulimit -c; grep -o 'processes *77 *88' /proc/self/limits",
                "limits",
                Map.of("nofile", 123L, "core", 0L, "nproc", "77:88")))
        .matches("123\n123\n0\nprocesses +77 +88\n");
  }

  @Test
  void setsNiceUmaskAndDirectory() {
    assertThat(output("nice; umask; pwd", "nice", 7, "umask", "027", "working_dir", "/usr"))
        .isEqualTo("7\n0027\n/usr\n");
  }

  @Test
  void runsAsAnotherUser() {
    assumeRoot();
    assertThat(
            output(
                "id -un; id -gn; id -G; grep -E '^(Uid|Gid)' /proc/self/status", "user", "nobody"))
        .startsWith("nobody\nnogroup\n65534\n")
        .contains("Uid:\t65534\t65534\t65534\t65534", "Gid:\t65534\t65534\t65534\t65534");
  }

  @Test
  void runsAsAnotherUserByNumberAndGroup() {
    assumeRoot();
    assertThat(output("id -u; id -g", "user", 65534L, "group", "daemon")).isEqualTo("65534\n1\n");
  }

  @Test
  void separatesOrDiscardsStandardError() throws Exception {
    assertThat(output("echo out; echo err >&2", "stderr", "separate")).isEqualTo("out\n");
    assertThat(Files.readString(directory.resolve("logs/a.err.log"))).isEqualTo("err\n");
    home.start("b", Home.with("echo out; echo err >&2", "stderr", "discard"));
    home.exit("b");
    assertThat(home.output("b")).isEqualTo("out\n");
  }

  @Test
  void runsATextInTheShell() {
    home.start("a", Map.of("command", "echo $((6 * 7)) | tr 4 5"));
    home.exit("a");

    assertThat(home.output("a")).isEqualTo("52\n");
  }

  @Test
  void enforcesAMemoryLimitAndSaysSo() throws Exception {
    assumeController("memory");
    Resources limits = new Resources(32 << 20, 0, 0);
    Map<String, Object> hungry =
        Map.of("command", List.of("perl", "-e", "my $x = 'x' x (200 << 20); sleep 100"));

    home.driver().start(home.launch("a", hungry, limits, home.target("a")));
    Exit exit = home.exit("a");

    assertThat(exit.signal()).isEqualTo("KILL");
    assertThat(exit.detail()).isEqualTo("out of memory: over its limit of 33554432 bytes");
    home.driver().forget("a");
    await().until(() -> groups("a").isEmpty());
  }

  @Test
  void enforcesALimitOfProcessesAndOfCpu() throws Exception {
    assumeController("pids");
    assumeController("cpu");
    Resources limits = new Resources(0, 0.5, 3);
    Launch launch =
        home.launch(
            "a",
            Home.with(
                "exec perl -e '$| = 1; for (1 .. 5) { my $pid = fork;"
                    + " if (!defined $pid) { print qq(no fork\\n) } elsif (!$pid) { last } } sleep 100'"),
            limits,
            home.target("a"));

    home.driver().start(launch);

    home.awaitOutput("a", "fork");
    assertThat(groups("a")).isNotEmpty();
    for (Path group : groups("a")) {
      Path quota = group.resolve("cpu.cfs_quota_us");
      if (Files.exists(quota)) {
        assertThat(Files.readString(quota).strip()).isEqualTo("50000");
      }
    }
    home.driver().stop("a", Home.KILL);
    assertThat(groups("a")).isEmpty();
  }

  private List<Path> groups(String incarnation) throws Exception {
    String own = Cgroups.homeName(directory);
    try (var found =
        Files.find(Path.of("/sys/fs/cgroup"), 5, (p, _) -> p.endsWith(own + "/" + incarnation))) {
      return found.toList();
    }
  }

  private void assumeController(String name) {
    assumeTrue(
        home.driver().capabilities().stream()
            .anyMatch(
                capability -> capability.name().equals(name + "-limit") && capability.available()),
        "control groups for " + name + " are not writable here");
  }

  private static void assumeRoot() {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
  }

  private String output(String script, Object... more) {
    home.start("a", Home.with(script, more));
    home.exit("a");
    return home.output("a");
  }

  @Test
  void tellsAllThatIsWrongAtOnce() {
    Map<String, Object> wrong =
        Map.of(
            "command", List.of("ok", 5L),
            "user", "",
            "working_dir", "relative",
            "umask", "999",
            "nice", 20L,
            "stderr", "elsewhere",
            "limits", Map.of("nofile", -1L, "nosuch", 5L));

    assertThat(home.driver().validate(wrong))
        .extracting(SettingProblem::path)
        .containsExactlyInAnyOrder(
            "command[1]",
            "user",
            "working_dir",
            "umask",
            "nice",
            "stderr",
            "limits.nofile",
            "limits.nosuch");
    assertThat(home.driver().validate(Map.of()))
        .extracting(SettingProblem::path)
        .contains("command");
    assertThat(home.driver().validate(Map.of("command", List.of()))).hasSize(1);
    assertThat(home.driver().validate(Map.of("command", " "))).hasSize(1);
    assertThat(home.driver().validate(Map.of("command", 5L))).hasSize(1);
    assertThat(
            home.driver()
                .validate(Home.with("true", "limits", Map.of("core", "unlimited"), "umask", "022")))
        .isEmpty();
  }

  @Test
  void refusesWhatItCannotStart() {
    assertThatThrownBy(() -> home.driver().start(home.launch("a", Map.of())))
        .hasMessageContaining("cannot start a: command: is required");
  }
}
