package dev.semper.server;

import dev.semper.api.CapabilityInfo;
import dev.semper.api.Message;
import dev.semper.api.Readiness;
import dev.semper.api.ReloadResult;
import dev.semper.api.ServerInfo;
import dev.semper.api.ShutdownRequest;
import dev.semper.engine.Semper;
import dev.semper.engine.access.Principal;
import dev.semper.engine.access.Role;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// The server itself.
final class ServerRoutes {
  /// What the server lends its routes.
  ///
  /// @param end begins the end, `true` = with the workloads
  record Host(
      String version,
      String home,
      Supplier<String> url,
      Instant startedAt,
      Supplier<ReloadResult> reload,
      Consumer<Boolean> end) {}

  private final Semper semper;
  private final Metrics metrics;
  private final Host host;
  private final Clock clock;

  ServerRoutes(Semper semper, Metrics metrics, Host host, Clock clock) {
    this.semper = semper;
    this.metrics = metrics;
    this.host = host;
    this.clock = clock;
  }

  void addTo(Routes routes) {
    routes
        .read("healthz", null, _ -> new Answer.Text(200, "ok\n", "text/plain"))
        .read("readyz", null, _ -> ready())
        .read("metrics", Role.VIEWER, this::metrics)
        .read("server", Role.VIEWER, _ -> info())
        .change("shutdown", Role.ADMIN, "server.shutdown", this::shutdown)
        .change("reload", Role.ADMIN, "server.reload", this::reload);
  }

  private Answer ready() {
    List<Problem> troubles = semper.troubles();
    Readiness readiness = new Readiness(troubles.isEmpty(), Errors.fields(troubles));
    return Answer.json(
        troubles.isEmpty() ? 200 : 503,
        readiness,
        troubles.isEmpty() ? Map.of() : Map.of("Retry-After", "2"));
  }

  private Answer metrics(Call call) {
    wantAllTenants(call);
    return new Answer.Text(200, metrics.scrape(), "text/plain; version=0.0.4; charset=utf-8");
  }

  private Answer info() {
    Map<String, List<CapabilityInfo>> capabilities = new TreeMap<>();
    semper
        .capabilities()
        .forEach((kind, promises) ->
            capabilities.put(kind, promises.stream().map(Views::capability).toList()));
    Instant now = clock.instant();
    return Answer.ok(
        new ServerInfo(
            host.version(),
            ProcessHandle.current().pid(),
            host.home(),
            Duration.between(host.startedAt(), now).toMillis() / 1000.0,
            host.url().get(),
            host.startedAt(),
            capabilities,
            semper.workloads().list(null).size(),
            Errors.fields(semper.troubles())));
  }

  private Answer shutdown(Call call) {
    wantAllTenants(call);
    ShutdownRequest request = call.body(ShutdownRequest.class, new ShutdownRequest(false));
    boolean withWorkloads = Boolean.TRUE.equals(request.withWorkloads());
    call.facts().put("with_workloads", withWorkloads);
    host.end().accept(withWorkloads);
    return Answer.json(
        202,
        new Message(
            withWorkloads
                ? "The server stops all workloads and ends; they stay stopped until started again"
                : "The server ends; the workloads go on running"),
        Map.of());
  }

  private Answer reload(Call call) {
    wantAllTenants(call);
    ReloadResult result = host.reload().get();
    call.facts().put("changed", result.changed());
    return Answer.ok(result);
  }

  static void wantAllTenants(Call call) {
    Principal principal = call.principal();
    if (!principal.seesAll()) {
      throw new SemperException(
          ErrorCode.FORBIDDEN,
          "This needs a token of all tenants; yours is for " + principal.tenant());
    }
  }
}
