package dev.semper.cli;

import dev.semper.api.AvailabilityInfo;
import dev.semper.api.HealthMeasures;
import dev.semper.api.OutageInfo;
import dev.semper.api.ProbeInfo;
import dev.semper.api.ReliabilityInfo;
import dev.semper.api.WorkloadHealth;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    description =
        "Shows how well workloads are; with a name, one of them, why, and how it has been."
            + " Exits with 1 if one is unhealthy or critical; with a name, if it is not healthy.",
    sortOptions = false,
    footerHeading = "%nExamples:%n",
    footer = {"  semper health", "  semper health web --watch"})
final class HealthCommand implements Action {
  private static final String CLEAR = "\u001b[H\u001b[2J";

  private final Session session;

  @Parameters(arity = "0..1", paramLabel = "NAME", description = "Workload.")
  @Nullable String name;

  @Option(names = "--watch", description = "Show it again every 2 seconds until interrupted.")
  boolean watch;

  HealthCommand(Session session) {
    this.session = session;
  }

  @Override
  public ExitStatus run() {
    ExitStatus status = show();
    try {
      while (watch) {
        TimeUnit.SECONDS.sleep(2);
        if (session.terminal().colours()) {
          session.terminal().out().print(CLEAR);
        }
        status = show();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    return status;
  }

  private ExitStatus show() {
    if (name != null) {
      WorkloadHealth health = session.client().health(name);
      if (session.json()) {
        json(health);
      } else {
        one(health);
      }
      return health.status().equals("healthy") ? ExitStatus.OK : ExitStatus.FAILED;
    }
    var all = session.client().health();
    if (session.json()) {
      json(all);
    } else if (all.items().isEmpty()) {
      session.terminal().say("no workloads yet; bring some in with: semper apply -f FILE");
    } else {
      all(all.items()).print(session.terminal());
    }
    return all.items().stream().anyMatch(h -> isDown(h.status()))
        ? ExitStatus.FAILED
        : ExitStatus.OK;
  }

  private void json(Object value) {
    if (watch) {
      session.jsonLine(value);
    } else {
      session.json(value);
    }
  }

  private static boolean isDown(String status) {
    return status.equals("unhealthy") || status.equals("critical");
  }

  private Table all(List<WorkloadHealth> all) {
    Table table =
        Table.of(
            "NAME",
            "STATE",
            "HEALTH",
            "SCORE>",
            "ERRORS>",
            "RESPONSE>",
            "CPU>",
            "MEM>",
            "DISK>",
            "UP",
            "RESTARTS>",
            "WHY");
    for (WorkloadHealth health : all) {
      HealthMeasures m = health.measures();
      table.row(
          health.workload(),
          health.state(),
          health.status(),
          health.score() == null ? "" : health.score().toString(),
          rate(m.errorRatePercent()),
          millis(m.responseTimeMs()),
          percent(m.cpuPercent()),
          megabytes(m.memoryMb()),
          percent(m.diskPercent()),
          up(m),
          Integer.toString(m.restartCount()),
          String.join("; ", health.reasons()));
    }
    return table;
  }

  private void one(WorkloadHealth health) {
    Terminal terminal = session.terminal();
    terminal.say(
        health.workload()
            + ": "
            + terminal.paint(Colour.of(health.status()), health.status())
            + " for "
            + session.since(health.since())
            + (health.score() == null ? "" : ", score " + health.score())
            + ", state "
            + health.state());
    health.reasons().forEach(reason -> terminal.say("  - " + reason));
    measures(health.measures());
    if (health.trend() != null) {
      field(
          "Trend",
          String.format(
              Locale.ROOT,
              "%s (%+.1f points an hour, %d samples)",
              health.trend().direction(),
              health.trend().slopePerHour(),
              health.trend().samples()));
    }
    health
        .anomalies()
        .forEach(a ->
            field(
                "Unusual",
                String.format(
                    Locale.ROOT,
                    "%s %.1f, usually %.1f, for %s",
                    a.measure(),
                    a.value(),
                    a.mean(),
                    session.since(a.since()))));
    if (health.reliability() != null) {
      reliability(health.reliability());
    }
    probes(health.probes());
  }

  private void measures(HealthMeasures m) {
    field("CPU", painted(m.cpuPercent(), percent(m.cpuPercent())));
    field("Memory", megabytes(m.memoryMb()));
    field("Disk", painted(m.diskPercent(), percent(m.diskPercent())));
    field("Errors", rate(m.errorRatePercent()));
    field(
        "Response",
        m.responseTimeMs() == null
            ? ""
            : millis(m.responseTimeMs()) + ", 95 % within " + millis(m.responseTimeP95Ms()));
    field("Up", up(m));
    field("Restarts", m.restartCount() == 0 ? "" : Integer.toString(m.restartCount()));
    field("Last error", m.lastError() == null ? "" : m.lastError());
  }

  private void reliability(ReliabilityInfo reliability) {
    field(
        "Available",
        reliability.availability().stream()
            .filter(a -> a.percent() != null)
            .map(HealthCommand::available)
            .collect(Collectors.joining(", ")));
    OutageInfo last = reliability.lastOutage();
    if (last != null) {
      field("Outages", Integer.toString(reliability.outages()) + recovered(reliability));
      field(
          "Last outage",
          session.at(last.startedAt())
              + ", "
              + span(last.seconds())
              + (last.endedAt() == null ? " so far: " : ": ")
              + last.reason());
    }
  }

  private static String available(AvailabilityInfo a) {
    return String.format(Locale.ROOT, "%.3f %% of %s", a.percent(), a.window());
  }

  private static String recovered(ReliabilityInfo reliability) {
    Double seconds = reliability.timeToRecoverSeconds();
    return seconds == null ? "" : ", back after " + span(seconds) + " on average";
  }

  private void probes(List<ProbeInfo> probes) {
    if (!probes.isEmpty()) {
      session.terminal().say("");
      Table table = Table.of("INSTANCE", "PROBE", "TYPE", "OUTCOME", "TOOK>", "CHECKED", "SAYS");
      for (ProbeInfo probe : probes) {
        table.row(
            probe.instance(),
            probe.name(),
            probe.type(),
            probe.outcome(),
            millis(probe.tookMs()),
            session.since(probe.at()) + " ago",
            probe.message());
      }
      table.print(session.terminal());
    }
  }

  private void field(String label, String value) {
    if (!value.isEmpty()) {
      session.terminal().say(String.format("  %-12s %s", label, value));
    }
  }

  private String painted(@Nullable Double percent, String text) {
    return percent == null ? text : session.terminal().paint(Colour.ofPercent(percent), text);
  }

  private static String percent(@Nullable Double percent) {
    return percent == null ? "" : String.format(Locale.ROOT, "%.1f%%", percent);
  }

  /// Not a load, which has a colour.
  private static String rate(@Nullable Double percent) {
    return percent == null ? "" : String.format(Locale.ROOT, "%.1f %%", percent);
  }

  private static String millis(@Nullable Double millis) {
    return millis == null ? "" : String.format(Locale.ROOT, "%.1fms", millis);
  }

  private static String megabytes(@Nullable Double megabytes) {
    return megabytes == null ? "" : String.format(Locale.ROOT, "%.1fMB", megabytes);
  }

  private static String up(HealthMeasures m) {
    return m.uptimeSeconds() == null ? "" : span(m.uptimeSeconds());
  }

  private static String span(double seconds) {
    return Times.span(Duration.ofMillis(Math.round(seconds * 1000)));
  }
}
