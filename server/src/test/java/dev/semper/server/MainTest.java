package dev.semper.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.semper.api.SemperClient;
import dev.semper.api.Wire;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The server as a process of its own.
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class MainTest {
  @TempDir Path home;

  private Process start(String... more) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName(),
            "--home",
            home.toString(),
            "--port",
            "0"));
    command.addAll(List.of(more));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  private static String readyLine(Process server) throws IOException {
    var lines = server.inputReader();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.startsWith("semper ")) {
        return line;
      }
    }
    throw new AssertionError(
        "the server ended without a word: exit code " + server.onExit().join().exitValue());
  }

  private static int signal(Process server, String signal) throws Exception {
    new ProcessBuilder("kill", "-" + signal, String.valueOf(server.pid())).start().waitFor();
    return server.isAlive() ? -1 : server.exitValue();
  }

  @Test
  void tellsWhenItIsReadyAndEndsCleanlyOnTerm() throws Exception {
    Process server = start();
    try {
      String line = readyLine(server);
      assertThat(line)
          .matches(
              "semper \\S+ ready on http://127\\.0\\.0\\.1:\\d+ \\(home .*, pid %d, \\d+ ms\\)"
                  .formatted(server.pid()));
      var facts = Wire.JSON.readTree(Files.readString(home.resolve("run/server.json")));
      assertThat(facts.path("pid").asLong()).isEqualTo(server.pid());
      String token = Files.readString(Path.of(facts.path("token_file").asString())).strip();
      try (SemperClient client =
          new SemperClient(URI.create(facts.path("url").asString()), token, null)) {
        assertThat(client.healthy()).isTrue();
        assertThat(client.readiness().ready()).isTrue();
        assertThat(client.serverInfo().pid()).isEqualTo(server.pid());
      }
      assertThat(Files.readString(home.resolve("run/semper.pid")).strip())
          .isEqualTo(String.valueOf(server.pid()));

      long began = System.nanoTime();
      signal(server, "TERM");

      assertThat(server.waitFor(10, TimeUnit.SECONDS)).isTrue();
      assertThat(server.exitValue()).isZero();
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(5));
      assertThat(home.resolve("run/semper.pid")).doesNotExist();
      assertThat(home.resolve("run/server.json")).doesNotExist();
    } finally {
      server.destroyForcibly().waitFor();
    }
  }

  @Test
  void startsAgainAfterAKillAndKeepsItsToken() throws Exception {
    Process first = start();
    readyLine(first);
    String token = Files.readString(home.resolve("run/token"));
    first.destroyForcibly().waitFor();

    Process second = start("--daemon");
    try {
      readyLine(second);

      assertThat(Files.readString(home.resolve("run/token"))).isEqualTo(token);
      assertThat(Files.readString(home.resolve("run/semper.pid")).strip())
          .isEqualTo(String.valueOf(second.pid()));
      assertThat(Files.readString(home.resolve("logs/server.log")))
          .contains("replaced the PID file");
    } finally {
      second.destroyForcibly().waitFor();
    }
  }

  @Test
  void refusesToRunTwiceOnAHome() throws Exception {
    Process first = start();
    try {
      readyLine(first);

      Process second = start();
      String said = new String(second.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

      assertThat(second.waitFor()).isEqualTo(3);
      assertThat(said).contains("PID " + first.pid());
    } finally {
      first.destroyForcibly().waitFor();
    }
  }

  @Test
  void readsItsSettingsAgainOnHup() throws Exception {
    Process server = start("--daemon");
    try {
      readyLine(server);
      Files.writeString(home.resolve("semper.toml"), "[log]\nlevel = \"debug\"\n");

      signal(server, "HUP");

      Path log = home.resolve("logs/server.log");
      await()
          .atMost(Duration.ofSeconds(10))
          .until(() -> Files.readString(log).contains("changed: [log.level]"));
      Files.writeString(home.resolve("semper.toml"), "[log]\nlevel = \"loud\"\n");
      signal(server, "HUP");
      await()
          .atMost(Duration.ofSeconds(10))
          .until(() -> Files.readString(log).contains("the old ones stay"));
      assertThat(server.isAlive()).isTrue();
    } finally {
      server.destroyForcibly().waitFor();
    }
  }

  @Test
  void refusesWrongOptionsAndSettings() throws Exception {
    assertThat(run("--prot", "1")).startsWith("2 ").contains("--prot");
    assertThat(run("--port", "x")).startsWith("2 ").contains("--port");
    assertThat(run("--home")).startsWith("2 ").contains("needs a value");
    Files.writeString(home.resolve("semper.toml"), "[api]\nprot = 1\n");
    assertThat(run("--home", home.toString()))
        .startsWith("2 ")
        .contains("line 2")
        .contains("api.port");
    assertThat(run("--help")).startsWith("0 ").contains("--daemon");
  }

  private static String run(String... args) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    int code = Main.run(args, out, out);
    return code + " " + bytes.toString(StandardCharsets.UTF_8);
  }
}
