package dev.semper.server;

import dev.semper.engine.access.Principal;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.operation.Witness;
import dev.semper.engine.store.AuditEntry;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Store;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Leaves an audit record of every call that changes something or would have. A call is answered
/// with success only once its record is durable.
final class Scribe {
  private static final Logger LOG = LoggerFactory.getLogger(Scribe.class);
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final Store store;
  private final Clock clock;

  Scribe(Store store, Clock clock) {
    this.store = store;
    this.clock = clock;
  }

  /// The record of a call that asks for an operation: becomes durable with it, so that nothing is
  /// done of which there is no record, whenever the server dies.
  final class Testimony implements Witness {
    private final Routes.Route route;
    private final Call call;
    private boolean given;

    private Testimony(Routes.Route route, Call call) {
      this.route = route;
      this.call = call;
    }

    @Override
    public AuditEntry of(@Nullable String operationId) {
      given = true;
      if (operationId != null) {
        call.facts().put("operation_id", operationId);
      }
      return entry(
          call.tenant(),
          call.actor(),
          call.origin(),
          String.valueOf(route.action()),
          resource(call.tenant(), call.values()),
          "granted",
          call.facts());
    }
  }

  Testimony testimony(Routes.Route route, Call call) {
    return new Testimony(route, call);
  }

  /// @throws SemperException if the record could not be written
  void granted(Testimony testimony) throws InterruptedException {
    Call call = testimony.call;
    String action = testimony.route.action();
    if (action != null && !testimony.given) {
      write(
          call.tenant(),
          call.actor(),
          call.origin(),
          action,
          resource(call.tenant(), call.values()),
          "granted",
          call.facts());
    }
  }

  /// @return the answer that tells why
  Answer refused(Routes.Route route, Gate.Visit visit, Throwable why) {
    Answer answer = Errors.answer(why);
    String action = route.action();
    if (action == null) {
      return answer;
    }
    Map<String, Object> detail = new LinkedHashMap<>();
    detail.put("status", answer.status());
    detail.put("code", code(why).name());
    String outcome = answer.status() >= 500 ? "failed" : "refused";
    try {
      write(
          visit.tenant.matches("[a-z0-9-]{1,63}|\\*") ? visit.tenant : "default",
          visit.actor(),
          visit.origin,
          action,
          resource(visit.tenant, visit.values),
          outcome,
          detail);
      return answer;
    } catch (InterruptedException | SemperException e) {
      LOG.error(
          "the audit record of {} by {} from {} ({}) was not written: {}",
          action,
          visit.actor(),
          visit.origin,
          outcome,
          e.getMessage());
      return answer.status() >= 500 ? answer : Errors.answer(e);
    }
  }

  private static ErrorCode code(Throwable why) {
    return switch (why) {
      case Refusal refusal -> refusal.code();
      case SemperException e -> e.code();
      case InterruptedException _ -> ErrorCode.TIMEOUT;
      default -> ErrorCode.INTERNAL;
    };
  }

  /// E.g. `default/web`; cut, because a refused request may name anything.
  private static String resource(String tenant, Map<String, String> values) {
    String name = values.getOrDefault("name", values.getOrDefault("id", ""));
    String owner = tenant.equals(Principal.ALL) ? "" : tenant;
    String resource = name.isEmpty() ? owner : owner + "/" + name;
    return resource.length() > 200 ? resource.substring(0, 200) : resource;
  }

  private void write(
      String tenant,
      String actor,
      String origin,
      String action,
      String resource,
      String outcome,
      Map<String, Object> detail)
      throws InterruptedException {
    AuditEntry entry = entry(tenant, actor, origin, action, resource, outcome, detail);
    store.commit(new Batch().audit(entry), PATIENCE);
  }

  private AuditEntry entry(
      String tenant,
      String actor,
      String origin,
      String action,
      String resource,
      String outcome,
      Map<String, Object> detail) {
    return new AuditEntry(
        clock.instant(),
        tenant,
        actor,
        origin,
        action,
        resource,
        outcome,
        new LinkedHashMap<>(detail));
  }
}
