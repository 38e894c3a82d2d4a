package dev.semper.probe.ssh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;

/// OpenSSH on a port of loopback, with a configuration and keys of its own; lets in whoever runs
/// the tests.
final class OpenSshServer implements AutoCloseable {
  private static final Path SSHD = Path.of("/usr/sbin/sshd");

  private final Path dir;
  private final int port;
  private final Process process;

  private OpenSshServer(Path dir, int port, Process process) {
    this.dir = dir;
    this.port = port;
    this.process = process;
  }

  static OpenSshServer start(Path dir) throws Exception {
    assumeTrue(
        Files.isExecutable(SSHD), "skipped: /usr/sbin/sshd (Debian: openssh-server) is missing");
    boolean root = System.getProperty("user.name").equals("root");
    if (root) {
      Files.createDirectories(Path.of("/run/sshd"));
    }
    Path keys = Files.createDirectories(dir.resolve("keys"));
    Files.setPosixFilePermissions(keys, PosixFilePermissions.fromString("rwx------"));
    for (String type : List.of("host", "ed25519", "rsa", "ecdsa", "stranger")) {
      boolean named = List.of("rsa", "ecdsa").contains(type);
      run(
          "ssh-keygen",
          "-q",
          "-N",
          "",
          "-t",
          named ? type : "ed25519",
          "-f",
          keys.resolve(type).toString());
    }
    StringBuilder authorized = new StringBuilder();
    for (String type : List.of("ed25519", "rsa", "ecdsa")) {
      authorized.append(Files.readString(keys.resolve(type + ".pub")));
    }
    Path allowed = Files.writeString(keys.resolve("authorized"), authorized);
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Path config =
        Files.writeString(
            keys.resolve("sshd_config"),
            """
            Port %d
            ListenAddress 127.0.0.1
            HostKey %s
            PidFile none
            AuthorizedKeysFile %s
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            MaxStartups 100
            """
                .formatted(port, keys.resolve("host"), allowed));
    Process process =
        new ProcessBuilder(
                SSHD.toString(),
                "-D",
                "-f",
                config.toString(),
                "-E",
                dir.resolve("sshd.log").toString())
            .start();
    OpenSshServer server = new OpenSshServer(keys, port, process);
    server.awaitListening();
    String host = Files.readString(keys.resolve("host.pub"));
    Files.writeString(keys.resolve("known"), "[127.0.0.1]:" + port + " " + host);
    return server;
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output =
        new String(
            process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }

  private void awaitListening() throws Exception {
    long end = System.nanoTime() + 20_000_000_000L;
    while (true) {
      try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
        return;
      } catch (IOException e) {
        if (!process.isAlive() || System.nanoTime() > end) {
          throw new IllegalStateException(Files.readString(dir.resolveSibling("sshd.log")), e);
        }
        process.waitFor(20, java.util.concurrent.TimeUnit.MILLISECONDS);
      }
    }
  }

  Path key(String type) {
    return dir.resolve(type);
  }

  Path strangersKey() {
    return dir.resolve("stranger");
  }

  String knownAsSomebodyElse() throws IOException {
    return "[127.0.0.1]:" + port + " " + Files.readString(dir.resolve("stranger.pub"));
  }

  Map<String, Object> settings() {
    return Map.of(
        "port", (long) port,
        "user", System.getProperty("user.name"),
        "identity_file", key("ed25519").toString(),
        "known_hosts", dir.resolve("known").toString());
  }

  @Override
  public void close() {
    process.destroy();
    process.onExit().join();
  }
}
