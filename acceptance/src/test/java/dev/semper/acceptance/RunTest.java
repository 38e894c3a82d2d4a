package dev.semper.acceptance;

import static dev.semper.acceptance.EntryPoint.json;
import static dev.semper.acceptance.EntryPoint.names;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.semper.engine.store.PostgresServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// `semper run` as users run it: the built program, with real programs below it.
@Execution(ExecutionMode.CONCURRENT)
final class RunTest {
  private static final List<String> NO_RESTART = List.of("RESTART_POLICY", "no");

  @TempDir Path folder;

  private Path profile(String text) throws IOException {
    return Files.writeString(folder.resolve("profile.toml"), text);
  }

  @ParameterizedTest
  @CsvSource({
    "managed,exit 0,0",
    "managed,exit 7,7",
    "managed,kill -KILL $$,137",
    "simple,exit 7,7",
    "simple,kill -USR2 $$,140"
  })
  void exitsWithTheCodeOfTheProgram(String mode, String script, int code) throws Exception {
    try (EntryPoint entry =
        EntryPoint.start(folder, NO_RESTART, "--mode", mode, "--", "sh", "-c", script)) {
      assertThat(entry.exitCode()).isEqualTo(code);
    }
  }

  @ParameterizedTest
  @CsvSource({"/nonexistent,127", "/etc/passwd,126"})
  void aProgramThatCannotBeStartedIsNotTriedAgain(String program, int code) throws Exception {
    try (EntryPoint entry = EntryPoint.start(folder, List.of(), "--", program)) {
      assertThat(entry.exitCode()).isEqualTo(code);
      assertThat(entry.log("failure_detected").getFirst().get("details").get("reason").asString())
          .contains(program);
      assertThat(entry.log("restart_initiated")).isEmpty();
    }
  }

  @Test
  void theProgramsOutputArgumentsAndEnvironmentAreItsOwn() throws Exception {
    try (EntryPoint entry =
        EntryPoint.start(
            folder,
            List.of(),
            "--",
            "sh",
            "-c",
            "printf '%s|' \"$@\"; env | grep -c -e SEMPER_RUN -e _JAVA_SR; ls /proc/self/fd | wc -l;"
                + " grep SigBlk /proc/self/status",
            "sh",
            "ü b",
            "--flow-name",
            "")) {
      assertThat(entry.exitCode()).isZero();
      assertThat(entry.output()).isEqualTo("ü b|--flow-name||0\n4\nSigBlk:\t0000000000000000\n");
    }
  }

  @Test
  void passesSignalsOn() throws Exception {
    String script =
        "for s in HUP QUIT USR1 USR2 WINCH ALRM PWR URG; do trap \"echo got $s\" $s; done;"
            + " trap 'echo got RTMIN+3' 37; trap 'echo got TERM; exit 5' TERM; echo up;"
            + " while true; do sleep 0.05; done";
    try (EntryPoint entry = EntryPoint.start(folder, NO_RESTART, "--", "bash", "-c", script)) {
      entry.awaitOutput("up");
      for (String signal : List.of("HUP", "QUIT", "USR1", "USR2", "WINCH", "ALRM", "PWR", "URG")) {
        entry.signal(signal);
        entry.awaitOutput("got " + signal);
      }
      entry.signal("RTMIN+3");
      entry.awaitOutput("got RTMIN+3");
      entry.signal("TERM");

      assertThat(entry.exitCode()).isEqualTo(5);
      assertThat(entry.output()).contains("got TERM");
      assertThat(entry.log("shutdown_initiated").getFirst().get("details").get("reason").asString())
          .isEqualTo("signal TERM");
    }
  }

  @Test
  void reapsOrphansAndEndsWhatIsLeftBehind() throws Exception {
    // Five grandchildren lose their parent; four end, one would stay for ever.
    String script =
        "for i in 1 2 3 4; do (sleep 0.1 &) ; done; (setsid sleep 1000 & echo $! > "
            + folder.resolve("left")
            + "); sleep 1; ps -o stat= --ppid "
            + "$PPID | grep -c Z";
    try (EntryPoint entry = EntryPoint.start(folder, NO_RESTART, "--", "sh", "-c", script)) {
      assertThat(entry.exitCode()).isEqualTo(1); // grep has found none
      assertThat(entry.output()).isEqualTo("0\n");
      String left = Files.readString(folder.resolve("left")).strip();
      assertThat(ProcessHandle.of(Long.parseLong(left))).isEmpty();
    }
  }

  @Test
  void killsTheWholeTreeOfAProgramThatDoesNotEnd() throws Exception {
    String script =
        "trap '' TERM; (trap '' TERM; echo $$ > /dev/null; sleep 1000) & echo $! > "
            + folder.resolve("child")
            + "; echo up; while true; do sleep 1; done";
    try (EntryPoint entry =
        EntryPoint.start(
            folder, List.of("SHUTDOWN_TIMEOUT_SECONDS", "3"), "--", "bash", "-c", script)) {
      entry.awaitOutput("up");
      long begun = System.nanoTime();
      entry.signal("TERM");

      assertThat(entry.exitCode()).isEqualTo(137);
      assertThat(Duration.ofNanos(System.nanoTime() - begun))
          .isBetween(Duration.ofMillis(1500), Duration.ofSeconds(8));
      long child = Long.parseLong(Files.readString(folder.resolve("child")).strip());
      assertThat(ProcessHandle.of(child)).isEmpty();
      assertThat(
              entry.log("shutdown_completed").getFirst().get("details").get("graceful").asBoolean())
          .isFalse();
    }
  }

  @Test
  void theSeedsEnvironmentIsRequiredOnceItIsBegun() throws Exception {
    try (EntryPoint entry =
        EntryPoint.start(
            folder, List.of("FLOW_NAME", "other", "RESTART_POLICY", "never-ever"), "--", "true")) {
      assertThat(entry.exitCode()).isEqualTo(1);
      JsonNode result = entry.log("validation_failed").getFirst().get("details");
      assertThat(names(result))
          .containsExactly(
              "success",
              "checks_passed",
              "checks_failed",
              "warnings",
              "duration_seconds",
              "details");
      assertThat(result.get("checks_failed").toString())
          .isEqualTo("[\"environment_variables\",\"flow_name_consistency\"]");
      assertThat(result.get("details").toString())
          .contains("CONTAINER_ENVIRONMENT is not set")
          .contains("CONTAINER_RPA_DB_CONNECTION_STRING is not set")
          .contains("CONTAINER_FLOW_NAME is 'other', --flow-name is 'rpa1'");
      assertThat(result.get("warnings").toString())
          .contains("CONTAINER_RESTART_POLICY 'never-ever' is unknown; on-failure is taken");
      assertThat(entry.log("restart_initiated")).as("waiting does not help").isEmpty();
    }
  }

  @Test
  void aHungDependencyIsBoundedAndAMissingOptionalOneIsPassed() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Path profile =
          profile(
              """
              [[dependencies]]
              name = "hangs"
              http = "http://127.0.0.1:%d/"
              timeout_seconds = 0.5
              [[dependencies]]
              name = "sleeps"
              command = ["sh", "-c", "trap '' TERM; sleep 1000"]
              timeout_seconds = 0.5
              [[dependencies]]
              name = "optional"
              tcp = "127.0.0.1:1"
              timeout_seconds = 0.5
              retry_interval = 0.1
              required = false
              """
                  .formatted(silent.getLocalPort()));
      try (EntryPoint entry =
          EntryPoint.start(folder, NO_RESTART, "--profile", profile.toString(), "--", "true")) {
        assertThat(entry.exitCode()).isEqualTo(1);
        List<JsonNode> missing = entry.log("dependency_missing");
        assertThat(missing).hasSize(3);
        assertThat(missing.getFirst().get("details").get("error").asString())
            .isEqualTo("no answer within 0.5 s");
        assertThat(missing)
            .allSatisfy(line ->
                assertThat(line.get("details").get("duration_ms").asLong()).isLessThan(5000));
        assertThat(missing.get(2).get("level").asString()).isEqualTo("WARNING");
        assertThat(missing.get(2).get("details").get("attempts").asInt()).isGreaterThan(1);
        assertThat(entry.log("failure_detected").getFirst().get("details").get("reason").asString())
            .isEqualTo("dependencies missing: hangs, sleeps");
      }
    }
  }

  @Test
  void waitsForAServiceThatComesUpLate() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Path profile =
        profile(
            """
            [[dependencies]]
            name = "late"
            http = "http://127.0.0.1:%d/health"
            timeout_seconds = 50
            retry_interval = 0.1
            """
                .formatted(port));
    HttpServer server = null;
    try (EntryPoint entry =
        EntryPoint.start(
            folder, NO_RESTART, "--profile", profile.toString(), "--", "sh", "-c", "echo ran")) {
      assertThat(entry.get("/health/live").statusCode()).isEqualTo(200);
      HttpResponse<String> ready = entry.get("/health/ready");
      assertThat(ready.statusCode()).isEqualTo(503);
      assertThat(ready.body()).isEqualTo("{\"status\": \"not_ready\"}\n");

      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
      server.createContext(
          "/health",
          exchange -> {
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
          });
      server.start();

      assertThat(entry.exitCode()).isZero();
      JsonNode found = entry.log("dependencies_ready").getFirst().get("details");
      assertThat(found.get("dependencies_checked").asInt()).isEqualTo(1);
      assertThat(found.get("dependencies").get(0).get("attempts").asInt()).isGreaterThan(1);
      assertThat(entry.output()).isEqualTo("ran\n");
    } finally {
      if (server != null) {
        server.stop(0);
      }
    }
  }

  @Test
  void restartsByPolicyUpToTheLimitOnceEach() throws Exception {
    List<String> environment =
        List.of(
            "RESTART_POLICY", "on-failure",
            "MAX_RESTART_ATTEMPTS", "2",
            "RESTART_DELAY_SECONDS", "0.05");
    try (EntryPoint entry =
        EntryPoint.start(folder, environment, "--", "sh", "-c", "echo run; exit 3")) {
      assertThat(entry.exitCode()).isEqualTo(3);
      assertThat(entry.output()).isEqualTo("run\nrun\nrun\n");
      assertThat(entry.log("restart_initiated"))
          .extracting(line -> line.get("details").get("delay_seconds").asDouble())
          .containsExactly(0.05, 0.1);
      assertThat(entry.log("not_restarted").getFirst().get("details").get("reason").asString())
          .isEqualTo("2 restarts within 60 minutes is the limit");
      JsonNode report = json(folder.resolve("app/logs/rpa1_lifecycle_metrics.json"));
      JsonNode counts = report.get("metrics").get("metrics");
      assertThat(counts.get("startup_count").asInt()).isEqualTo(3);
      assertThat(counts.get("restart_count").asInt()).isEqualTo(2);
      assertThat(report.get("container_info").get("current_state").asString()).isEqualTo("failed");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "always,'',exit 0,2",
    "unless-stopped,'',exit 0,2",
    "on-failure,server,exit 0,2",
    "on-failure,single,exit 0,1",
    "no,server,exit 4,1"
  })
  void policyAndModeDecideTogether(String policy, String mode, String script, int runs)
      throws Exception {
    List<String> environment =
        List.of(
            "RESTART_POLICY",
            policy,
            "EXECUTION_MODE",
            mode,
            "MAX_RESTART_ATTEMPTS",
            "1",
            "RESTART_DELAY_SECONDS",
            "0");
    try (EntryPoint entry =
        EntryPoint.start(folder, environment, "--", "sh", "-c", "echo run; " + script)) {
      entry.exitCode();
      assertThat(entry.output()).isEqualTo("run\n".repeat(runs));
    }
  }

  @Test
  void aDaemonRunsAgainAtItsIntervalUntilItIsStopped() throws Exception {
    List<String> environment = List.of("EXECUTION_MODE", "daemon", "EXECUTION_INTERVAL", "0.1");
    try (EntryPoint entry = EntryPoint.start(folder, environment, "--", "sh", "-c", "echo run")) {
      entry.awaitOutput("run\nrun\nrun\n");
      entry.signal("TERM");
      assertThat(entry.exitCode()).isIn(0, 143);
      assertThat(entry.log("restart_initiated")).isEmpty();
    }
  }

  @Test
  void aHandlerThatNeverReturnsDoesNotHoldTheEnd() throws Exception {
    Path profile =
        profile(
            """
            [[shutdown.handlers]]
            name = "first"
            command = ["sh", "-c", "echo first $SEMPER_EXIT_CODE >&2; exit 1"]
            [[shutdown.handlers]]
            name = "hangs"
            command = ["sh", "-c", "trap '' TERM; sleep 1000"]
            timeout_seconds = 1
            [[shutdown.handlers]]
            name = "last"
            command = ["sh", "-c", "echo last >&2"]
            """);
    try (EntryPoint entry =
        EntryPoint.start(
            folder,
            NO_RESTART,
            "--profile",
            profile.toString(),
            "--export-report",
            folder.resolve("report.json").toString(),
            "--",
            "sh",
            "-c",
            "exit 9")) {
      assertThat(entry.exitCode()).isEqualTo(9);
      assertThat(entry.errors()).contains("first 9\n").contains("last\n");
      assertThat(entry.log("shutdown_handler_failed")).hasSize(1);
      JsonNode end = entry.log("shutdown_completed").getFirst().get("details");
      assertThat(end.get("handlers_over_time").toString()).isEqualTo("[\"hangs\"]");
      JsonNode counts = json(folder.resolve("report.json")).get("metrics").get("metrics");
      assertThat(counts.get("forced_shutdowns").asInt()).isEqualTo(1);
      assertThat(counts.get("graceful_shutdowns").asInt()).isZero();
    }
  }

  @Test
  void theReportHasEachFieldOfTheContract() throws Exception {
    Path file = folder.resolve("report.json");
    Path profile =
        profile(
            """
            [[dependencies]]
            name = "folder"
            directory = "/"
            timeout_seconds = 5
            description = "The root"
            """);
    try (EntryPoint entry =
        EntryPoint.start(
            folder,
            List.of(),
            "--profile",
            profile.toString(),
            "--export-report",
            file.toString(),
            "--",
            "true")) {
      assertThat(entry.exitCode()).isZero();
    }

    JsonNode report = json(file);
    assertThat(names(report))
        .containsExactly(
            "report_timestamp",
            "container_info",
            "metrics",
            "restart_config",
            "event_history",
            "dependency_checks");
    assertThat(names(report.get("container_info")))
        .containsExactly("container_id", "flow_name", "current_state", "startup_time");
    assertThat(report.get("container_info").get("container_id").asString()).isEqualTo("c1");
    assertThat(report.get("container_info").get("current_state").asString()).isEqualTo("stopped");
    JsonNode metrics = report.get("metrics");
    assertThat(names(metrics))
        .containsExactly(
            "container_id",
            "flow_name",
            "current_state",
            "metrics",
            "current_uptime_seconds",
            "restart_count",
            "health_check_failures",
            "event_count",
            "last_events");
    assertThat(names(metrics.get("metrics")))
        .containsExactly(
            "startup_count",
            "successful_startups",
            "failed_startups",
            "restart_count",
            "graceful_shutdowns",
            "forced_shutdowns",
            "health_check_failures",
            "total_uptime_seconds",
            "last_startup_time",
            "last_shutdown_time");
    assertThat(metrics.get("metrics").get("graceful_shutdowns").asInt()).isEqualTo(1);
    assertThat(metrics.get("last_events").size()).isEqualTo(metrics.get("event_count").asInt());
    assertThat(names(report.get("restart_config")))
        .containsExactly(
            "policy",
            "max_restart_attempts",
            "restart_delay_seconds",
            "exponential_backoff",
            "max_delay_seconds",
            "restart_window_minutes");
    assertThat(report.get("event_history").valueStream())
        .allSatisfy(event ->
            assertThat(names(event))
                .containsExactly("event", "timestamp", "details", "duration_ms"))
        .extracting(event -> event.get("event").asString())
        .containsExactly(
            "startup_initiated",
            "dependencies_ready",
            "health_check_passed",
            "startup_completed",
            "shutdown_initiated",
            "shutdown_completed");
    assertThat(report.get("dependency_checks").toString())
        .isEqualTo(
            "[{\"name\":\"folder\",\"required\":true,\"timeout_seconds\":5,\"description\":\"The"
                + " root\"}]");
    assertThat(file.getParent()).isDirectoryNotContaining("glob:**.tmp");
  }

  @Test
  void aLogLineHasTheShapeOfTheContract() throws Exception {
    try (EntryPoint entry = EntryPoint.start(folder, List.of(), "--", "true")) {
      assertThat(entry.exitCode()).isZero();
      assertThat(entry.errors()).contains("\"component\": \"lifecycle_manager\"");
      JsonNode line = entry.log("startup_completed").getFirst();
      assertThat(names(line))
          .containsExactly(
              "timestamp",
              "level",
              "component",
              "container_id",
              "flow",
              "event",
              "duration_ms",
              "details");
      assertThat(names(line.get("details")))
          .containsExactly("validation_checks", "dependencies_checked", "health_status");
      assertThat(line.get("details").get("validation_checks").asInt()).isEqualTo(6);
      assertThat(line.get("duration_ms").asLong()).isNotNegative();
    }
  }

  @Test
  void healthAndMetricsHaveTheShapesOfTheContract() throws Exception {
    try (EntryPoint entry = EntryPoint.start(folder, List.of(), "--", "sleep", "1000")) {
      entry.await("startup_completed");

      HttpResponse<String> health = entry.get("/health");
      assertThat(health.statusCode()).isEqualTo(200);
      assertThat(names(json(health))).containsExactly("status", "timestamp", "checks");
      assertThat(json(health).get("status").asString()).isIn("healthy", "degraded");
      assertThat(names(json(health).get("checks")))
          .containsExactly("program", "application", "resources");
      assertThat(entry.get("/health/ready").body()).isEqualTo("{\"status\": \"ready\"}\n");
      assertThat(entry.get("/health/live").body()).isEqualTo("{\"status\": \"alive\"}\n");
      JsonNode detailed = json(entry.get("/health/detailed"));
      assertThat(names(detailed.get("metrics")))
          .containsExactly(
              "container_health_status",
              "database_response_time_ms",
              "memory_usage_percent",
              "cpu_usage_percent",
              "disk_usage_percent",
              "health_check_failures",
              "restart_count",
              "uptime_seconds");
      assertThat(detailed.get("state").asString()).isEqualTo("running");

      HttpResponse<String> metrics = entry.get("/metrics");
      assertThat(metrics.headers().firstValue("Content-Type").orElse(""))
          .startsWith("text/plain; version=0.0.4");
      assertThat(
              metrics
                  .body()
                  .lines()
                  .filter(line -> !line.startsWith("#"))
                  .map(line -> line.split("[ {]")[0]))
          .contains(
              "container_health_status",
              "memory_usage_percent",
              "cpu_usage_percent",
              "disk_usage_percent",
              "health_check_failures",
              "restart_count",
              "uptime_seconds",
              "overall_health_status",
              "application_health_status",
              "application_issues_count",
              "memory_usage_mb",
              "network_connections",
              "load_average_1m",
              "load_average_5m",
              "load_average_15m",
              "health_checks_total");

      HttpResponse<String> nowhere = entry.get("/nowhere");
      assertThat(nowhere.statusCode()).isEqualTo(404);
      assertThat(names(json(nowhere))).containsExactly("error", "status_code", "timestamp");
      assertThat(json(nowhere).get("status_code").asInt()).isEqualTo(404);
      assertThat(entry.send("POST", "/health").statusCode()).isEqualTo(405);

      entry.signal("TERM");
      assertThat(entry.exitCode()).isEqualTo(143);
    }
  }

  @Test
  void restartsAServiceThatStaysUnhealthyAndTellsWhenItIsWell() throws Exception {
    // The program is well from its second life on.
    Path lives = folder.resolve("lives");
    Path profile =
        profile(
            """
            [[checks]]
            name = "alive"
            command = ["sh", "-c", "test $(wc -l < %1$s) -ge 2"]
            [remediation]
            threshold = 2
            """
                .formatted(lives));
    List<String> environment =
        List.of("MONITORING_HEALTH_CHECK_INTERVAL", "0.1", "RESTART_DELAY_SECONDS", "0");
    try (EntryPoint entry =
        EntryPoint.start(
            folder,
            environment,
            "--profile",
            profile.toString(),
            "--",
            "sh",
            "-c",
            "echo x >> " + lives + "; exec sleep 1000")) {
      JsonNode recovered = entry.await("recovery_completed").get("details");

      assertThat(recovered.get("action").asString()).isEqualTo("service_restart");
      assertThat(Files.readAllLines(lives)).hasSize(2);
      assertThat(entry.log("restart_initiated")).hasSize(1);
      JsonNode failure = entry.log("failure_detected").getFirst().get("details");
      assertThat(failure.get("trouble").asString()).isEqualTo("service");
      assertThat(failure.get("consecutive_checks").asInt()).isEqualTo(2);
      assertThat(entry.get("/health").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void tellsWhatIsWrongWithAProfileAllAtOnce() throws Exception {
    Path profile =
        profile(
            """
            colour = "red"
            [[dependencies]]
            name = "a"
            timeout_seconds = "soon"
            http = "ftp://x"
            [[remediation.disk_cleanup]]
            folder = "/"
            pattern = "*.tmp"
            older_than = "1h"
            """);
    try (EntryPoint entry =
        EntryPoint.start(folder, List.of(), "--profile", profile.toString(), "--", "true")) {
      assertThat(entry.exitCode()).isEqualTo(2);
      assertThat(entry.errors())
          .contains("colour is unknown")
          .contains("dependencies[0].timeout_seconds is soon")
          .contains("dependencies[0].http 'ftp://x'")
          .contains("remediation.disk_cleanup[0].folder");
    }
  }

  @Test
  void aRealDatabaseIsADependencyAndWatched() throws Exception {
    try (PostgresServer server = PostgresServer.start()) {
      String url = server.url("postgres") + "?user=postgres";
      List<String> environment =
          List.of(
              "FLOW_NAME", "rpa1",
              "ENVIRONMENT", "test",
              "RPA_DB_CONNECTION_STRING", url,
              "MONITORING_HEALTH_CHECK_INTERVAL", "0.2");
      try (EntryPoint entry = EntryPoint.start(folder, environment, "--", "sleep", "1000")) {
        entry.await("startup_completed");
        JsonNode health = json(entry.get("/health"));
        assertThat(health.get("checks").get("database").asString()).isEqualTo("healthy");
        assertThat(entry.get("/metrics").body())
            .contains("database_health_status{database=\"rpa_db\"} 1")
            .contains("database_response_time_ms{database=\"rpa_db\"} ");

        server.kill();
        JsonNode failed = entry.await("failure_detected").get("details");
        assertThat(failed.get("trouble").asString()).isEqualTo("database");
        assertThat(entry.get("/health").statusCode()).isEqualTo(503);

        server.resume();
        Awaitility.await()
            .atMost(Duration.ofSeconds(30))
            .until(() -> entry.get("/health").statusCode() == 200);
        assertThat(entry.log("restart_initiated")).as("a restart heals no database").isEmpty();
        entry.signal("TERM");
        assertThat(entry.exitCode()).isEqualTo(143);
      }
    }
  }

  @Test
  void aTermDuringTheWaitForADependencyEndsItAtOnce() throws Exception {
    Path profile =
        profile(
            """
            [[dependencies]]
            name = "never"
            tcp = "127.0.0.1:1"
            timeout_seconds = 600
            """);
    try (EntryPoint entry =
        EntryPoint.start(folder, List.of(), "--profile", profile.toString(), "--", "true")) {
      entry.await("startup_initiated");
      entry.signal("TERM");
      assertThat(entry.exitCode()).isEqualTo(143);
    }
  }
}
