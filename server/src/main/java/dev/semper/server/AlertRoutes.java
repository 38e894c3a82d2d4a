package dev.semper.server;

import dev.semper.api.AckRequest;
import dev.semper.api.ChannelTestRequest;
import dev.semper.api.Listing;
import dev.semper.api.SilenceRequest;
import dev.semper.engine.access.Principal;
import dev.semper.engine.access.Role;
import dev.semper.engine.alert.Alert;
import dev.semper.engine.alert.Alerts;
import dev.semper.engine.alert.Delivery;
import dev.semper.engine.alert.Silence;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.spec.AlertMatch;
import dev.semper.engine.spec.AlertRule.Severity;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Alerts, what was told of them, and silences.
final class AlertRoutes {
  private static final Duration LONGEST = Duration.ofDays(366);

  private final Alerts alerts;

  AlertRoutes(Alerts alerts) {
    this.alerts = alerts;
  }

  void addTo(Routes routes) {
    routes
        .read("listAlerts", Role.VIEWER, this::list)
        .read("getAlert", Role.VIEWER, call -> Answer.ok(Views.alert(find(call))))
        .change("acknowledgeAlert", Role.OPERATOR, "alerts.acknowledge", this::acknowledge)
        .read("listDeliveries", Role.VIEWER, this::deliveries)
        .change("resendDelivery", Role.OPERATOR, "alerts.resend", this::resend)
        .change("testChannel", Role.OPERATOR, "alerts.test", this::test)
        .read("listSilences", Role.VIEWER, this::silences)
        .change("createSilence", Role.OPERATOR, "silences.create", this::silence)
        .change("endSilence", Role.OPERATOR, "silences.end", this::endSilence);
  }

  private Answer list(Call call) {
    String status = call.text("status");
    String severity = call.text("severity");
    return Answer.ok(
        new Listing<>(
            alerts
                .list(
                    call.tenantFilter(),
                    call.text("workload"),
                    status == null ? null : Call.choice(Alert.Status.class, status),
                    severity == null ? null : Call.choice(Severity.class, severity),
                    call.flag("all", false),
                    call.number("limit", 100))
                .stream()
                .map(Views::alert)
                .toList()));
  }

  /// By its id alone, whatever tenant was meant: those the token may not see are not there.
  private Alerts.Standing find(Call call) {
    String id = call.required("id");
    return alerts
        .find(id)
        .filter(s -> call.principal().sees(s.alert().tenant()))
        .orElseThrow(
            () -> new SemperException(ErrorCode.NOT_FOUND, "There is no alert with the id " + id));
  }

  private Answer acknowledge(Call call) throws InterruptedException {
    Alert alert = find(call).alert();
    String comment = call.body(AckRequest.class, new AckRequest(null)).comment();
    call.facts().put("rule", alert.rule());
    return Answer.ok(Views.alert(alerts.acknowledge(alert.id(), call.actor(), comment)));
  }

  private Answer deliveries(Call call) {
    String status = call.text("status");
    return Answer.ok(
        new Listing<>(
            alerts
                .deliveries(
                    call.tenantFilter(),
                    call.text("channel"),
                    status == null ? null : Call.choice(Delivery.Status.class, status),
                    call.number("limit", 100))
                .stream()
                .map(Views::delivery)
                .toList()));
  }

  private Answer resend(Call call) throws InterruptedException {
    String id = call.required("id");
    boolean seen = alerts.delivery(id).filter(d -> call.principal().sees(d.tenant())).isPresent();
    if (!seen) {
      throw new SemperException(ErrorCode.NOT_FOUND, "There is no delivery with the id " + id);
    }
    return Answer.json(202, Views.delivery(alerts.resend(id)), Map.of());
  }

  private Answer test(Call call) throws InterruptedException {
    String channel = call.body(ChannelTestRequest.class).channel();
    call.facts().put("channel", channel);
    return Answer.ok(Views.delivery(alerts.test(channel, call.tenant(), call.actor())));
  }

  private Answer silences(Call call) {
    Instant now = Instant.now();
    return Answer.ok(
        new Listing<>(
            alerts.silences(call.tenantFilter()).stream()
                .map(s -> Views.silence(s, now))
                .toList()));
  }

  private Answer silence(Call call) throws InterruptedException {
    SilenceRequest request = call.body(SilenceRequest.class);
    Duration length = Call.duration("duration", request.duration());
    if (length.isZero() || length.compareTo(LONGEST) > 0) {
      throw Call.invalid("duration", "must be more than 0 and at most 366 days");
    }
    Instant now = Instant.now();
    Instant startsAt = request.startsAt();
    if (startsAt != null && startsAt.isAfter(now.plus(LONGEST))) {
      throw Call.invalid("starts_at", "must be within 366 days");
    }
    if (startsAt != null && !startsAt.plus(length).isAfter(now)) {
      throw Call.invalid("starts_at", "the silence would be over already");
    }
    String comment = request.comment() == null ? "" : request.comment();
    call.facts().put("duration", request.duration());
    call.facts().put("comment", comment);
    Silence silence =
        alerts.silence(
            call.tenant(),
            match(request),
            startsAt,
            length,
            comment,
            call.actor(),
            call.idempotencyKey());
    call.facts().put("silence_id", silence.id());
    return Answer.json(
        201, Views.silence(silence, now), Map.of("Location", "/api/v1/silences/" + silence.id()));
  }

  private static AlertMatch match(SilenceRequest request) {
    return new AlertMatch(
        List.of(),
        orEmpty(request.workloads()),
        orEmpty(request.rules()),
        orEmpty(request.severities()).stream().map(s -> Call.choice(Severity.class, s)).toList());
  }

  private static List<String> orEmpty(@Nullable List<String> list) {
    return list == null ? List.of() : list;
  }

  private Answer endSilence(Call call) throws InterruptedException {
    String id = call.required("id");
    Principal principal = call.principal();
    boolean seen =
        alerts.silences(null).stream()
            .anyMatch(s -> s.id().equals(id) && principal.sees(s.tenant()));
    if (!seen) {
      throw new SemperException(ErrorCode.NOT_FOUND, "There is no silence with the id " + id);
    }
    alerts.endSilence(id, call.actor());
    return new Answer.Empty();
  }
}
