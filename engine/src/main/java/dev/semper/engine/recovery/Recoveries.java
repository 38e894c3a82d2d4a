package dev.semper.engine.recovery;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.health.Health;
import dev.semper.engine.health.HealthListener;
import dev.semper.engine.health.HealthReport;
import dev.semper.engine.health.HealthStatus;
import dev.semper.engine.health.Probes;
import dev.semper.engine.operation.Healer;
import dev.semper.engine.operation.Operation;
import dev.semper.engine.operation.Operations;
import dev.semper.engine.operation.Quotas;
import dev.semper.engine.operation.StepHooks;
import dev.semper.engine.spec.SpecReader;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Store;
import dev.semper.engine.workload.Boundaries;
import dev.semper.engine.workload.Owners;
import dev.semper.spi.Driver;
import dev.semper.spi.Exit;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The recoveries there are and were. One is begun by hand with an operation of kind `recover`, see
/// [Operations#submit].
public final class Recoveries {
  private final Doctor doctor;
  private final int atOnce;
  private final Health health;
  private @Nullable Triage triage;

  /// @param drivers by kind; commands of recoveries are run by the one of kind `process`
  /// @param quotas of a tenant
  /// @param home of the server
  /// @param atOnce recoveries that begin by themselves and are at work at once
  public Recoveries(
      Store store,
      Owners owners,
      SpecReader specs,
      Map<String, Driver> drivers,
      Probes probes,
      Health health,
      StepHooks hooks,
      Function<String, Quotas> quotas,
      Path home,
      int atOnce,
      Clock clock,
      Boundaries boundaries) {
    this.atOnce = atOnce;
    this.health = health;
    doctor =
        new Doctor(
            store,
            owners,
            specs,
            Map.copyOf(drivers),
            new ProbedVitals(probes, health, clock),
            new Commands(drivers.get("process"), home.resolve("run").resolve("recovery"), clock),
            hooks,
            quotas,
            home,
            clock,
            boundaries);
  }

  /// Leads the operations of kind `recover`.
  public Healer healer() {
    return doctor;
  }

  /// From now on recoveries begin by themselves.
  public void open(Operations operations) throws InterruptedException {
    Set<String> going =
        operations.openRecoveries().stream().map(Operation::id).collect(Collectors.toSet());
    doctor.commands().sweep(going);
    Triage started = new Triage(doctor, operations, atOnce);
    triage = started;
    health.listen(
        new HealthListener() {
          @Override
          public void checked(HealthReport report) {}

          @Override
          public void changed(HealthStatus from, HealthReport now) {
            started.changed(now.tenant(), now.workload());
          }
        });
    started.start();
  }

  /// A driver reports the end of an incarnation.
  ///
  /// @return whether it was one of a recovery
  public boolean exited(String incarnation, Exit exit) {
    if (!Commands.owns(incarnation)) {
      return false;
    }
    doctor.commands().exited(incarnation, exit);
    return true;
  }

  /// Newest first; null matters not.
  public List<Recovery> list(@Nullable String tenant, @Nullable String workload, int limit) {
    return doctor.store().recoveries(tenant, workload, null, limit).stream()
        .map(row -> Chart.read(row).recovery())
        .toList();
  }

  /// The newest of each workload of a tenant, newest first, by workload; in one query.
  ///
  /// @param each how many of each at most
  public Map<String, List<Recovery>> newest(String tenant, int each) {
    return doctor.store().newestRecoveries(tenant, each).stream()
        .map(row -> Chart.read(row).recovery())
        .collect(Collectors.groupingBy(Recovery::workload));
  }

  public Optional<Recovery> find(String id) {
    return Chart.find(doctor.store(), id).map(Chart::recovery);
  }

  /// @throws SemperException NOT_FOUND
  public Recovery get(String id) {
    return find(id)
        .orElseThrow(() -> new SemperException(ErrorCode.NOT_FOUND, "There is no recovery " + id));
  }

  /// Workloads that are not well and whose recovery has not begun, with what each waits for.
  public List<Pending> pending(@Nullable String tenant) {
    Triage running = triage;
    return running == null
        ? List.of()
        : running.pending().stream()
            .filter(p -> tenant == null || p.tenant().equals(tenant))
            .toList();
  }

  /// From when this returns none begins by itself until [#resume], or until the next start. Those
  /// at work go on; one can still be begun by hand.
  public void pause(String actor) throws InterruptedException {
    pause(true, "recovery.paused", actor);
  }

  /// Lets recoveries begin by themselves again.
  public void resume(String actor) throws InterruptedException {
    pause(false, "recovery.resumed", actor);
  }

  /// Whether none begins by itself for now.
  public boolean paused() {
    Triage running = triage;
    return running != null && running.paused();
  }

  private synchronized void pause(boolean wanted, String event, String actor)
      throws InterruptedException {
    Triage running = triage;
    if (running == null || running.paused() == wanted) {
      return;
    }
    doctor
        .store()
        .commit(
            new Batch()
                .event(
                    doctor.clock().instant(), "default", null, null, event, Map.of(), null, actor));
    running.pause(wanted);
  }

  /// Lets none begin any more. Those at work end with their operations.
  public void close() throws InterruptedException {
    Triage running = triage;
    if (running != null) {
      running.close();
    }
  }
}
