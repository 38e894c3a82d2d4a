package dev.semper.server;

import dev.semper.engine.Semper;
import dev.semper.engine.alert.Alerts;
import dev.semper.engine.alert.Delivery;
import dev.semper.engine.health.ProbeMetrics;
import dev.semper.engine.spec.AlertRule.Severity;
import dev.semper.engine.store.Event;
import dev.semper.engine.store.EventFilter;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.State;
import dev.semper.engine.workload.Workload;
import dev.semper.traces.SpanCounts;
import dev.semper.traces.Traces;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What Prometheus reads. Gauges are counted when they are read; what happened is counted from the
/// events, by a reader of its own that never slows the engine.
final class Metrics implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Metrics.class);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Semper semper;
  private final Thread counting;
  private final Map<String, Timer> requests = new ConcurrentHashMap<>();

  Metrics(Semper semper) {
    this.semper = semper;
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    for (State state : State.values()) {
      Gauge.builder("semper.workloads", () -> workloads(state))
          .tag("state", state.id())
          .register(registry);
    }
    for (Instance.Phase phase : Instance.Phase.values()) {
      Gauge.builder("semper.instances", () -> instances(phase))
          .tag("phase", phase.id())
          .register(registry);
    }
    Gauge.builder("semper.operations.active", this::activeOperations).register(registry);
    FunctionCounter.builder("semper.events", semper, s -> s.events().last()).register(registry);
    Gauge.builder("semper.probe.lateness", () -> lateness(ProbeMetrics::latenessP50))
        .tag("quantile", "0.5")
        .baseUnit("seconds")
        .description("How late probes have begun in the last 10 to 20 s")
        .register(registry);
    Gauge.builder("semper.probe.lateness", () -> lateness(ProbeMetrics::latenessP99))
        .tag("quantile", "0.99")
        .baseUnit("seconds")
        .description("How late probes have begun in the last 10 to 20 s")
        .register(registry);
    FunctionCounter.builder("semper.probe.checks", semper, s -> s.probes().metrics().checks())
        .register(registry);
    Gauge.builder(
            "semper.probe.circuit.breakers.open", semper, s -> s.probes().metrics().breakersOpen())
        .description("Probes that leave their target alone after failures in a row")
        .register(registry);
    alerts();
    restarts(0);
    long from = semper.events().last();
    this.counting = Thread.ofVirtual().name("metrics").start(() -> count(from));
  }

  /// Counts the spans of traces, too.
  void traces(Traces traces) {
    Map<String, ToDoubleFunction<SpanCounts>> outcomes =
        Map.of(
            "exported",
            SpanCounts::exported,
            "failed",
            SpanCounts::failed,
            "dropped",
            SpanCounts::dropped);
    outcomes.forEach((outcome, count) ->
        FunctionCounter.builder("semper.trace.spans", traces, t -> count.applyAsDouble(t.counts()))
            .tag("outcome", outcome)
            .register(registry));
  }

  String scrape() {
    deliveriesSoFar();
    return registry.scrape() + HealthMetrics.of(semper);
  }

  void request(Contract.@Nullable Endpoint endpoint, int status, long nanos) {
    String operation = endpoint == null ? "none" : endpoint.id();
    requests
        .computeIfAbsent(
            operation + status,
            _ ->
                Timer.builder("semper.http.requests")
                    .tag("operation", operation)
                    .tag("status", String.valueOf(status))
                    .register(registry))
        .record(Duration.ofNanos(nanos));
  }

  @Override
  public void close() {
    counting.interrupt();
  }

  private void alerts() {
    for (Severity severity : Severity.values()) {
      String name = severity.name().toLowerCase(Locale.ROOT);
      Gauge.builder("semper.alerts.firing", () -> semper.alerts().firing().get(severity))
          .tag("severity", name)
          .register(registry);
    }
    for (Delivery.Status status : List.of(Delivery.Status.PENDING, Delivery.Status.DEAD)) {
      Gauge.builder("semper.alert.deliveries." + status.id(), () -> deliveries(status))
          .register(registry);
    }
  }

  private long deliveries(Delivery.Status status) {
    return semper.alerts().deliveries(status).values().stream().mapToLong(Long::longValue).sum();
  }

  /// Channels and outcomes are known only when there was one.
  private void deliveriesSoFar() {
    for (Alerts.Count counted : semper.alerts().counts()) {
      FunctionCounter.builder("semper.alert.deliveries", semper, s -> delivered(s, counted))
          .tag("channel", counted.channel())
          .tag("outcome", counted.outcome())
          .register(registry);
    }
  }

  private static double delivered(Semper semper, Alerts.Count which) {
    return semper.alerts().counts().stream()
        .filter(c -> c.channel().equals(which.channel()) && c.outcome().equals(which.outcome()))
        .mapToLong(Alerts.Count::count)
        .sum();
  }

  private long workloads(State state) {
    return semper.workloads().list(null).stream().filter(w -> w.state() == state).count();
  }

  private long instances(Instance.Phase phase) {
    return semper.workloads().list(null).stream()
        .flatMap(w -> w.instances().stream())
        .filter(i -> i.phase() == phase)
        .count();
  }

  private double lateness(Function<ProbeMetrics, Duration> which) {
    return which.apply(semper.probes().metrics()).toNanos() / 1e9;
  }

  private long activeOperations() {
    return semper.workloads().list(null).stream()
        .map(Workload::operationId)
        .filter(id -> id != null)
        .count();
  }

  private void count(long from) {
    EventFilter filter = EventFilter.ALL.after(from);
    try {
      while (!Thread.currentThread().isInterrupted()) {
        long last = semper.events().await(filter.after(), PATIENCE);
        for (Event event : semper.events().read(filter, 1000)) {
          count(event);
          filter = filter.after(event.seq());
        }
        if (last > filter.after() && semper.events().first() > filter.after() + 1) {
          filter = filter.after(semper.events().first() - 1);
        }
      }
    } catch (InterruptedException _) {
      LOG.debug("counting has ended");
    } catch (RuntimeException e) {
      LOG.error("events are no longer counted for the metrics", e);
    }
  }

  private void count(Event event) {
    switch (event.type()) {
      case "instance.restart_scheduled", "instance.restart_limit_reached" -> restarts(1);
      case "operation.succeeded",
          "operation.failed",
          "operation.rolled_back",
          "operation.cancelled",
          "operation.inconsistent" ->
          Counter.builder("semper.operations")
              .tag("kind", String.valueOf(event.data().getOrDefault("kind", "")))
              .tag("status", event.type().substring("operation.".length()))
              .register(registry)
              .increment();
      default -> {
        // counted in semper_events_total only
      }
    }
  }

  private void restarts(int more) {
    Counter.builder("semper.restarts").register(registry).increment(more);
  }
}
