package dev.semper.server;

import dev.semper.api.ActionRequest;
import dev.semper.api.ApplyResult;
import dev.semper.api.ExtensionHealth;
import dev.semper.api.ExtensionHealthConfig;
import dev.semper.api.ExtensionOverview;
import dev.semper.api.ExtensionRecovery;
import dev.semper.api.ExtensionRecoveryRequest;
import dev.semper.api.ExtensionsOverview;
import dev.semper.api.Message;
import dev.semper.engine.Semper;
import dev.semper.engine.access.Role;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.health.HealthReport;
import dev.semper.engine.operation.Operation;
import dev.semper.engine.operation.OperationKind;
import dev.semper.engine.recovery.Recovery;
import dev.semper.engine.spec.RecoverySpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `/api/extensions/lifecycle`: workloads under the paths and in the shapes of the seed. Does what
/// `/api/v1` does; only the words differ.
final class ExtensionRoutes {
  private static final int RECENT = 5;

  /// Well within the time a request has.
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Semper semper;
  private final WorkloadRoutes workloads;
  private final ExtensionEvents events;
  private final Clock clock;

  ExtensionRoutes(Semper semper, WorkloadRoutes workloads, Clock clock) {
    this.semper = semper;
    this.workloads = workloads;
    this.events = new ExtensionEvents(semper.events());
    this.clock = clock;
  }

  void addTo(Routes routes) {
    routes
        .read("extensionsHealth", Role.VIEWER, this::healthOfAll)
        .read("extensionHealth", Role.VIEWER, this::health)
        .change(
            "extensionHealthConfig",
            Role.OPERATOR,
            "extensions.configure_health",
            this::configureHealth)
        .change("recoverExtension", Role.OPERATOR, "extensions.recover", this::recover)
        .read("extensionRecoveries", Role.VIEWER, this::recoveries)
        .read("extensionsOverview", Role.VIEWER, this::overviewOfAll)
        .read("extensionOverview", Role.VIEWER, this::overview)
        .read("extensionEvents", Role.VIEWER, this::events)
        .change("startExtensions", Role.ADMIN, "extensions.start", this::start)
        .change("stopExtensions", Role.ADMIN, "extensions.stop", this::stop);
  }

  private Answer healthOfAll(Call call) {
    Map<String, ExtensionHealth> all = new LinkedHashMap<>();
    semper
        .health()
        .list(call.tenant())
        .forEach(report -> all.put(report.workload(), ExtensionViews.health(report)));
    return Answer.ok(all);
  }

  private Answer health(Call call) {
    return Answer.ok(ExtensionViews.health(report(call)));
  }

  private HealthReport report(Call call) {
    return semper.health().get(call.tenant(), call.required("name"));
  }

  private Answer configureHealth(Call call) throws InterruptedException {
    String name = call.required("name");
    ExtensionHealthConfig config = call.body(ExtensionHealthConfig.class);
    if (config.extensionName() != null && !config.extensionName().equals(name)) {
      throw answered(
          Call.invalid("extension_name", "must be " + name + ", as in the path"),
          ErrorCode.Kind.USER,
          422);
    }
    try {
      ApplyResult result =
          workloads.replaced(
              call,
              name,
              () ->
                  semper
                      .specs()
                      .readWorkload(
                          name,
                          ExtensionViews.configured(
                              semper.workloads().get(call.tenant(), name).spec(), config)));
      return result.operation() == null
          ? said("The health settings of %s were so already".formatted(name), null)
          : outcome(result.operation().id(), "The health settings of " + name + " are in force");
    } catch (SemperException e) {
      throw answered(e, ErrorCode.Kind.USER, 422);
    }
  }

  /// An error of this kind gets the status that the seed's clients know for it.
  private static RuntimeException answered(SemperException e, ErrorCode.Kind kind, int status) {
    return e.code().kind() == kind
        ? new Refusal(status, e.code(), String.valueOf(e.getMessage()), e.problems(), Map.of())
        : e;
  }

  private Answer recover(Call call) throws InterruptedException {
    ExtensionRecoveryRequest request = call.body(ExtensionRecoveryRequest.class);
    String name = request.extensionName();
    String strategy = request.strategy() == null ? RecoverySpec.AUTO : request.strategy();
    call.facts().put("workload", name);
    call.facts().put("strategy", strategy);
    ActionRequest options =
        new ActionRequest(null, null, null, request.forceRecovery(), null, null, null, null, null)
            .withStrategy(strategy);
    try {
      Operation recovery =
          semper
              .operations()
              .submit(
                  WorkloadRoutes.request(
                      call, name, OperationKind.RECOVER, options, call.idempotencyKey()));
      return outcome(recovery.id(), name + " is well");
    } catch (SemperException e) {
      throw answered(e, ErrorCode.Kind.CONFLICT, 400);
    }
  }

  /// What has become of an operation; it is waited for, but not longer than a request may take.
  private Answer outcome(String operation, String success) throws InterruptedException {
    Operation now = semper.operations().await(operation, PATIENCE);
    if (!now.status().ended()) {
      return said("Operation %s is still at work on it".formatted(operation), operation);
    }
    if (now.status() == Operation.Status.SUCCEEDED) {
      return said(success, operation);
    }
    // An answer, not an exception: the audit log has the call as granted already.
    return Errors.answer(
        new Refusal(
            400,
            now.errorCode() == null
                ? ErrorCode.PRECONDITION_FAILED
                : ErrorCode.valueOf(now.errorCode()),
            "Operation %s: %s".formatted(now.status().id(), now.error()),
            List.of(),
            WorkloadRoutes.location(operation)));
  }

  private Answer recoveries(Call call) {
    String name = call.required("name");
    List<ExtensionRecovery> history = history(call.tenant(), name, call.number("limit", 50));
    if (history.isEmpty()) {
      semper.workloads().get(call.tenant(), name); // those of one that is gone are told too
    }
    return Answer.ok(history);
  }

  /// Actions that were tried, newest first. A recovery has any number of them.
  private List<ExtensionRecovery> history(String tenant, String name, int limit) {
    int asked = limit;
    while (true) {
      List<Recovery> recoveries = semper.recoveries().list(tenant, name, asked);
      List<ExtensionRecovery> tried = tried(recoveries, limit);
      if (tried.size() == limit || recoveries.size() < asked) {
        return tried;
      }
      asked *= 4;
    }
  }

  private static List<ExtensionRecovery> tried(List<Recovery> recoveries, int limit) {
    return recoveries.stream()
        .flatMap(r -> r.attempts().stream())
        .flatMap(a -> ExtensionViews.attempt(a).stream())
        .sorted(Comparator.comparing(ExtensionRecovery::timestamp).reversed())
        .limit(limit)
        .toList();
  }

  private Answer overviewOfAll(Call call) {
    List<HealthReport> reports = semper.health().list(call.tenant());
    Instant now = clock.instant();
    Map<String, ExtensionOverview> all = new LinkedHashMap<>();
    Map<String, List<Recovery>> newest = semper.recoveries().newest(call.tenant(), RECENT * 4);
    for (HealthReport report : reports) {
      List<Recovery> recoveries = newest.getOrDefault(report.workload(), List.of());
      List<ExtensionRecovery> tried = tried(recoveries, RECENT);
      boolean enough = tried.size() == RECENT || recoveries.size() < RECENT * 4;
      all.put(
          report.workload(),
          enough ? ExtensionViews.overview(report, tried, now) : overview(report, now));
    }
    return Answer.ok(new ExtensionsOverview(now, all, ExtensionViews.statistics(reports)));
  }

  private Answer overview(Call call) {
    return Answer.ok(overview(report(call), clock.instant()));
  }

  private ExtensionOverview overview(HealthReport report, Instant now) {
    return ExtensionViews.overview(
        report, history(report.tenant(), report.workload(), RECENT), now);
  }

  private Answer events(Call call) {
    return Answer.ok(
        events.newest(
            call.tenantFilter(),
            call.text("extension_name"),
            call.text("event_type"),
            call.number("limit", 100)));
  }

  private Answer start(Call call) throws InterruptedException {
    ServerRoutes.wantAllTenants(call);
    semper.recoveries().resume(call.actor());
    return said("Health is watched, and recoveries begin by themselves", null);
  }

  private Answer stop(Call call) throws InterruptedException {
    ServerRoutes.wantAllTenants(call);
    semper.recoveries().pause(call.actor());
    return said(
        "No recovery begins by itself until it is started again or the server starts anew; health"
            + " is watched all the same, and restart policies hold",
        null);
  }

  /// @param operation what to look at next; null if there is nothing
  private static Answer said(String message, @Nullable String operation) {
    return Answer.json(
        200,
        new Message(message),
        operation == null ? Map.of() : WorkloadRoutes.location(operation));
  }
}
