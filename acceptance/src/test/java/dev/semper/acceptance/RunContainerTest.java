package dev.semper.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// `semper run` as PID 1 of a real container: an engine of its own (Debian's docker.io), an image
/// built from nothing but busybox, the C library and what `packaging/run-image` makes. busybox's
/// `env` cannot block signals, so this is also the test of the way without it.
final class RunContainerTest {
  private static @Nullable Path folder;
  private static @Nullable Process engine;

  @BeforeAll
  static void startTheEngineAndBuildTheImage() throws Exception {
    assumeTrue(
        System.getProperty("user.name").equals("root"),
        "skipped: a container engine of its own needs root");
    for (String program : List.of("dockerd", "docker", "busybox")) {
      assumeTrue(
          onPath(program), "skipped: no " + program + "; apt-get install docker.io busybox-static");
    }
    assumeTrue(
        Files.exists(Cli.root().resolve("dist/run.classpath")),
        "skipped: the program is not built; run ./semper version");
    Path home = Files.createTempDirectory(Path.of("/tmp"), "semper-run-");
    folder = home;
    engine =
        new ProcessBuilder(
                "dockerd",
                "--data-root=" + home.resolve("data"),
                "--exec-root=" + home.resolve("exec"),
                "--pidfile=" + home.resolve("pid"),
                "--host=unix://" + home.resolve("sock"),
                "--bridge=none",
                "--iptables=false",
                "--ip6tables=false")
            .redirectErrorStream(true)
            .redirectOutput(home.resolve("engine.log").toFile())
            .start();
    buildTheImage(home);
  }

  private static boolean onPath(String program) {
    return Stream.of(System.getenv("PATH").split(":"))
        .anyMatch(place -> Files.isExecutable(Path.of(place, program)));
  }

  private static void buildTheImage(Path home) throws Exception {
    Path root = Files.createDirectories(home.resolve("image/root"));
    sh(
        """
        set -e
        "$1/packaging/run-image" "$2/opt/semper"
        mkdir -p "$2/bin" "$2/lib64" "$2/tmp" "$2/proc" "$2/sys" "$2/dev"
        cp "$(command -v busybox)" "$2/bin/busybox"
        for name in sh sleep cat mkdir ls ps kill env true setsid; do ln -s busybox "$2/bin/$name"; done
        ldd "$2/opt/semper/jre/bin/java" "$2/opt/semper/jre/lib/server/libjvm.so" |
          awk '{ for (i = 1; i <= NF; i++) if ($i ~ "^/(usr/)?lib") print $i }' | sort -u |
          while read -r file; do mkdir -p "$2${file%/*}"; cp -L "$file" "$2$file"; done
        """,
        Cli.root().toString(), root.toString());
    Files.writeString(
        home.resolve("image/Dockerfile"),
        """
        FROM scratch
        COPY root/ /
        ENV PATH=/bin
        ENTRYPOINT ["/opt/semper/semper", "run", "--flow-name", "rpa1", "--"]
        """);
    Process running = engine();
    Awaitility.await("the container engine")
        .atMost(Duration.ofSeconds(60))
        .until(() -> !running.isAlive() || docker("info").code() == 0);
    assumeTrue(
        running.isAlive(),
        () ->
            "skipped: no container engine can be had here: "
                + lastLine(home.resolve("engine.log")));
    Result built = docker("build", "--quiet", "--tag", "rpa1", home.resolve("image").toString());
    assertThat(built.code()).as(built.output()).isZero();
    Result tried = docker("run", "--rm", "--network=host", "--entrypoint=/bin/true", "rpa1");
    assumeTrue(
        tried.code() == 0,
        () -> "skipped: the engine cannot run containers here: " + tried.output());
  }

  private static Process engine() {
    Process running = engine;
    if (running == null) {
      throw new IllegalStateException("no engine");
    }
    return running;
  }

  private static String lastLine(Path log) {
    try {
      List<String> lines = Files.readAllLines(log);
      return lines.isEmpty() ? "no log" : lines.getLast();
    } catch (IOException e) {
      return e.toString();
    }
  }

  @AfterAll
  static void stopTheEngine() throws Exception {
    Path home = folder;
    if (home == null) {
      return;
    }
    if (engine != null) {
      docker("ps", "--quiet").output().lines().forEach(id -> docker("kill", id));
      engine.destroy();
      if (!engine.waitFor(30, TimeUnit.SECONDS)) {
        engine.destroyForcibly();
      }
    }
    // What the engine has mounted, e.g. its network namespace, it leaves mounted.
    for (String line : Files.readAllLines(Path.of("/proc/self/mounts"))) {
      String mounted = line.split(" ")[1];
      if (mounted.startsWith(home + "/")) {
        run(List.of("umount", mounted));
      }
    }
    Files.walkFileTree(
        home,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path place, @Nullable IOException e)
              throws IOException {
            Files.deleteIfExists(place);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private record Result(int code, String output) {}

  private static Result run(List<String> command) {
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectInput(Path.of("/dev/null").toFile());
      builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
      builder.environment().put("DOCKER_BUILDKIT", "0");
      Process process = builder.start();
      String output =
          new String(
              process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
      return new Result(process.waitFor(), output.strip());
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private static void sh(String script, String... words) {
    List<String> command = new ArrayList<>(List.of("sh", "-c", script, "sh"));
    command.addAll(Arrays.asList(words));
    Result result = run(command);
    assertThat(result.code()).as(result.output()).isZero();
  }

  private static Result docker(String... words) {
    List<String> command = new ArrayList<>(List.of("docker", "--host=unix://" + folder + "/sock"));
    command.addAll(Arrays.asList(words));
    return run(command);
  }

  @Test
  void isPid1ReapsServesHealthAndEndsOnTermWithTheProgramsCode() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    String id =
        docker(
                "run",
                "--detach",
                "--network=host",
                "--memory=256m",
                "--env=CONTAINER_MONITORING_METRICS_ADDRESS=127.0.0.1",
                "--env=CONTAINER_MONITORING_METRICS_PORT=" + port,
                "rpa1",
                "sh",
                "-c",
                "trap 'echo got TERM; exit 42' TERM; (setsid sleep 0.2 &); (sleep 0.2 &);"
                    + " echo parent $PPID; while true; do sleep 0.1; done")
            .output();
    HttpRequest ready =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/health/ready")).build();
    HttpRequest metrics =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics")).build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      Awaitility.await("health port of " + id)
          .atMost(Duration.ofSeconds(60))
          .ignoreExceptions()
          .until(
              () -> client.send(ready, HttpResponse.BodyHandlers.ofString()).statusCode() == 200);
      Awaitility.await("both orphans reaped")
          .atMost(Duration.ofSeconds(30))
          .until(() ->
              client
                  .send(metrics, HttpResponse.BodyHandlers.ofString())
                  .body()
                  .contains("semper_run_orphans_reaped_total 2\n"));
    }
    assertThat(docker("exec", id, "ps", "-o", "stat,args").output()).doesNotContain("Z ");
    assertThat(docker("logs", id).output()).contains("parent 1");

    long begun = System.nanoTime();
    docker("stop", "--time=30", id);

    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(15));
    assertThat(docker("inspect", "--format={{.State.ExitCode}}", id).output()).isEqualTo("42");
    assertThat(docker("logs", id).output())
        .contains("got TERM")
        .contains("\"event\": \"shutdown_completed\"");
  }

  @Test
  void exitsWithTheProgramsCode() {
    Result result =
        docker(
            "run",
            "--rm",
            "--network=host",
            "--env=CONTAINER_MONITORING_METRICS_ENABLED=false",
            "--env=CONTAINER_RESTART_POLICY=no",
            "rpa1",
            "sh",
            "-c",
            "exit 7");

    assertThat(result.code()).as(result.output()).isEqualTo(7);
  }
}
