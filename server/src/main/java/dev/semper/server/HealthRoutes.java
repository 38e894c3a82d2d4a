package dev.semper.server;

import dev.semper.api.AnomalyInfo;
import dev.semper.api.AvailabilityInfo;
import dev.semper.api.HealthMeasures;
import dev.semper.api.HealthPointInfo;
import dev.semper.api.Listing;
import dev.semper.api.OutageInfo;
import dev.semper.api.ProbeInfo;
import dev.semper.api.ReliabilityInfo;
import dev.semper.api.TrendInfo;
import dev.semper.api.WorkloadHealth;
import dev.semper.engine.Semper;
import dev.semper.engine.access.Role;
import dev.semper.engine.health.Anomaly;
import dev.semper.engine.health.Availability;
import dev.semper.engine.health.HealthPoint;
import dev.semper.engine.health.HealthReport;
import dev.semper.engine.health.Measures;
import dev.semper.engine.health.Outage;
import dev.semper.engine.health.ProbeReport;
import dev.semper.engine.health.ProbeResult;
import dev.semper.engine.health.Reliability;
import dev.semper.engine.health.Trend;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// How well workloads are.
final class HealthRoutes {
  private final Semper semper;
  private final Clock clock;

  HealthRoutes(Semper semper, Clock clock) {
    this.semper = semper;
    this.clock = clock;
  }

  void addTo(Routes routes) {
    routes
        .read("listHealth", Role.VIEWER, this::list)
        .read("workloadHealth", Role.VIEWER, this::get)
        .read("workloadHealthHistory", Role.VIEWER, this::history);
  }

  private Answer list(Call call) {
    return Answer.ok(
        new Listing<>(
            semper.health().list(call.tenantFilter()).stream().map(r -> view(r, null)).toList()));
  }

  private Answer get(Call call) {
    String name = call.required("name");
    HealthReport report = semper.health().get(call.tenant(), name);
    Reliability reliability = semper.health().reliability(call.tenant(), name);
    return Answer.ok(view(report, view(reliability, clock.instant())));
  }

  private Answer history(Call call) {
    String resolution = call.text("resolution");
    List<HealthPoint> points =
        semper
            .health()
            .history(
                call.tenant(),
                call.required("name"),
                time(call, "from"),
                time(call, "to"),
                resolution == null ? null : Call.duration("resolution", resolution));
    return Answer.ok(new Listing<>(points.stream().map(HealthRoutes::view).toList()));
  }

  private static @Nullable Instant time(Call call, String field) {
    String text = call.text(field);
    try {
      return text == null ? null : OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeParseException _) {
      throw Call.invalid(field, "must be a time such as 2026-01-31T12:00:00Z, not " + text);
    }
  }

  static WorkloadHealth view(HealthReport r, @Nullable ReliabilityInfo reliability) {
    return new WorkloadHealth(
        r.tenant(),
        r.workload(),
        r.state().id(),
        r.status().id(),
        r.score(),
        r.since(),
        r.lastCheck(),
        r.reasons(),
        view(r.measures()),
        r.probes().stream().map(HealthRoutes::view).toList(),
        view(r.trend()),
        r.anomalies().stream().map(HealthRoutes::view).toList(),
        reliability);
  }

  private static HealthMeasures view(Measures m) {
    return new HealthMeasures(
        rounded(m.cpuPercent()),
        rounded(m.memoryMb()),
        rounded(m.diskPercent()),
        rounded(m.errorPercent()),
        rounded(m.responseMillis()),
        rounded(m.responseMillisP95()),
        m.uptime() == null ? null : Double.valueOf(seconds(m.uptime())),
        m.restarts(),
        m.lastError());
  }

  private static @Nullable Double rounded(@Nullable Double value) {
    return value == null ? null : Double.valueOf(rounded(value.doubleValue()));
  }

  /// To hundredths.
  private static double rounded(double value) {
    return Math.round(value * 100) / 100.0;
  }

  private static double seconds(Duration duration) {
    return duration.toMillis() / 1000.0;
  }

  private static ProbeInfo view(ProbeReport probe) {
    ProbeResult result = probe.result();
    return new ProbeInfo(
        probe.instance(),
        result.probe(),
        word(result.type()),
        word(result.kind()),
        result.at(),
        rounded(result.took().toNanos() / 1e6),
        result.message(),
        result.failures());
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  private static @Nullable TrendInfo view(@Nullable Trend trend) {
    return trend == null
        ? null
        : new TrendInfo(trend.direction().id(), rounded(trend.slopePerHour()), trend.samples());
  }

  private static AnomalyInfo view(Anomaly a) {
    return new AnomalyInfo(
        a.measure().id(), rounded(a.value()), rounded(a.mean()), rounded(a.z()), a.since());
  }

  private static ReliabilityInfo view(Reliability r, Instant now) {
    Outage last = r.lastOutage();
    Duration recovery = r.timeToRecover();
    return new ReliabilityInfo(
        r.availability().stream().map(HealthRoutes::view).toList(),
        r.outages(),
        recovery == null ? null : Double.valueOf(seconds(recovery)),
        last == null ? null : view(last, now));
  }

  private static AvailabilityInfo view(Availability a) {
    long hours = a.window().toHours();
    Double percent = a.percent();
    return new AvailabilityInfo(
        hours <= 24 ? hours + "h" : hours / 24 + "d",
        percent == null ? null : Double.valueOf(Math.round(percent * 1000) / 1000.0),
        seconds(a.up()),
        seconds(a.down()),
        seconds(a.unknown()));
  }

  private static OutageInfo view(Outage outage, Instant now) {
    Instant end = outage.endedAt() == null ? now : outage.endedAt();
    return new OutageInfo(
        outage.startedAt(),
        outage.endedAt(),
        Math.max(0, seconds(Duration.between(outage.startedAt(), end))),
        outage.reason());
  }

  private static HealthPointInfo view(HealthPoint point) {
    Map<String, HealthPointInfo.Spread> measures = new TreeMap<>();
    point
        .measures()
        .forEach((measure, s) ->
            measures.put(
                measure.id(),
                new HealthPointInfo.Spread(
                    rounded(s.min()), rounded(s.mean()), rounded(s.max()), rounded(s.last()))));
    Map<String, Double> seconds = new TreeMap<>();
    point.millis().forEach((status, millis) -> seconds.put(status.id(), millis / 1000.0));
    return new HealthPointInfo(point.at(), measures, seconds);
  }
}
