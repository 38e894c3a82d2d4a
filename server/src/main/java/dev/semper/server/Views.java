package dev.semper.server;

import dev.semper.api.AlertInfo;
import dev.semper.api.AttemptInfo;
import dev.semper.api.AuditInfo;
import dev.semper.api.CapabilityInfo;
import dev.semper.api.ChangeInfo;
import dev.semper.api.DeliveryInfo;
import dev.semper.api.EventInfo;
import dev.semper.api.EvidenceInfo;
import dev.semper.api.ExitInfo;
import dev.semper.api.HealthInfo;
import dev.semper.api.InstanceInfo;
import dev.semper.api.OperationInfo;
import dev.semper.api.PlanInfo;
import dev.semper.api.PlanItem;
import dev.semper.api.QuotaInfo;
import dev.semper.api.RecoveryInfo;
import dev.semper.api.SilenceInfo;
import dev.semper.api.StepInfo;
import dev.semper.api.TenantInfo;
import dev.semper.api.TokenInfo;
import dev.semper.api.WorkloadInfo;
import dev.semper.engine.access.Tenant;
import dev.semper.engine.access.Token;
import dev.semper.engine.alert.Alert;
import dev.semper.engine.alert.Alerts;
import dev.semper.engine.alert.Delivery;
import dev.semper.engine.alert.Notification;
import dev.semper.engine.alert.Silence;
import dev.semper.engine.health.HealthReport;
import dev.semper.engine.operation.Healer;
import dev.semper.engine.operation.Operation;
import dev.semper.engine.operation.Plan;
import dev.semper.engine.recovery.Evidence;
import dev.semper.engine.recovery.Pending;
import dev.semper.engine.recovery.Recovery;
import dev.semper.engine.spec.AlertMatch;
import dev.semper.engine.spec.DependencySpec;
import dev.semper.engine.spec.SpecReader;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.store.AuditLog;
import dev.semper.engine.store.Event;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.Workload;
import dev.semper.spi.Capability;
import dev.semper.spi.Exit;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The engine's records as the wire's.
final class Views {
  private Views() {}

  static WorkloadInfo workload(Workload w, HealthReport health, boolean withDocument) {
    WorkloadSpec spec = w.spec();
    return new WorkloadInfo(
        w.tenant(),
        w.name(),
        w.uid(),
        spec.kind(),
        spec.version(),
        w.generation(),
        w.previousGeneration(),
        w.state().id(),
        w.stateSince(),
        w.desired().id(),
        w.reason(),
        health.status().id(),
        health.score(),
        w.operationId(),
        spec.instances(),
        (int) w.ready(),
        w.instances().stream().mapToInt(Instance::restarts).sum(),
        w.failures(),
        w.refusedUntil(),
        w.readySince(),
        w.createdAt(),
        spec.dependsOn().stream().map(DependencySpec::workload).toList(),
        spec.labels(),
        w.instances().stream().map(i -> instance(w, i)).toList(),
        withDocument ? document(spec) : null);
  }

  /// The specification as in a file, with what looks secret masked.
  static Map<String, Object> document(WorkloadSpec spec) {
    return SpecReader.writeMasked(spec);
  }

  private static InstanceInfo instance(Workload w, Instance i) {
    Instance.Health health = i.health();
    return new InstanceInfo(
        w.instanceName(i),
        i.incarnation(),
        i.ordinal(),
        i.generation(),
        w.spec(i).version(),
        i.phase().id(),
        i.candidate(),
        i.handle(),
        i.port(),
        i.since(),
        i.startedAt(),
        i.nextAttemptAt(),
        i.reason(),
        new HealthInfo(health.started(), health.ready(), health.live(), health.probes()),
        exit(i.lastExit()),
        i.restarts(),
        i.attempts().size(),
        i.configRevision());
  }

  private static @Nullable ExitInfo exit(@Nullable Exit exit) {
    return exit == null ? null : new ExitInfo(exit.at(), exit.code(), exit.signal(), exit.detail());
  }

  static OperationInfo operation(Operation o) {
    return new OperationInfo(
        o.id(),
        o.tenant(),
        o.workload(),
        o.kind().id(),
        o.status().id(),
        o.status().ended(),
        o.priority().id(),
        o.generation(),
        o.request(),
        o.steps().stream().map(Views::step).toList(),
        o.progress(),
        o.waitingFor(),
        o.error(),
        o.errorCode(),
        o.parent(),
        o.after(),
        o.idempotencyKey(),
        o.actor(),
        o.attempt(),
        o.createdAt(),
        o.startedAt(),
        o.endedAt());
  }

  private static StepInfo step(Operation.Step s) {
    return new StepInfo(
        s.name(), s.undo(), s.status().id(), s.detail(), s.startedAt(), s.endedAt());
  }

  static PlanInfo plan(Plan plan, List<String> notes) {
    List<PlanItem> items =
        plan.items().stream()
            .map(i ->
                new PlanItem(
                    i.workload(),
                    i.action().id(),
                    i.diff() == null
                        ? List.of()
                        : i.diff().changes().stream()
                            .map(c -> new ChangeInfo(c.path(), c.before(), c.after()))
                            .toList()))
            .toList();
    return new PlanInfo(plan.isEmpty(), items, notes);
  }

  static EventInfo event(Event e) {
    return new EventInfo(
        e.seq(),
        e.at(),
        e.tenant(),
        e.workload(),
        e.instance(),
        e.type(),
        e.data(),
        e.operationId(),
        e.actor());
  }

  static AuditInfo audit(AuditLog.Entry e) {
    return new AuditInfo(
        e.seq(),
        e.entry().at(),
        e.entry().tenant(),
        e.entry().actor(),
        e.entry().origin(),
        e.entry().action(),
        e.entry().resource(),
        e.entry().outcome(),
        e.entry().detail(),
        e.hash());
  }

  static TenantInfo tenant(Tenant t) {
    return new TenantInfo(
        t.name(),
        new QuotaInfo(
            t.quota().workloads(), t.quota().instances(), t.quota().memoryBytes(), t.quota().cpu()),
        t.createdAt());
  }

  static TokenInfo token(Token t) {
    return new TokenInfo(t.id(), t.name(), t.role().id(), t.tenant(), t.createdAt(), t.createdBy());
  }

  static CapabilityInfo capability(Capability c) {
    return new CapabilityInfo(c.name(), c.available(), c.detail());
  }

  static RecoveryInfo recovery(Recovery r) {
    return new RecoveryInfo(
        r.id(),
        r.tenant(),
        r.workload(),
        r.strategy(),
        r.status().id(),
        r.automatic(),
        r.forced(),
        r.actor(),
        evidence(r.cause()),
        r.attempts().stream().map(Views::attempt).toList(),
        r.story(),
        r.startedAt(),
        r.endedAt(),
        millis(r.startedAt(), r.endedAt()));
  }

  static RecoveryInfo pending(Pending p, String strategy) {
    return new RecoveryInfo(
        null,
        p.tenant(),
        p.workload(),
        strategy,
        "waiting",
        true,
        false,
        Healer.ACTOR,
        evidence(p.evidence()),
        List.of(),
        p.reason(),
        p.since(),
        null,
        null);
  }

  private static AttemptInfo attempt(Recovery.Attempt a) {
    return new AttemptInfo(
        a.number(),
        a.action().id(),
        a.outcome().id(),
        evidence(a.evidence()),
        a.detail(),
        a.error(),
        a.startedAt(),
        a.endedAt(),
        millis(a.startedAt(), a.endedAt()));
  }

  private static EvidenceInfo evidence(Evidence e) {
    return new EvidenceInfo(e.status(), e.score(), e.probe(), e.message(), e.failures(), e.since());
  }

  private static @Nullable Long millis(Instant from, @Nullable Instant to) {
    return to == null ? null : Long.valueOf(Duration.between(from, to).toMillis());
  }

  static AlertInfo alert(Alerts.Standing standing) {
    Alert a = standing.alert();
    return new AlertInfo(
        a.id(),
        a.fingerprint(),
        a.tenant(),
        a.workload(),
        a.rule(),
        a.severity().name().toLowerCase(Locale.ROOT),
        a.status().id(),
        a.value(),
        a.summary(),
        a.labels(),
        a.annotations(),
        a.since(),
        a.firedAt(),
        a.resolvedAt(),
        standing.heldBy(),
        a.toldAt(),
        a.step(),
        a.acknowledgedBy(),
        a.acknowledgedAt(),
        a.comment());
  }

  static SilenceInfo silence(Silence s, Instant now) {
    AlertMatch match = s.match();
    return new SilenceInfo(
        s.id(),
        s.tenant(),
        s.isActive(now) ? "active" : now.isBefore(s.startsAt()) ? "pending" : "ended",
        match.workloads(),
        match.rules(),
        match.severities().stream().map(x -> x.name().toLowerCase(Locale.ROOT)).toList(),
        s.startsAt(),
        s.endsAt(),
        s.comment(),
        s.createdBy(),
        s.endedBy());
  }

  static DeliveryInfo delivery(Delivery d) {
    Notification n = d.notification();
    return new DeliveryInfo(
        d.id(),
        d.tenant(),
        d.channel(),
        d.status().id(),
        n.reason().id(),
        n.title(),
        n.alerts().stream().map(Notification.Item::id).toList(),
        d.attempts(),
        d.createdAt(),
        d.nextAttemptAt(),
        d.endedAt(),
        d.error());
  }
}
