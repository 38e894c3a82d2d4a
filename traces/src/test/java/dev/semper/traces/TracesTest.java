package dev.semper.traces;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.semper.engine.Semper;
import dev.semper.engine.operation.Operation;
import dev.semper.engine.operation.OperationKind;
import dev.semper.engine.operation.Operations;
import dev.semper.engine.workload.State;
import dev.semper.testkit.Behaviour;
import dev.semper.testkit.EngineHarness;
import dev.semper.traces.OtlpReceiver.Received;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TracesTest {
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String REQUEST = "b7ad6b7169203331";
  private static final String TRACEPARENT = "00-" + TRACE + "-" + REQUEST + "-01";
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final EngineHarness engine = new EngineHarness(this::traced);
  private double sample = 1;
  private @Nullable OtlpReceiver receiver;
  private @Nullable Traces traces;

  @BeforeEach
  void listen() throws IOException {
    receiver = OtlpReceiver.start();
  }

  @AfterEach
  void end() {
    engine.close();
    closeTraces();
    receiver().close();
  }

  private Semper.Builder traced(Semper.Builder builder) {
    closeTraces();
    Traces opened =
        new Traces(
            new Target(
                receiver().endpoint(),
                Map.of("Authorization", "Bearer secret"),
                Map.of("service.name", "semper")),
            sample,
            1);
    traces = opened;
    return builder.observer(opened);
  }

  private void closeTraces() {
    if (traces != null) {
      traces.close();
    }
  }

  private OtlpReceiver receiver() {
    return Objects.requireNonNull(receiver);
  }

  private Traces traces() {
    return Objects.requireNonNull(traces);
  }

  private Received span(String name) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> assertThat(receiver().spans()).extracting(Received::name).contains(name));
    return receiver().spans(s -> s.name().equals(name)).getFirst();
  }

  private List<Received> children(Received span) {
    return receiver().spans(s -> s.parent().equals(span.id()));
  }

  private static String web(String... lines) {
    return "[workloads.web]\nkind = \"scripted\"\nversion = \"1\"\n" + String.join("\n", lines);
  }

  @Test
  void anOperationIsASpanWithAChildForEachStep() throws Exception {
    engine.start();
    engine.up(web());

    Operation stopped = engine.run(OperationKind.STOP, "web");

    Received span = span("operation stop");
    assertThat(span.parent()).isEmpty();
    assertThat(span.error()).isNull();
    assertThat(span.attributes())
        .containsEntry("semper.tenant", "default")
        .containsEntry("semper.workload", "web")
        .containsEntry("semper.operation.id", stopped.id())
        .containsEntry("semper.operation.kind", "stop")
        .containsEntry("semper.operation.actor", "tester")
        .containsEntry("semper.operation.outcome", "succeeded");
    assertThat(children(span))
        .extracting(s -> s.attribute("semper.step.name"))
        .containsExactlyElementsOf(stopped.steps().stream().map(Operation.Step::name).toList());
    assertThat(children(span))
        .allSatisfy(s -> {
          assertThat(s.trace()).isEqualTo(span.trace());
          assertThat(s.attribute("semper.step.outcome")).isEqualTo("done");
          assertThat(s.startNanos()).isBetween(span.startNanos(), span.endNanos());
          assertThat(s.endNanos()).isBetween(s.startNanos(), span.endNanos());
        });
    assertThat(receiver().resources().getFirst()).containsEntry("service.name", "semper");
    assertThat(receiver().authorizations()).contains("Bearer secret");
  }

  @Test
  void goesOnWithTheTraceOfTheRequest() throws Exception {
    engine.start();
    engine.up(web());

    ScopedValue.where(Operations.TRACEPARENT, TRACEPARENT)
        .call(() -> engine.run(OperationKind.STOP, "web"));

    Received span = span("operation stop");
    assertThat(span.trace()).isEqualTo(TRACE);
    assertThat(span.parent()).isEqualTo(REQUEST);
  }

  @Test
  void membersOfABatchAreChildrenOfTheBatch() throws Exception {
    engine.start();
    engine.up(web());

    Received batch = span("operation batch");
    Received install = span("operation install");
    assertThat(batch.parent()).isEmpty();
    assertThat(batch.attribute("semper.operation.outcome")).isEqualTo("succeeded");
    assertThat(install.parent()).isEqualTo(batch.id());
    assertThat(install.trace()).isEqualTo(batch.trace());
    assertThat(install.startNanos()).isGreaterThanOrEqualTo(batch.startNanos());
  }

  @Test
  void saysWhatWentWrong() throws Exception {
    engine.start();
    engine.driver().script("web", "1", Behaviour.cannotStart("no such program", false));
    engine.apply(web("restart = { policy = \"no\" }"));

    Received span = span("operation install");
    assertThat(span.error()).contains("no such program");
    assertThat(span.attributes()).containsEntry("semper.operation.outcome", "failed");
    assertThat(span.attributes()).containsKey("error.type");
    assertThat(children(span))
        .anySatisfy(s -> {
          assertThat(s.error()).contains("no such program");
          assertThat(s.attribute("semper.step.outcome")).isEqualTo("failed");
        });
  }

  @Test
  void theNextServerClosesWhatADeadOneHasLeftOpenAndGoesOnWithAnother() throws Exception {
    engine.start();
    engine.up(web());
    engine.succeed(OperationKind.STOP, "web");
    engine.points().dieAt("start/4/launch (generation 1)/done", 0);
    Operation start =
        ScopedValue.where(Operations.TRACEPARENT, TRACEPARENT)
            .call(() -> engine.ask(OperationKind.START, "web"));
    assertThat(engine.points().awaitDeath(PATIENCE))
        .as(engine.points().passed().toString())
        .isTrue();

    engine.restart();

    engine.await(start);
    await()
        .atMost(PATIENCE)
        .until(() -> receiver().spans(s -> s.name().equals("operation start")).size() == 2);
    Received dead =
        receiver()
            .spans(s ->
                s.attribute("semper.interrupted") != null && s.name().equals("operation start"))
            .getFirst();
    Received resumed = receiver().spans(s -> s.attribute("semper.resumed") != null).getFirst();
    assertThat(dead.parent()).isEqualTo(REQUEST);
    assertThat(dead.trace()).isEqualTo(TRACE);
    assertThat(dead.error()).isEqualTo("the server ended before the operation");
    assertThat(dead.attributes()).doesNotContainKey("semper.operation.outcome");
    assertThat(resumed.trace()).isEqualTo(TRACE);
    assertThat(resumed.parent()).isEqualTo(REQUEST);
    assertThat(resumed.links()).containsExactly(dead.id());
    assertThat(resumed.startNanos()).isGreaterThanOrEqualTo(dead.endNanos());
    assertThat(resumed.attributes()).containsEntry("semper.operation.outcome", "succeeded");

    // The steps before the one it died in were told by the dead server, as a child of its span.
    assertThat(children(dead))
        .extracting(Received::name)
        .containsExactly("check dependencies", "want running", "clear", "move start", "launch");
    Received cut = children(dead).getLast();
    assertThat(cut.error()).isEqualTo("the server ended before the step");
    assertThat(children(resumed).getFirst().name()).isEqualTo("launch");
    assertThat(children(resumed).getFirst().links()).containsExactly(cut.id());
  }

  @Test
  void whatTheCallerDoesNotSampleIsNotTraced() throws Exception {
    engine.start();
    engine.up(web());

    ScopedValue.where(Operations.TRACEPARENT, "00-" + TRACE + "-" + REQUEST + "-00")
        .call(() -> engine.run(OperationKind.STOP, "web"));
    engine.succeed(OperationKind.START, "web");

    span("operation start");
    assertThat(receiver().spans(s -> s.name().equals("operation stop"))).isEmpty();
  }

  @Test
  void noneIsTracedWithASampleOfZeroButThoseThatTheCallerSamples() throws Exception {
    sample = 0;
    engine.start();
    engine.up(web());
    ScopedValue.where(Operations.TRACEPARENT, TRACEPARENT)
        .call(() -> engine.run(OperationKind.STOP, "web"));

    span("operation stop");
    assertThat(receiver().spans()).allSatisfy(s -> assertThat(s.trace()).isEqualTo(TRACE));
  }

  @Test
  void aReceiverThatHangsHoldsNothingUp() throws Exception {
    receiver().hang();
    engine.start();
    engine.up(web());

    Span some =
        new Span(
            new Span.Place(Ids.trace(), Ids.span()),
            null,
            "some",
            false,
            0,
            1,
            Map.of(),
            null,
            null);
    long before = System.nanoTime();
    for (int i = 0; i < 100_000; i++) {
      traces().add(some);
    }
    Duration took = Duration.ofNanos(System.nanoTime() - before);
    engine.succeed(OperationKind.RESTART, "web");

    assertThat(took).isLessThan(Duration.ofSeconds(5));
    assertThat(traces().counts().dropped()).isGreaterThan(100_000 - 2 * SpanQueue.CAPACITY);
    assertThat(traces().counts().exported()).isZero();
    assertThat(engine.workload("web").state()).isEqualTo(State.RUNNING);
  }

  @Test
  void whatIsRefusedIsCountedAndTheNextIsSentAgain() throws Exception {
    receiver().answer(400);
    engine.start();
    engine.up(web());
    await().atMost(PATIENCE).until(() -> traces().counts().failed() > 0);

    receiver().answer(200);
    engine.succeed(OperationKind.STOP, "web");

    span("operation stop");
    await().atMost(PATIENCE).until(() -> traces().counts().exported() > 0);
  }

  @Test
  void closingSendsWhatIsThere() throws Exception {
    engine.start();
    engine.up(web());
    engine.succeed(OperationKind.STOP, "web");
    engine.stop();

    traces().close();

    assertThat(receiver().spans()).extracting(Received::name).contains("operation stop");
    assertThat(traces().counts().exported()).isEqualTo(receiver().spans().size());
  }
}
