package dev.semper.server;

import dev.semper.api.Listing;
import dev.semper.engine.Semper;
import dev.semper.engine.access.Role;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.operation.Operation;
import java.time.Duration;
import java.util.List;

/// Operations.
final class OperationRoutes {
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(60);
  private final Semper semper;

  OperationRoutes(Semper semper) {
    this.semper = semper;
  }

  void addTo(Routes routes) {
    routes
        .read("listOperations", Role.VIEWER, this::list)
        .read("getOperation", Role.VIEWER, this::get)
        .read("operationMembers", Role.VIEWER, this::members)
        .change("cancelOperation", Role.OPERATOR, "operations.cancel", this::cancel);
  }

  private Answer list(Call call) {
    String status = call.text("status");
    List<Operation> operations =
        semper
            .operations()
            .list(
                call.tenantFilter(),
                call.text("workload"),
                status == null ? null : Call.choice(Operation.Status.class, status),
                call.number("limit", 100));
    return Answer.ok(new Listing<>(operations.stream().map(Views::operation).toList()));
  }

  private Answer get(Call call) throws InterruptedException {
    Operation operation = operation(call);
    String wait = call.text("wait");
    if (wait != null && !operation.status().ended()) {
      Duration time = Call.duration("wait", wait);
      if (time.compareTo(LONGEST_WAIT) > 0) {
        throw Call.invalid("wait", "must be at most 60s, not " + wait + "; ask again after it");
      }
      operation = semper.operations().await(operation.id(), time);
    }
    return Answer.ok(Views.operation(operation));
  }

  private Answer members(Call call) {
    List<Operation> members = semper.operations().members(operation(call).id());
    return Answer.ok(new Listing<>(members.stream().map(Views::operation).toList()));
  }

  private Answer cancel(Call call) throws InterruptedException {
    Operation operation = operation(call);
    return WorkloadRoutes.accepted(call, semper.operations().cancel(operation.id(), call.actor()));
  }

  /// The operation, if the caller may see it; otherwise there is none.
  private Operation operation(Call call) {
    String id = call.required("id");
    Operation operation = semper.operations().get(id);
    if (!call.principal().sees(operation.tenant())) {
      throw new SemperException(ErrorCode.NOT_FOUND, "There is no operation " + id);
    }
    return operation;
  }
}
