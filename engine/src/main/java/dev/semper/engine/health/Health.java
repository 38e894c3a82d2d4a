package dev.semper.engine.health;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.store.Row;
import dev.semper.engine.store.Store;
import dev.semper.engine.workload.Workload;
import dev.semper.engine.workload.Workloads;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// How well workloads are: status, score, history, trend, anomalies, availability.
///
/// Samples are kept in memory for an hour, minutes in the database for the retention.
public final class Health implements AutoCloseable {
  private static final List<Duration> WINDOWS =
      List.of(Duration.ofHours(1), Duration.ofHours(24), Duration.ofDays(30));
  private static final int OUTAGES = 1000;
  private static final int MOST_POINTS = 10_000;
  private static final Duration MINUTE = Duration.ofMinutes(1);

  private final Store store;
  private final Workloads workloads;
  private final Clock clock;
  private final Sampler sampler;

  /// @param home whose disk counts for workloads without a directory of their own
  /// @param retention of the minutes and outages
  public Health(
      Store store, Workloads workloads, Probes probes, Path home, Clock clock, Duration retention) {
    this.store = store;
    this.workloads = workloads;
    this.clock = clock;
    this.sampler = new Sampler(store, workloads, probes, home, clock, retention);
    probes.onResult(sampler.meter()::settled);
  }

  /// Begins to look at workloads, once they are loaded.
  public void start() {
    sampler.start();
  }

  /// A workload has changed, or is gone; returns at once.
  public void changed(Workload workload) {
    sampler.changed(workload);
  }

  /// From now on the listener is told how workloads are.
  public void listen(HealthListener listener) {
    sampler.listen(listener);
  }

  /// How all workloads are, of one tenant or of all, by tenant and name. Never touches the
  /// database.
  public List<HealthReport> list(@Nullable String tenant) {
    return workloads.list(tenant).stream().map(this::of).toList();
  }

  /// @throws SemperException NOT_FOUND with the names there are
  public HealthReport get(String tenant, String name) {
    return of(workloads.get(tenant, name));
  }

  public HealthReport of(Workload workload) {
    Chart chart = sampler.chart(workload.tenant(), workload.name());
    return chart != null && chart.uid.equals(workload.uid())
        ? chart.report()
        : new HealthReport(
            workload.tenant(),
            workload.name(),
            workload.uid(),
            workload.state(),
            HealthStatus.UNKNOWN,
            null,
            workload.createdAt(),
            null,
            List.of(),
            Measures.NONE,
            List.of(),
            null,
            List.of());
  }

  /// Percent of the checks of a workload's probes that failed within its window, now rather than at
  /// the last sample.
  ///
  /// @param least empty with fewer results
  public OptionalDouble errorPercent(Workload workload, int least) {
    int[] results = sampler.meter().results(workload);
    Double percent = ProbeWindow.stats(results).errorPercent();
    return percent == null || results.length < least
        ? OptionalDouble.empty()
        : OptionalDouble.of(percent);
  }

  /// Checks of the probes of a workload's present instances.
  public ProbeTotals probeTotals(Workload workload) {
    ProbeWindow.Total total = sampler.meter().checks(workload);
    return new ProbeTotals(total.checks(), total.seconds());
  }

  /// @param checks that passed or failed
  /// @param seconds they took together
  public record ProbeTotals(long checks, double seconds) {}

  /// How a workload has been over time.
  public Reliability reliability(String tenant, String name) {
    Workload workload = workloads.get(tenant, name);
    long now = Minute.number(clock.instant());
    List<Availability> availability =
        WINDOWS.stream()
            .map(window -> Availability.of(window, millis(workload, now - window.toMinutes() + 1)))
            .toList();
    List<Outage> outages = store.outages(workload.uid(), OUTAGES).stream().map(Outage::of).toList();
    return new Reliability(
        availability,
        outages.size(),
        Outage.meanLength(outages),
        outages.isEmpty() ? null : outages.getFirst());
  }

  /// With the minute that is not written yet.
  private List<Long> millis(Workload workload, long fromMinute) {
    List<Long> millis = new ArrayList<>(store.healthMillis(workload.uid(), fromMinute));
    Chart chart = sampler.chart(workload.tenant(), workload.name());
    if (chart != null && chart.uid.equals(workload.uid())) {
      Minute minute = chart.minute();
      for (HealthStatus status : HealthStatus.values()) {
        millis.set(status.column(), millis.get(status.column()) + minute.millis(status));
      }
    }
    return millis;
  }

  /// @param from default an hour before `to`
  /// @param to default now
  /// @param resolution whole minutes; [Duration#ZERO] = each sample, of the last hour only; default
  ///   each sample if the time is within the last hour, else the minutes that give at most 1000
  ///   points
  /// @return oldest first
  /// @throws SemperException INVALID_REQUEST if there would be more than 10,000 points
  public List<HealthPoint> history(
      String tenant,
      String name,
      @Nullable Instant from,
      @Nullable Instant to,
      @Nullable Duration resolution) {
    Workload workload = workloads.get(tenant, name);
    Instant now = clock.instant();
    Instant end = to == null ? now : to;
    Instant start = from == null ? end.minus(History.SPAN) : from;
    if (start.isAfter(end)) {
      throw invalid("from", "must not be after to");
    }
    boolean recent = !start.isBefore(now.minus(History.SPAN).minusSeconds(1));
    Duration step = resolution != null ? resolution : recent ? Duration.ZERO : step(start, end);
    if (step.isZero()) {
      Chart chart = sampler.chart(tenant, name);
      return chart == null || !chart.uid.equals(workload.uid())
          ? List.of()
          : chart.history.between(start, end).stream().map(HealthPoint::of).toList();
    }
    if (step.toMinutes() < 1 || !Duration.ofMinutes(step.toMinutes()).equals(step)) {
      throw invalid("resolution", "must be whole minutes, or 0s for each sample");
    }
    if (Duration.between(start, end).dividedBy(step) > MOST_POINTS) {
      throw invalid(
          "resolution",
          "would give more than %d points: ask for a coarser one or less time"
              .formatted(MOST_POINTS));
    }
    return rollUps(workload, Minute.number(start), Minute.number(end), step.toMinutes());
  }

  private static Duration step(Instant start, Instant end) {
    return MINUTE.multipliedBy(Math.max(1, Duration.between(start, end).toMinutes() / 1000));
  }

  private List<HealthPoint> rollUps(Workload workload, long from, long to, long step) {
    Map<Long, HealthPoint.Sum> points = new TreeMap<>();
    int limit = (int) Math.min(Integer.MAX_VALUE, to - from + 1);
    for (Row.HealthMinute row : store.healthMinutes(workload.uid(), from, to, limit)) {
      long first = Math.floorDiv(row.minute(), step) * step;
      HealthPoint.Sum sum =
          points.computeIfAbsent(first, f -> new HealthPoint.Sum(Instant.ofEpochSecond(60 * f)));
      for (Measure measure : Measure.values()) {
        sum.add(measure, Minute.spread(row.measures().get(measure.column())));
      }
      for (HealthStatus status : HealthStatus.values()) {
        sum.add(status, row.millis().get(status.column()));
      }
    }
    return points.values().stream().map(HealthPoint.Sum::point).toList();
  }

  private static SemperException invalid(String field, String message) {
    return new SemperException(
        ErrorCode.INVALID_REQUEST,
        "The request is wrong: " + field + ": " + message,
        List.of(new Problem(field, 0, message)),
        Map.of());
  }

  static HealthStatus status(String id) {
    return HealthStatus.valueOf(id.toUpperCase(Locale.ROOT));
  }

  /// Stops looking and writes the minute under way.
  @Override
  public void close() {
    sampler.close();
  }
}
