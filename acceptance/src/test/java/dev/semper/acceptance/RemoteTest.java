package dev.semper.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A real OpenSSH server in the part of a virtual machine, watched by the file of seed 002.
@Timeout(120)
final class RemoteTest {
  private static final Path SSHD = Path.of("/usr/sbin/sshd");
  @TempDir Path dir;
  private Lab lab;
  private int port;

  @BeforeEach
  void open() throws Exception {
    assumeTrue(
        Files.isExecutable(SSHD), "skipped: /usr/sbin/sshd (Debian: openssh-server) is missing");
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    for (String key : List.of("host", "user")) {
      run("ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f", dir.resolve(key).toString());
    }
    if (System.getProperty("user.name").equals("root")) {
      Files.createDirectories(Path.of("/run/sshd"));
    }
    Files.writeString(
        dir.resolve("sshd_config"),
        """
        Port %d
        ListenAddress 127.0.0.1
        HostKey %s
        PidFile %s
        AuthorizedKeysFile %s
        StrictModes no
        UsePAM no
        PasswordAuthentication no
        """
            .formatted(port, dir.resolve("host"), dir.resolve("pid"), dir.resolve("user.pub")));
    lab = Lab.open();
  }

  @AfterEach
  void close() throws Exception {
    if (lab != null) {
      lab.close();
    }
    if (Files.exists(dir.resolve("pid"))) {
      ProcessHandle.of(sshd()).ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).inheritIO().start();
    assertThat(process.waitFor()).isZero();
  }

  /// sshd forks away by itself and leaves its PID.
  private String startSshd() {
    return "%s -f %s -E %s".formatted(SSHD, dir.resolve("sshd_config"), dir.resolve("sshd.log"));
  }

  private long sshd() throws IOException {
    return Long.parseLong(Files.readString(dir.resolve("pid")).strip());
  }

  private Path script(String name, String body) throws IOException {
    Path script = Files.writeString(dir.resolve(name), "#!/bin/sh\n" + body + "\n");
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    return script;
  }

  private List<String> lines(String file) throws IOException {
    Path path = dir.resolve(file);
    return Files.exists(path) ? Files.readAllLines(path) : List.of();
  }

  private static void until(String what, Callable<Boolean> condition) {
    Awaitility.await(what)
        .pollInterval(Duration.ofMillis(50))
        .atMost(Lab.PATIENCE)
        .until(condition);
  }

  private boolean listens() {
    try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private Path file(String policy) throws IOException {
    Path failure =
        script("on-failure", "echo $VM_NAME $EVENT_TYPE $FAILURE_COUNT >> " + dir + "/failures");
    Path healthy = script("on-healthy", "echo $VM_NAME >> " + dir + "/healthy");
    Path restart =
        script("restart", "echo restarting; echo x >> " + dir + "/restarts; " + startSshd());
    return Files.writeString(
        dir.resolve("lifecycle-config.toml"),
        """
        [daemon]
        pid_file = "~/.azlin/lifecycle-daemon.pid"
        log_level = "INFO"

        [vms.my-vm]
        enabled = true
        check_interval_seconds = 1
        restart_policy = "%s"
        ssh_failure_threshold = 2
        health_check_timeout = 10
        host = "127.0.0.1"
        port = %d
        identity_file = "%s"
        known_hosts = "%s"
        restart_command = ["%s"]

        [vms.my-vm.hooks]
        on_failure = "%s"
        on_healthy = "%s"
        on_stop = ""

        [vms.another-vm]
        enabled = false
        check_interval_seconds = 120
        restart_policy = "never"
        """
            .formatted(
                policy,
                port,
                dir.resolve("user"),
                dir.resolve("known_hosts"),
                restart,
                failure,
                healthy));
  }

  private boolean passes() {
    return lab.client().health("my-vm").probes().stream()
        .anyMatch(probe -> probe.outcome().equals("passed"));
  }

  @Test
  void aMachineWhoseSshDiesIsToldRestartedAndWellAgain() throws Exception {
    run("/bin/sh", "-c", startSshd());
    until("sshd listens", this::listens);
    Path home = lab.server().home();
    Path file = file("on-failure");

    Cli.Result applied = Cli.semper(home, "apply", "-f", file.toString());

    assertThat(applied.code()).as(applied.output()).isZero();
    assertThat(applied.output())
        .contains("note: daemon.pid_file, log_level: not used")
        .contains("note: vms.another-vm: there is no key");
    assertThat(Cli.semper(home, "apply", "-f", file.toString()).output()).contains("nothing to do");
    until("the login works", this::passes);
    assertThat(lines("restarts")).isEmpty();
    assertThat(lab.workload("another-vm").instancesWanted()).isZero();

    long pid = sshd();
    Lab.signal("KILL", pid);

    until("sshd is back", () -> listens() && sshd() != pid);
    until("the login works again", () -> lines("restarts").size() == 1 && passes());
    until("the hook has run", () -> !lines("failures").isEmpty());
    assertThat(lines("failures").getFirst()).isEqualTo("my-vm on_failure 2");
    assertThat(lab.log("my-vm")).contains("restarting");
    assertThat(Cli.semper(home, "status", "my-vm").output())
        .contains(
            "Monitoring     enabled", "Policy         on-failure", "failures 0/2", "on_failure");

    long before = lab.lastEvent();
    lab.server().crashAndStart();
    lab.awaitEvent("my-vm", "instance.attached", before);
    until("it is watched on", this::passes);
    assertThat(lines("restarts")).hasSize(1);

    Cli.Result restart = Cli.semper(home, "restart", "my-vm");
    assertThat(restart.code()).as(restart.output()).isZero();
    assertThat(lines("restarts")).hasSize(2);
  }

  @Test
  void enablingANameThatIsNotKnownWatchesIt() {
    Path home = lab.server().home();

    Cli.Result first =
        Cli.semper(
            home,
            "enable",
            "vm1",
            "--host",
            "127.0.0.1",
            "--interval",
            "60",
            "--restart-policy",
            "on-failure",
            "--ssh-threshold",
            "3",
            "--timeout",
            "30");
    Cli.Result again = Cli.semper(home, "enable", "vm1");
    Cli.Result other = Cli.semper(home, "enable", "vm1", "--interval", "7");

    assertThat(first.code()).as(first.output()).isZero();
    assertThat(lab.workload("vm1").kind()).isEqualTo("remote");
    assertThat(again.code()).as(again.output()).isZero();
    assertThat(again.output()).contains("is watched already");
    assertThat(other.code()).isNotZero();
    assertThat(other.output()).contains("with other settings");

    assertThat(Cli.semper(home, "disable", "vm1").code()).isZero();
    assertThat(lab.workload("vm1").state()).isEqualTo("disabled");
    assertThat(Cli.semper(home, "status", "vm1").output()).contains("Monitoring     disabled");
    assertThat(Cli.semper(home, "enable", "vm1").code()).isZero();
    assertThat(lab.workload("vm1").state()).isEqualTo("running");
  }
}
