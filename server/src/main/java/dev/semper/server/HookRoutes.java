package dev.semper.server;

import dev.semper.api.HookRunInfo;
import dev.semper.api.Listing;
import dev.semper.api.Wire;
import dev.semper.engine.Semper;
import dev.semper.engine.access.Role;
import dev.semper.engine.hook.HookRun;
import dev.semper.engine.spec.SpecReader;
import dev.semper.engine.spec.WorkloadSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;

/// What hooks have done, and changes of a single one.
final class HookRoutes {
  private final Semper semper;
  private final WorkloadRoutes workloads;

  HookRoutes(Semper semper, WorkloadRoutes workloads) {
    this.semper = semper;
    this.workloads = workloads;
  }

  void addTo(Routes routes) {
    routes
        .read("listHookRuns", Role.VIEWER, this::list)
        .change("putHook", Role.OPERATOR, "workloads.put_hook", this::put)
        .change("deleteHook", Role.OPERATOR, "workloads.delete_hook", this::delete);
  }

  /// Those of a workload that is gone are told too.
  private Answer list(Call call) {
    String name = call.required("name");
    List<HookRun> runs = semper.hooks().recent(call.tenant(), name, call.number("limit", 100));
    if (runs.isEmpty()) {
      semper.workloads().get(call.tenant(), name);
    }
    return Answer.ok(new Listing<>(runs.stream().map(HookRoutes::info).toList()));
  }

  private Answer put(Call call) throws InterruptedException {
    JsonNode body = call.body();
    if (body == null) {
      throw new IllegalStateException("putHook has no body");
    }
    WorkloadRoutes.refuseMasks(body, "");
    Map<String, Object> hook = Wire.JSON.convertValue(body, new TypeReference<>() {});
    return change(call, hook);
  }

  private Answer delete(Call call) throws InterruptedException {
    return change(call, null);
  }

  /// @param hook null takes it away
  private Answer change(Call call, @Nullable Map<String, Object> hook) throws InterruptedException {
    String name = call.required("name");
    String type = call.required("type");
    call.facts().put("hook", type);
    return workloads.replace(
        call,
        name,
        () -> {
          WorkloadSpec present = semper.workloads().get(call.tenant(), name).spec();
          Map<String, Object> document = new LinkedHashMap<>(SpecReader.write(present));
          Map<String, @Nullable Object> hooks = new LinkedHashMap<>();
          if (document.get("hooks") instanceof Map<?, ?> before) {
            before.forEach((key, value) -> hooks.put(String.valueOf(key), value));
          }
          hooks.put(type, hook); // also if it is to go: an unknown type is told of by its name
          document.put("hooks", hooks);
          return semper.specs().readWorkload(name, document);
        });
  }

  private static HookRunInfo info(HookRun run) {
    HookRun.Occasion on = run.occasion();
    return new HookRunInfo(
        run.id(),
        run.status().id(),
        run.success(),
        run.hook().type().id(),
        run.workload(),
        run.workload(),
        on.instance(),
        run.exitCode(),
        run.httpStatus() == 0 ? null : run.httpStatus(),
        run.stdout(),
        run.stderr(),
        on.at(),
        run.message().isEmpty() ? null : run.message(),
        run.pid(),
        on.reason(),
        on.failures(),
        run.attempt(),
        on.operationId(),
        run.dueAt(),
        run.startedAt(),
        run.endedAt());
  }
}
