package dev.semper.server;

import dev.semper.api.Listing;
import dev.semper.api.RecoveryInfo;
import dev.semper.engine.Semper;
import dev.semper.engine.access.Role;
import dev.semper.engine.workload.Workload;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Recoveries. One is begun by hand with `POST /workloads/{name}/recover`, an operation like
/// others.
final class RecoveryRoutes {
  private final Semper semper;

  RecoveryRoutes(Semper semper) {
    this.semper = semper;
  }

  void addTo(Routes routes) {
    routes
        .read("listRecoveries", Role.VIEWER, call -> list(call.tenantFilter(), null, call))
        .read(
            "workloadRecoveries",
            Role.VIEWER,
            call -> {
              Workload workload = semper.workloads().get(call.tenant(), call.required("name"));
              return list(workload.tenant(), workload.name(), call);
            });
  }

  private Answer list(@Nullable String tenant, @Nullable String workload, Call call) {
    int limit = call.number("limit", 100);
    Stream<RecoveryInfo> pending =
        semper.recoveries().pending(tenant).stream()
            .filter(p -> workload == null || p.workload().equals(workload))
            .flatMap(p ->
                semper.workloads().find(p.tenant(), p.workload()).stream()
                    .map(w -> Views.pending(p, w.spec().recovery().strategy())));
    Stream<RecoveryInfo> begun =
        semper.recoveries().list(tenant, workload, limit).stream().map(Views::recovery);
    List<RecoveryInfo> all = Stream.concat(pending, begun).limit(limit).toList();
    return Answer.ok(new Listing<>(all));
  }
}
