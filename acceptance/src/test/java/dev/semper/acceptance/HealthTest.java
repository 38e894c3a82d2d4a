package dev.semper.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.api.EventInfo;
import dev.semper.api.ReliabilityInfo;
import dev.semper.api.WorkloadHealth;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The health of a real program that gets slow, fails, hogs memory, and gets well again.
@Timeout(180)
final class HealthTest {
  /// Answers after as many seconds, and with the status, that its file says.
  private static final String PROGRAM =
      """
      use strict; use IO::Socket;
      my $file = shift;
      my $hog = '';
      my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $ENV{PORT}, Listen => 50, ReuseAddr => 1) or die;
      while (1) {
        my $c = $s->accept or next;
        open(my $f, '<', $file) or die; my $line = <$f>; close $f;
        my ($status, $wait, $mb) = split ' ', $line;
        while (my $l = <$c>) { last if $l =~ /^\\r?\\n$/ }
        select(undef, undef, undef, $wait);
        if ($mb && !$hog) { $hog = 'x' x ($mb * 1048576) } elsif (!$mb) { undef $hog }
        print $c "HTTP/1.1 $status X\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n"; close $c;
      }
      """;

  @TempDir Path dir;

  private WorkloadHealth await(Lab lab, String what, Predicate<WorkloadHealth> condition) {
    return Awaitility.await(what)
        .pollInterval(Duration.ofMillis(50))
        .atMost(Lab.PATIENCE)
        .until(() -> lab.client().health("web"), condition);
  }

  private void behave(String line) throws IOException {
    Path file = dir.resolve("behaviour.new");
    Files.writeString(file, line + "\n");
    Files.move(file, dir.resolve("behaviour"), StandardCopyOption.ATOMIC_MOVE);
  }

  @Test
  void fallsAndComesBackWithTheProgram() throws Exception {
    Path program = Files.writeString(dir.resolve("program.pl"), PROGRAM);
    behave("200 0 0");
    try (Lab lab = Lab.open()) {
      lab.run(
          """
          [workloads.web]
          kind = "process"
          command = ["perl", "%s", "%s"]
          port = "auto"
          [workloads.web.health]
          interval = "1s"
          window = "3s"
          failure_threshold = 2
          memory_limit_mb = 100
          response_time_warning = "100ms"
          response_time_critical = "200ms"
          [[workloads.web.probes]]
          type = "readiness"
          period = "200ms"
          timeout = "2s"
          http = { path = "/ready" }
          """
              .formatted(program, dir.resolve("behaviour")));
      WorkloadHealth well = await(lab, "healthy", h -> h.status().equals("healthy") && measured(h));
      assertThat(well.score()).isEqualTo(100);
      assertThat(well.measures().errorRatePercent()).isZero();
      assertThat(well.measures().memoryMb()).isBetween(1.0, 60.0);

      behave("200 0.3 0");
      WorkloadHealth slow = await(lab, "degraded, being slow", h -> h.status().equals("degraded"));
      assertThat(slow.score()).isEqualTo(80);
      assertThat(slow.reasons()).singleElement().asString().startsWith("response time 3");

      behave("503 0 0");
      WorkloadHealth failing =
          await(
              lab,
              "unhealthy, failing",
              h -> h.status().equals("unhealthy") && Integer.valueOf(60).equals(h.score()));
      assertThat(failing.measures().errorRatePercent()).isGreaterThan(10);
      assertThat(failing.reasons().getFirst()).contains("readiness probe http of web-0 fails");
      assertThat(lab.workload("web").health()).isEqualTo("unhealthy");

      behave("200 0 0");
      await(
          lab,
          "healthy again",
          h -> h.status().equals("healthy") && Integer.valueOf(100).equals(h.score()));

      behave("200 0 150");
      await(
          lab,
          "degraded, being fat",
          h ->
              h.status().equals("degraded")
                  && h.reasons().size() == 1
                  && h.reasons().getFirst().contains("MB over its limit 100 MB: −25"));
      behave("200 0 0");
      await(lab, "healthy in the end", h -> h.status().equals("healthy"));

      Cli.Result shown = Cli.semper(lab.server().home(), "health", "web");
      assertThat(shown.output()).contains("web: healthy", "Outages      ", "readiness");
      assertThat(shown.code()).isZero();
      assertThat(lab.client().metrics())
          .contains("semper_health_score{tenant=\"default\",workload=\"web\"} 100.0")
          .contains("semper_probe_duration_seconds_count{tenant=\"default\",workload=\"web\"}");

      List<EventInfo> changes = lab.events("web", "health.changed", 0);
      lab.server().kill9();
      lab.server().start();
      WorkloadHealth later = await(lab, "healthy after kill -9", h -> h.score() != null);
      assertThat(later.status()).isEqualTo("healthy");
      assertThat(lab.events("web", "health.changed", 0)).hasSameSizeAs(changes);
      ReliabilityInfo reliability = Objects.requireNonNull(later.reliability());
      assertThat(reliability.outages()).isPositive();
      assertThat(reliability.timeToRecoverSeconds()).isPositive();
    }
  }

  private static boolean measured(WorkloadHealth health) {
    return health.measures().cpuPercent() != null && health.measures().responseTimeMs() != null;
  }
}
