package dev.semper.engine.health;

import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Row;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.Workload;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// All that is remembered of the health of one workload. Written by the sampler's thread only;
/// others read the report, the history and the minute under way.
final class Chart {
  /// Time not looked at for longer is not known: the machine slept, or the database was away.
  private static final Duration LONGEST_GAP = Duration.ofMinutes(2);

  /// An anomaly is over when the measure is within that many deviations again.
  private static final double NEAR = 2;

  final String tenant;
  final String workload;
  final String uid;
  final History history = new History();

  /// When the next sample is due, by the monotonic clock; [Long#MAX_VALUE] if none is.
  long nextSample = Long.MAX_VALUE;

  private final Hysteresis measured = new Hysteresis();
  private final Map<Measure, Ewma> usual = new EnumMap<>(Measure.class);
  private final Map<Measure, Anomaly> anomalies = new EnumMap<>(Measure.class);
  private List<String> running = List.of();
  private Meter.Load load = Meter.Load.NONE;
  private @Nullable Outage outage;

  /// An outage that an earlier server has recorded may have ended while none ran: it was known to
  /// last until then.
  private @Nullable Instant lastKnown;

  private long accounted;
  private volatile Minute minute;
  private volatile HealthReport report;

  /// What was found, to be made durable and then taken over.
  ///
  /// @param begun anomalies that were none before
  /// @param outage the one that lasts now
  record Finding(HealthReport report, List<Anomaly> begun, @Nullable Outage outage) {}

  Chart(Workload workload, HealthStatus status, Instant since, Instant now, long nanos) {
    tenant = workload.tenant();
    this.workload = workload.name();
    uid = workload.uid();
    accounted = nanos;
    minute = new Minute(now);
    report =
        new HealthReport(
            tenant,
            this.workload,
            uid,
            workload.state(),
            status,
            null,
            since,
            null,
            List.of(),
            Measures.NONE,
            List.of(),
            null,
            List.of());
  }

  void resume(Outage open, Instant knownUntil) {
    outage = open;
    lastKnown = knownUntil;
  }

  HealthReport report() {
    return report;
  }

  Minute minute() {
    return minute;
  }

  /// Whether other instances run than when they were measured last.
  boolean isOther(Workload workload) {
    return !running.equals(running(workload));
  }

  private static List<String> running(Workload workload) {
    return workload.instances().stream()
        .filter(i -> i.phase() == Instance.Phase.RUNNING)
        .map(Instance::incarnation)
        .toList();
  }

  /// The load of the instances as last measured.
  Meter.Load load() {
    return load;
  }

  void load(Workload workload, Meter.Load newLoad) {
    load = newLoad;
    running = running(workload);
  }

  /// Looks at the workload. Nobody sees anything of it before [#take].
  ///
  /// @param sample whether it is one of the regular looks
  Finding look(
      Workload now, Measures measures, List<ProbeReport> probes, boolean sample, Instant at) {
    Judgement judgement = Judgement.of(now, measures, probes);
    HealthStatus held =
        sample || measured.held() == HealthStatus.UNKNOWN || judgement.points() == null
            ? measured.take(judgement.measured(), now.spec().health())
            : measured.held();
    HealthStatus status = judgement.status(held);
    List<Anomaly> begun = sample ? anomalies(judgement.score(), measures, at) : List.of();
    boolean changed = status != report.status();
    HealthReport found =
        new HealthReport(
            tenant,
            workload,
            uid,
            now.state(),
            status,
            judgement.score(),
            changed ? at : report.since(),
            at,
            judgement.reasons(),
            measures,
            probes,
            history.trend(at),
            List.copyOf(anomalies.values()));
    return new Finding(found, begun, outage(found, at));
  }

  private @Nullable Outage outage(HealthReport found, Instant at) {
    if (!found.status().isDown()) {
      return null;
    }
    return outage != null
        ? outage
        : new Outage(at, null, found.reasons().isEmpty() ? "" : found.reasons().getFirst());
  }

  private List<Anomaly> anomalies(@Nullable Integer score, Measures measures, Instant at) {
    List<Anomaly> begun = new ArrayList<>();
    for (Measure measure : Measure.values()) {
      Double value = measure == Measure.SCORE ? asDouble(score) : measures.of(measure);
      if (value == null) {
        anomalies.remove(measure);
        continue;
      }
      Ewma ewma = usual.computeIfAbsent(measure, m -> new Ewma(m.noise()));
      double mean = ewma.mean();
      double z = ewma.take(value);
      Anomaly before = anomalies.get(measure);
      if (Math.abs(z) > Ewma.FAR || (before != null && Math.abs(z) > NEAR)) {
        Anomaly anomaly =
            new Anomaly(measure, value, mean, z, before == null ? at : before.since());
        anomalies.put(measure, anomaly);
        if (before == null) {
          begun.add(anomaly);
        }
      } else {
        anomalies.remove(measure);
      }
    }
    return begun;
  }

  private static @Nullable Double asDouble(@Nullable Integer value) {
    return value == null ? null : Double.valueOf(value);
  }

  /// What of a finding is to be durable before it is taken.
  void record(Finding finding, Batch batch) {
    HealthReport found = finding.report();
    Instant at = found.lastCheck() == null ? found.since() : found.lastCheck();
    if (found.status() != report.status()) {
      Map<String, Object> data = new LinkedHashMap<>();
      data.put("from", report.status().id());
      data.put("to", found.status().id());
      if (found.score() != null) {
        data.put("score", found.score());
      }
      data.put("reasons", found.reasons());
      event(batch, at, "health.changed", data);
      batch.put(new Row.HealthStatus(uid, found.status().id(), found.since()));
    }
    if (finding.outage() == null && outage != null) {
      batch.put(outage.end(lastKnown == null ? at : lastKnown).row(uid));
    } else if (finding.outage() != null && outage == null) {
      batch.put(finding.outage().row(uid));
    }
    for (Anomaly anomaly : finding.begun()) {
      Map<String, Object> data = new LinkedHashMap<>();
      data.put("measure", anomaly.measure().id());
      data.put("value", hundredths(anomaly.value()));
      data.put("mean", hundredths(anomaly.mean()));
      data.put("z", hundredths(anomaly.z()));
      event(batch, at, "health.anomaly", data);
    }
  }

  private static double hundredths(double value) {
    return Math.round(value * 100) / 100.0;
  }

  private void event(Batch batch, Instant at, String type, Map<String, Object> data) {
    batch.event(at, tenant, workload, null, type, data, null, "system");
  }

  /// The finding is durable: it is what readers see from now on.
  void take(Finding finding, boolean sample, Instant at, long nanos) {
    account(nanos);
    HealthReport found = finding.report();
    outage = finding.outage();
    lastKnown = null;
    if (found.score() != null) {
      minute.add(Measure.SCORE, asDouble(found.score()));
      for (Measure measure : Measure.values()) {
        minute.add(measure, found.measures().of(measure));
      }
    }
    if (sample) {
      history.add(at, found.status(), found.score(), found.measures());
    }
    report = found;
  }

  /// Counts the time since the last look for the status there was.
  void account(long nanos) {
    long millis = (nanos - accounted) / 1_000_000;
    accounted += millis * 1_000_000;
    if (report.lastCheck() != null) {
      boolean known = millis <= LONGEST_GAP.toMillis();
      minute.add(known ? report.status() : HealthStatus.UNKNOWN, millis);
    }
  }

  /// Ends the minute under way.
  ///
  /// @return its roll-up; empty if nothing was known of it
  Optional<Row.HealthMinute> endMinute(Instant now, long nanos) {
    account(nanos);
    Optional<Row.HealthMinute> row = minute.row(uid);
    minute = new Minute(now);
    return row;
  }
}
