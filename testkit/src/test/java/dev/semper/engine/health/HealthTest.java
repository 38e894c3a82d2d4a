package dev.semper.engine.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.semper.engine.operation.Doc;
import dev.semper.engine.operation.OperationKind;
import dev.semper.engine.store.Event;
import dev.semper.engine.workload.State;
import dev.semper.spi.Usage;
import dev.semper.testkit.Behaviour;
import dev.semper.testkit.EngineHarness;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@Timeout(60)
class HealthTest {
  private static final String EACH_SECOND = "health = { interval = \"1s\", failure_threshold = 2 }";

  @RegisterExtension final EngineHarness engine = new EngineHarness();

  private HealthReport health(String name) {
    return engine.semper().health().get(EngineHarness.TENANT, name);
  }

  private HealthReport await(String name, Predicate<HealthReport> condition) {
    return await(name)
        .pollInterval(Duration.ofMillis(10))
        .atMost(Duration.ofSeconds(15))
        .until(() -> health(name), condition);
  }

  private HealthReport await(String name, HealthStatus status) {
    return await(name, r -> r.status() == status);
  }

  private static ConditionFactory await(String what) {
    return Awaitility.await(what);
  }

  private List<String> changes(String name) {
    return engine.events(name, "health.changed").stream()
        .map(e -> e.data().get("from") + " " + e.data().get("to"))
        .toList();
  }

  @Test
  void comesUpHealthyWithAFullScore() throws InterruptedException {
    engine.up(Doc.workload("web", "1", "start_seconds = \"0s\""));

    HealthReport report = await("web", HealthStatus.HEALTHY);

    assertThat(report.score()).isEqualTo(100);
    assertThat(report.reasons()).isEmpty();
    assertThat(report.measures().memoryMb()).isEqualTo(1.0);
    assertThat(report.measures().errorPercent()).as("no probes").isNull();
    assertThat(report.measures().cpuPercent()).as("one reading only").isNull();
    assertThat(changes("web")).containsExactly("unknown healthy");
  }

  @Test
  void followsWhatProbesSayAtOnce() throws InterruptedException {
    engine.up(Doc.workload("web") + Doc.probe("web", "readiness"));
    await("web", HealthStatus.HEALTHY);

    engine.driver().answer("web", "readiness", 1);
    HealthReport bad = await("web", HealthStatus.DEGRADED);
    assertThat(bad.score()).isLessThanOrEqualTo(89);
    assertThat(bad.reasons()).anySatisfy(r -> assertThat(r).contains("readiness probe readiness"));

    engine.driver().answer("web", "readiness", 0);
    await("web", HealthStatus.HEALTHY);
    assertThat(changes("web"))
        .containsExactly("unknown healthy", "healthy degraded", "degraded healthy");
  }

  @Test
  void isCriticalWhileNoInstanceIsUpAndCountsTheOutage() throws InterruptedException {
    engine.up(Doc.workload("web", "1", "restart = { policy = \"always\", delay = \"300ms\" }"));
    await("web", HealthStatus.HEALTHY);

    engine.driver().kill("web-0");
    HealthReport down = await("web", HealthStatus.CRITICAL);
    assertThat(down.score()).isZero();
    assertThat(down.reasons().getFirst()).isEqualTo("no instance is up");
    await("web", HealthStatus.HEALTHY);

    Reliability reliability = engine.semper().health().reliability(EngineHarness.TENANT, "web");
    assertThat(reliability.outages()).isEqualTo(1);
    assertThat(reliability.timeToRecover())
        .isBetween(Duration.ofMillis(200), Duration.ofSeconds(10));
    Availability hour = reliability.availability().getFirst();
    assertThat(hour.down()).isGreaterThan(Duration.ofMillis(100));
    assertThat(hour.percent()).isBetween(0.0, 99.999);
    assertThat(engine.events("web", "health.changed").getLast().data().get("score")).isEqualTo(100);
  }

  @Test
  void takesAMeasureSeriouslyAfterSomeSamples() throws InterruptedException {
    engine.up(Doc.workload("web", "1", EACH_SECOND));
    await("web", HealthStatus.HEALTHY);

    engine.driver().use("web", new Usage(10, 812L << 20, 1, 3));
    HealthReport first = await("web", r -> Integer.valueOf(75).equals(r.score()));
    assertThat(first.reasons()).containsExactly("memory 812 MB over its limit 512 MB: −25");
    assertThat(first.status()).as("after one sample").isEqualTo(HealthStatus.HEALTHY);
    await("web", HealthStatus.DEGRADED);

    engine.driver().use("web", new Usage(20, 1 << 20, 1, 3));
    await("web", HealthStatus.HEALTHY);
    List<HealthPoint> points =
        engine.semper().health().history(EngineHarness.TENANT, "web", null, null, null);
    assertThat(points).hasSizeGreaterThanOrEqualTo(3);
    assertThat(points)
        .anySatisfy(p ->
            assertThat(p.measures())
                .containsEntry(Measure.MEMORY_USAGE, new HealthPoint.Spread(812, 812, 812, 812)));
  }

  @Test
  void isUnknownWhenStoppedOnPurposeAndCriticalInError() throws InterruptedException {
    engine.up(Doc.workload("web") + Doc.workload("bad", "1", "restart = \"no\""));
    await("web", HealthStatus.HEALTHY);
    engine.succeed(OperationKind.STOP, "web");
    HealthReport stopped = await("web", HealthStatus.UNKNOWN);
    assertThat(stopped.score()).isNull();
    assertThat(stopped.reasons()).containsExactly("not meant to run: stopped");

    engine.driver().exit("bad-0", 3);
    engine.await("bad", State.ERROR);
    HealthReport failed = await("bad", HealthStatus.CRITICAL);
    assertThat(failed.score()).isZero();
    assertThat(changes("web")).doesNotContain("healthy critical", "healthy unhealthy");
  }

  @Test
  void isKnownAfterACrashOfTheServerWithoutANewEvent() throws InterruptedException {
    engine.up(Doc.workload("web"));
    Instant since = await("web", HealthStatus.HEALTHY).since();
    int events = changes("web").size();

    engine.restart();
    HealthReport report = await("web", r -> r.lastCheck() != null && r.score() != null);

    assertThat(report.status()).isEqualTo(HealthStatus.HEALTHY);
    assertThat(report.since()).isCloseTo(since, within(1, ChronoUnit.MILLIS));
    assertThat(changes("web")).hasSize(events);
  }

  @Test
  void anOutageGoesOnOverACrashOfTheServer() throws InterruptedException {
    engine.up(Doc.workload("web", "1", "restart = { policy = \"always\", delay = \"30s\" }"));
    await("web", HealthStatus.HEALTHY);
    engine.driver().kill("web-0");
    await("web", HealthStatus.CRITICAL);

    engine.restart();
    await("web", r -> r.lastCheck() != null);
    Reliability open = engine.semper().health().reliability(EngineHarness.TENANT, "web");
    assertThat(Objects.requireNonNull(open.lastOutage()).endedAt()).isNull();

    engine.succeed(OperationKind.RESTART, "web");
    await("web", HealthStatus.HEALTHY);
    Reliability ended = engine.semper().health().reliability(EngineHarness.TENANT, "web");
    assertThat(ended.outages()).isEqualTo(1);
    assertThat(ended.timeToRecover()).isNotNull();
  }

  @Test
  void tellsListenersWhatIsDurable() throws InterruptedException {
    List<String> told = new CopyOnWriteArrayList<>();
    engine
        .semper()
        .health()
        .listen(
            new HealthListener() {
              @Override
              public void checked(HealthReport report) {
                // only changes matter here
              }

              @Override
              public void changed(HealthStatus from, HealthReport now) {
                Event last = engine.events("web", "health.changed").getLast();
                told.add(from.id() + " " + now.status().id() + " " + last.data().get("to"));
              }
            });

    engine.up(Doc.workload("web"));
    await("web", HealthStatus.HEALTHY);

    await("told").untilAsserted(() -> assertThat(told).containsExactly("unknown healthy healthy"));
  }

  @Test
  void forgetsWhatIsDeleted() throws InterruptedException {
    engine.up(Doc.workload("web"));
    await("web", HealthStatus.HEALTHY);
    engine.succeed(OperationKind.STOP, "web");
    engine.succeed(OperationKind.DELETE, "web");

    await("rows are gone")
        .untilAsserted(() -> assertThat(engine.semper().store().healthStatuses()).isEmpty());
  }

  @Test
  void aFirstStartIsNoFailureAndACrashLoopIs() throws InterruptedException {
    engine.driver().script("web", Behaviour.exits(1, Duration.ofMillis(50)));
    engine.begin(Doc.workload("web", "1", "start_seconds = \"5s\""));

    await("web", HealthStatus.CRITICAL);
    assertThat(changes("web")).doesNotContain("unknown healthy");
  }
}
