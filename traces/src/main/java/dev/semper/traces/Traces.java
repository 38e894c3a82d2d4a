package dev.semper.traces;

import dev.semper.engine.health.ProbeResult;
import dev.semper.engine.operation.Operation;
import dev.semper.engine.operation.OperationKind;
import dev.semper.engine.operation.OperationObserver;
import dev.semper.engine.workload.Prober;
import dev.semper.traces.Span.Place;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Makes spans of operations and probes, and sends them.
///
/// An operation is a span with a child for each step. It is in the trace of the request it came
/// with, or else in one of its own; members of a batch are in that of the batch. The span of an
/// operation has an id that the next server can find again: if this one dies the next one closes
/// the span, as far as the journal tells of it, and goes on with another that is linked to it.
public final class Traces implements OperationObserver, AutoCloseable {
  /// What makes a step one of many: how many names of spans there are must not grow with the
  /// workloads.
  private static final Pattern NUMBERS = Pattern.compile("^\\d+ | \\d+\\b| \\(generation \\d+\\)");

  private final SpanQueue queue;
  private final double sample;
  private final double probeSample;

  /// @param sample share of the operations that are traced, 0 to 1; a request whose `traceparent`
  ///   says whether it is sampled decides for itself
  /// @param probeSample share of the checks given to [#probed] that are traced, 0 to 1
  public Traces(Target target, double sample, double probeSample) {
    this.queue = new SpanQueue(target);
    this.sample = sample;
    this.probeSample = probeSample;
  }

  void add(Span span) {
    queue.add(span);
  }

  /// How many spans were sent, and not.
  public SpanCounts counts() {
    return queue.counts();
  }

  /// Ends with what is in the queue, as far as the receiver takes it within two seconds.
  @Override
  public void close() {
    queue.close();
  }

  @Override
  public Run begin(Operation operation, @Nullable Operation interrupted) {
    Optional<TraceContext> request = TraceContext.of(operation.traceparent());
    String origin = operation.parent() == null ? operation.id() : operation.parent();
    String trace = request.map(r -> r.place().trace()).orElseGet(() -> Ids.traceOf(origin));
    if (!request.map(TraceContext::sampled).orElseGet(() -> Ids.among(sample, trace))) {
      return Run.NONE;
    }
    Place parent =
        operation.parent() == null
            ? request.map(TraceContext::place).orElse(null)
            : new Place(trace, Ids.spanOf(operation.parent(), "batch"));
    Place follows = null;
    Place redone = null;
    if (interrupted != null) {
      follows = new Place(trace, run(interrupted));
      redone = close(interrupted, follows, parent);
    }
    return new OperationSpan(new Place(trace, run(operation)), parent, operation, follows, redone);
  }

  private static String run(Operation operation) {
    return Ids.spanOf(
        operation.id(),
        operation.kind() == OperationKind.BATCH ? "batch" : String.valueOf(operation.takenUpAt()));
  }

  /// Closes what a server that is gone has left open. Until when it worked nobody knows: what is
  /// known is its last sign of life.
  ///
  /// @return the step that was being done
  private @Nullable Place close(Operation operation, Place place, @Nullable Place parent) {
    String error = "the server ended before the operation";
    Instant start = began(operation);
    Instant seen =
        operation.steps().stream()
            .flatMap(s -> Stream.ofNullable(s.endedAt() == null ? s.startedAt() : s.endedAt()))
            .reduce(start, (a, b) -> a.isAfter(b) ? a : b);
    Place redone = null;
    for (Operation.Step step : operation.steps()) {
      Instant begun = step.startedAt();
      if (step.status() == Operation.StepStatus.RUNNING && begun != null) {
        redone = new Place(place.trace(), Ids.span());
        Map<String, Object> attributes = attributes(operation, step);
        attributes.put("semper.interrupted", true);
        add(
            new Span(
                redone,
                place,
                name(step),
                false,
                nanos(begun),
                nanos(begun),
                attributes,
                "the server ended before the step",
                null));
      }
    }
    Map<String, Object> attributes = attributes(operation);
    attributes.put("semper.interrupted", true);
    add(
        new Span(
            place,
            parent,
            name(operation),
            false,
            nanos(start),
            nanos(seen),
            attributes,
            error,
            null));
    return redone;
  }

  /// A check of a probe has ended.
  public void probed(Prober.Watch watch, ProbeResult result) {
    if (ThreadLocalRandom.current().nextDouble() >= probeSample) {
      return;
    }
    Map<String, Object> attributes = new HashMap<>();
    attributes.put("semper.tenant", watch.tenant());
    attributes.put("semper.workload", watch.workload());
    attributes.put("semper.instance", watch.instance());
    attributes.put("semper.incarnation", watch.incarnation());
    attributes.put("semper.probe.name", result.probe());
    attributes.put("semper.probe.type", word(result.type()));
    attributes.put("semper.probe.result", word(result.kind()));
    attributes.put("semper.probe.failures", (long) result.failures());
    watch.probes().stream()
        .filter(p -> p.name().equals(result.probe()))
        .forEach(p -> attributes.put("semper.probe.method", p.method().name()));
    long end = nanos(result.at());
    add(
        new Span(
            new Place(Ids.trace(), Ids.span()),
            null,
            "probe",
            true,
            end - result.took().toNanos(),
            end,
            attributes,
            result.passed() ? null : result.message(),
            null));
  }

  /// What this server does of one operation.
  private final class OperationSpan implements Run {
    private final Place place;
    private final @Nullable Place parent;
    private final Operation operation;
    private final @Nullable Place follows;
    private final long start;
    private final long begun = System.nanoTime();
    private @Nullable Place redone;
    private long stepStart;
    private long stepBegun;

    /// @param follows the span of the server before
    /// @param redone the step that it was doing
    OperationSpan(
        Place place,
        @Nullable Place parent,
        Operation operation,
        @Nullable Place follows,
        @Nullable Place redone) {
      this.place = place;
      this.parent = parent;
      this.operation = operation;
      this.follows = follows;
      this.redone = redone;
      this.start = nanos(began(operation));
    }

    @Override
    public void stepBegun(Operation.Step step) {
      Instant at = step.startedAt();
      stepStart = at == null ? start + (System.nanoTime() - begun) : nanos(at);
      stepBegun = System.nanoTime();
    }

    @Override
    public void stepEnded(Operation.Step step) {
      // The wall clock says when, but not how long: it may be set meanwhile.
      add(
          new Span(
              new Place(place.trace(), Ids.span()),
              place,
              name(step),
              false,
              stepStart,
              stepStart + (System.nanoTime() - stepBegun),
              attributes(operation, step),
              step.status() == Operation.StepStatus.FAILED ? step.detail() : null,
              redone));
      redone = null;
    }

    @Override
    public void ended(Operation ended) {
      Instant endedAt = operation.endedAt();
      // A batch is shown when it is over.
      long end = endedAt == null ? start + (System.nanoTime() - begun) : nanos(endedAt);
      Map<String, Object> attributes = attributes(ended);
      attributes.put("semper.operation.outcome", word(ended.status()));
      if (follows != null) {
        attributes.put("semper.resumed", true);
      }
      add(
          new Span(
              place,
              parent,
              name(ended),
              false,
              start,
              end,
              attributes,
              isError(ended.status()) ? ended.error() : null,
              follows));
    }
  }

  private static boolean isError(Operation.Status status) {
    return switch (status) {
      case FAILED, ROLLED_BACK, INCONSISTENT -> true;
      case QUEUED, RUNNING, WAITING, UNWINDING, SUCCEEDED, CANCELLED -> false;
    };
  }

  private static Map<String, Object> attributes(Operation operation) {
    Map<String, Object> attributes = new HashMap<>();
    attributes.put("semper.tenant", operation.tenant());
    String workload = operation.workload();
    if (workload != null) {
      attributes.put("semper.workload", workload);
    }
    attributes.put("semper.operation.id", operation.id());
    attributes.put("semper.operation.kind", operation.kind().id());
    attributes.put("semper.operation.actor", operation.actor());
    attributes.put("semper.operation.attempt", (long) operation.attempt());
    attributes.put(
        "semper.operation.queued_ms",
        Math.max(0, Duration.between(operation.createdAt(), began(operation)).toMillis()));
    String parent = operation.parent();
    if (parent != null) {
      attributes.put("semper.operation.parent", parent);
    }
    if (!operation.errorCode().isEmpty()) {
      attributes.put("error.type", operation.errorCode());
    }
    return attributes;
  }

  private static Map<String, Object> attributes(Operation operation, Operation.Step step) {
    Map<String, Object> attributes = new HashMap<>();
    attributes.put("semper.tenant", operation.tenant());
    String workload = operation.workload();
    if (workload != null) {
      attributes.put("semper.workload", workload);
    }
    attributes.put("semper.operation.id", operation.id());
    attributes.put("semper.operation.kind", operation.kind().id());
    attributes.put("semper.step.name", step.name());
    attributes.put("semper.step.undo", step.undo());
    attributes.put("semper.step.outcome", word(step.status()));
    if (!step.detail().isEmpty()) {
      attributes.put("semper.step.detail", step.detail());
    }
    return attributes;
  }

  private static Instant began(Operation operation) {
    Instant began = operation.takenUpAt() == null ? operation.startedAt() : operation.takenUpAt();
    return began == null ? operation.createdAt() : began;
  }

  private static String name(Operation operation) {
    return "operation " + operation.kind().id();
  }

  private static String name(Operation.Step step) {
    return (step.undo() ? "undo " : "") + NUMBERS.matcher(step.name()).replaceAll("");
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(java.util.Locale.ROOT);
  }

  private static long nanos(Instant at) {
    return at.getEpochSecond() * 1_000_000_000 + at.getNano();
  }
}
