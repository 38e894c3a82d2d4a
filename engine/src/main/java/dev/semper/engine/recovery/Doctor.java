package dev.semper.engine.recovery;

import dev.semper.engine.operation.Healer;
import dev.semper.engine.operation.Operation;
import dev.semper.engine.operation.OperationRequest;
import dev.semper.engine.operation.Quotas;
import dev.semper.engine.operation.StepHooks;
import dev.semper.engine.spec.RecoverySpec;
import dev.semper.engine.spec.RecoverySpec.Rung;
import dev.semper.engine.spec.SpecReader;
import dev.semper.engine.store.Store;
import dev.semper.engine.workload.Boundaries;
import dev.semper.engine.workload.Owners;
import dev.semper.engine.workload.Workload;
import dev.semper.spi.Driver;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Leads recoveries: takes each up, or goes on with it.
///
/// @param home of the server
record Doctor(
    Store store,
    Owners owners,
    SpecReader specs,
    Map<String, Driver> drivers,
    Vitals vitals,
    Commands commands,
    StepHooks hooks,
    Function<String, Quotas> quotas,
    Path home,
    Clock clock,
    Boundaries boundaries)
    implements Healer {

  @Override
  public Course take(Operation operation, Workload workload) {
    Optional<Chart> begun = Chart.find(store, operation.id());
    return new Treatment(
        this, begun.orElseGet(() -> chart(operation, workload)), history(workload, operation.id()));
  }

  private Chart chart(Operation operation, Workload workload) {
    RecoverySpec spec = workload.spec().recovery();
    String strategy = strategy((String) operation.request().get("strategy"), workload);
    boolean automatic = operation.actor().equals(ACTOR);
    Recovery recovery =
        new Recovery(
            operation.id(),
            workload.tenant(),
            workload.name(),
            workload.uid(),
            strategy,
            automatic,
            Boolean.TRUE.equals(operation.request().get("force")),
            operation.actor(),
            Recovery.Status.RUNNING,
            vitals.of(workload).since(clock.instant()),
            List.of(),
            "",
            clock.instant(),
            null);
    return new Chart(recovery, Ladder.of(spec, strategy), spec.cachePaths());
  }

  private static String strategy(@Nullable String asked, Workload workload) {
    return Objects.requireNonNullElse(asked, workload.spec().recovery().strategy());
  }

  private History history(Workload workload, String except) {
    return History.of(store, workload, except);
  }

  @Override
  public List<Prospect> rehearse(OperationRequest request, Workload workload) {
    RecoverySpec spec = workload.spec().recovery();
    List<Rung> ladder = Ladder.of(spec, strategy(request.strategy(), workload));
    Evidence evidence = vitals.of(workload);
    Plan plan = new Plan(this, workload, history(workload, ""), request.force(), spec.cachePaths());
    boolean needed = request.force() || evidence.failing() || !evidence.healthy();
    return ladder.stream()
        .map(rung -> {
          Optional<String> reason =
              needed
                  ? plan.leftOut(rung)
                  : Optional.of("the workload is healthy: nothing to do without force");
          return new Prospect(rung.action().id(), plan.why(rung, evidence), reason.orElse(null));
        })
        .toList();
  }
}
