package dev.semper.server;

import dev.semper.api.ActionRequest;
import dev.semper.api.AllowedInfo;
import dev.semper.api.ApplyResult;
import dev.semper.api.BatchItem;
import dev.semper.api.BatchRequest;
import dev.semper.api.HistoryEntry;
import dev.semper.api.InstanceUsage;
import dev.semper.api.Listing;
import dev.semper.api.OperationInfo;
import dev.semper.api.ReleaseInfo;
import dev.semper.api.StateRequest;
import dev.semper.api.UsageInfo;
import dev.semper.api.Wire;
import dev.semper.api.WorkloadInfo;
import dev.semper.engine.Semper;
import dev.semper.engine.access.Role;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.operation.ApplyRequest;
import dev.semper.engine.operation.Operation;
import dev.semper.engine.operation.OperationKind;
import dev.semper.engine.operation.OperationRequest;
import dev.semper.engine.operation.Plan;
import dev.semper.engine.operation.Priority;
import dev.semper.engine.spec.Document;
import dev.semper.engine.spec.Format;
import dev.semper.engine.spec.SpecReader;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.store.Event;
import dev.semper.engine.store.EventFilter;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.Lifecycle;
import dev.semper.engine.workload.State;
import dev.semper.engine.workload.Trigger;
import dev.semper.engine.workload.Workload;
import dev.semper.spi.Usage;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;

/// Workloads, documents and batches.
final class WorkloadRoutes {
  private static final int HISTORY = 100;

  private final Semper semper;
  private final SpecReader specs;
  private final Clock clock;
  private final Map<String, ReentrantLock> writing = new ConcurrentHashMap<>();

  WorkloadRoutes(Semper semper, SpecReader specs, Clock clock) {
    this.semper = semper;
    this.specs = specs;
    this.clock = clock;
  }

  void addTo(Routes routes) {
    routes
        .read("listWorkloads", Role.VIEWER, this::list)
        .read("getWorkload", Role.VIEWER, this::get)
        .change("putWorkload", Role.OPERATOR, "workloads.put", this::put)
        .change("deleteWorkload", Role.OPERATOR, "workloads.delete", this::delete)
        .change("forceState", Role.ADMIN, "workloads.force_state", this::forceState)
        .read("workloadHistory", Role.VIEWER, this::history)
        .read("workloadReleases", Role.VIEWER, this::releases)
        .read("workloadUsage", Role.VIEWER, this::usage)
        .read("workloadAllowed", Role.VIEWER, this::allowed)
        .read("plan", Role.VIEWER, this::plan)
        .change("apply", Role.OPERATOR, "workloads.apply", this::apply)
        .change("batch", Role.OPERATOR, "workloads.batch", this::batch);
    action(routes, "startWorkload", OperationKind.START);
    action(routes, "stopWorkload", OperationKind.STOP);
    action(routes, "restartWorkload", OperationKind.RESTART);
    action(routes, "recoverWorkload", OperationKind.RECOVER);
    action(routes, "enableWorkload", OperationKind.ENABLE);
    action(routes, "disableWorkload", OperationKind.DISABLE);
    action(routes, "rollbackWorkload", OperationKind.ROLLBACK);
    action(routes, "maintainWorkload", OperationKind.ENTER_MAINTENANCE);
    action(routes, "resumeWorkload", OperationKind.EXIT_MAINTENANCE);
  }

  private void action(Routes routes, String operation, OperationKind kind) {
    routes.change(
        operation,
        Role.OPERATOR,
        "workloads." + kind.id(),
        call -> submit(call, kind, call.body(ActionRequest.class, ActionRequest.DEFAULT)));
  }

  private Answer list(Call call) {
    return Answer.ok(
        new Listing<>(
            semper.workloads().list(call.tenantFilter()).stream()
                .map(w -> view(w, false))
                .toList()));
  }

  private Answer get(Call call) {
    Workload workload = workload(call);
    return Answer.json(
        200, view(workload, true), Map.of("ETag", "\"" + workload.generation() + "\""));
  }

  private WorkloadInfo view(Workload workload, boolean withDocument) {
    return Views.workload(workload, semper.health().of(workload), withDocument);
  }

  private Workload workload(Call call) {
    return semper.workloads().get(call.tenant(), call.required("name"));
  }

  private Answer put(Call call) throws InterruptedException {
    String name = call.required("name");
    JsonNode body = call.body();
    if (body == null) {
      throw new IllegalStateException("putWorkload has no body");
    }
    refuseMasks(body, "");
    Map<String, Object> document = Wire.JSON.convertValue(body, new TypeReference<>() {});
    WorkloadSpec spec = specs.readWorkload(name, document);
    return replace(call, name, () -> spec);
  }

  /// Applies a specification if the workload is as the caller expects it.
  ///
  /// @param spec made while nobody else changes the workload
  Answer replace(Call call, String name, Supplier<WorkloadSpec> spec) throws InterruptedException {
    return answer(replaced(call, name, spec));
  }

  /// As [#replace], with what came of it.
  ApplyResult replaced(Call call, String name, Supplier<WorkloadSpec> spec)
      throws InterruptedException {
    ReentrantLock lock =
        writing.computeIfAbsent(call.tenant() + "/" + name, _ -> new ReentrantLock());
    lock.lockInterruptibly();
    try {
      refuseStale(call, name);
      ApplyRequest request =
          new ApplyRequest(
              call.tenant(),
              List.of(spec.get()),
              call.actor(),
              false,
              call.flag("queue", false),
              1,
              false,
              call.flag("start", true),
              priority(call.text("priority")),
              call.idempotencyKey());
      return applied(call, request, List.of());
    } finally {
      lock.unlock();
      if (!lock.hasQueuedThreads()) {
        writing.remove(call.tenant() + "/" + name, lock);
      }
    }
  }

  /// What was shown masked must not come back as the value.
  static void refuseMasks(JsonNode node, String path) {
    node.properties()
        .forEach(
            p -> refuseMasks(p.getValue(), path.isEmpty() ? p.getKey() : path + "." + p.getKey()));
    if (node.isString() && node.asString().equals("***")) {
      throw Call.invalid(path, "is masked; give the value itself, or read it from env_file");
    }
  }

  private void refuseStale(Call call, String name) {
    Optional<Long> wanted = call.number("generation");
    String match = call.text("If-Match");
    if (match != null && !match.equals("*")) {
      wanted = Optional.of(Long.valueOf(match.replaceAll("[^0-9]", "")));
    }
    Optional<Workload> workload = semper.workloads().find(call.tenant(), name);
    long present = workload.map(Workload::generation).orElse(0L);
    boolean stale = wanted.map(w -> w != present).orElse("*".equals(match) && present == 0);
    if (stale) {
      String expected = wanted.map(w -> "generation " + w).orElse("any generation");
      throw new SemperException(
          ErrorCode.STALE_GENERATION,
          "Workload %s is at generation %d, not %s; read it again and repeat your change"
              .formatted(name, present, expected),
          List.of(),
          Map.of("generation", present));
    }
  }

  private Answer delete(Call call) throws InterruptedException {
    String attempts = call.text("attempts");
    ActionRequest options =
        new ActionRequest(
            call.text("priority"),
            call.flag("dry_run", false),
            call.flag("queue", false),
            call.flag("force", false),
            call.flag("skip_dependency_check", false),
            call.flag("cascade", false),
            call.flag("rollback_on_failure", true),
            call.text("timeout"),
            attempts == null ? null : Integer.valueOf(attempts));
    return submit(call, OperationKind.DELETE, options);
  }

  private Answer submit(Call call, OperationKind kind, ActionRequest options)
      throws InterruptedException {
    OperationRequest request =
        request(call, call.required("name"), kind, options, call.idempotencyKey());
    Operation operation = semper.operations().submit(request);
    if (request.dryRun()) {
      call.facts().put("dry_run", true);
      return Answer.ok(Views.operation(operation));
    }
    return accepted(call, operation);
  }

  static Answer accepted(Call call, Operation operation) {
    call.facts().put("operation_id", operation.id());
    return Answer.json(202, Views.operation(operation), location(operation.id()));
  }

  static Map<String, String> location(String operation) {
    return Map.of("Location", "/api/v1/operations/" + operation);
  }

  static OperationRequest request(
      Call call,
      String workload,
      OperationKind kind,
      ActionRequest options,
      @Nullable String idempotencyKey) {
    return new OperationRequest(
        call.tenant(),
        workload,
        kind,
        call.actor(),
        priority(options.priority()),
        is(options.dryRun(), false),
        is(options.queue(), false),
        is(options.force(), false),
        is(options.skipDependencyCheck(), false),
        is(options.cascade(), false),
        is(options.rollbackOnFailure(), true),
        options.timeout() == null ? null : timeout(options.timeout()),
        options.attempts() == null ? 1 : options.attempts(),
        idempotencyKey,
        options.strategy());
  }

  private static Duration timeout(String text) {
    Duration timeout = Call.duration("timeout", text);
    if (timeout.isZero() || timeout.compareTo(Duration.ofDays(7)) > 0) {
      throw Call.invalid("timeout", "must be more than 0 and at most 7d, not " + text);
    }
    return timeout;
  }

  private static boolean is(@Nullable Boolean value, boolean otherwise) {
    return value == null ? otherwise : value;
  }

  private static Priority priority(@Nullable String text) {
    return text == null ? Priority.NORMAL : Call.choice(Priority.class, text);
  }

  private Answer forceState(Call call) throws InterruptedException {
    StateRequest request = call.body(StateRequest.class);
    Workload before = workload(call);
    State state = Call.choice(State.class, request.state());
    Workload now =
        semper
            .workloads()
            .forceState(call.tenant(), before.name(), state, call.actor(), request.reason());
    call.facts().put("from", before.state().id());
    call.facts().put("to", state.id());
    return Answer.ok(view(now, true));
  }

  private Answer history(Call call) {
    Workload workload = workload(call);
    List<HistoryEntry> changes =
        Stream.of("workload.state_changed", "workload.state_forced")
            .flatMap(type -> semper.events().newest(events(workload, type), HISTORY).stream())
            .filter(e -> !e.at().isBefore(workload.createdAt()))
            .sorted(Comparator.comparingLong(Event::seq).reversed())
            .limit(HISTORY)
            .map(WorkloadRoutes::entry)
            .toList();
    return Answer.ok(new Listing<>(changes));
  }

  private static EventFilter events(Workload workload, String type) {
    return new EventFilter(workload.tenant(), workload.name(), null, type, null, 0);
  }

  private static HistoryEntry entry(Event e) {
    Map<String, Object> data = e.data();
    return new HistoryEntry(
        e.seq(),
        String.valueOf(data.getOrDefault("from", "")),
        String.valueOf(data.getOrDefault("trigger", "forced")),
        String.valueOf(data.getOrDefault("to", "")),
        e.at(),
        e.operationId(),
        String.valueOf(data.getOrDefault("by", e.actor())),
        String.valueOf(data.getOrDefault("reason", "")));
  }

  private Answer releases(Call call) {
    Workload workload = workload(call);
    List<ReleaseInfo> releases =
        semper
            .workloads()
            .releases(call.tenant(), workload.name(), call.number("limit", 100))
            .stream()
            .map(r ->
                new ReleaseInfo(
                    r.generation(),
                    r.spec().version(),
                    r.createdAt(),
                    r.createdBy(),
                    r.generation() == workload.generation(),
                    Views.document(r.spec())))
            .toList();
    return Answer.ok(new Listing<>(releases));
  }

  private Answer usage(Call call) {
    Workload workload = workload(call);
    List<InstanceUsage> instances = new ArrayList<>();
    for (Instance instance : workload.instances()) {
      Usage usage = semper.workloads().usage(workload, instance);
      instances.add(
          new InstanceUsage(
              workload.instanceName(instance),
              instance.incarnation(),
              usage.cpuMillis(),
              usage.residentBytes(),
              usage.processes(),
              usage.openFiles() < 0 ? null : usage.openFiles()));
    }
    return Answer.ok(new UsageInfo(workload.name(), clock.instant(), instances));
  }

  private Answer allowed(Call call) {
    State state = workload(call).state();
    List<String> actions =
        Lifecycle.allowed(state).keySet().stream()
            .map(WorkloadRoutes::action)
            .flatMap(Optional::stream)
            .toList();
    return Answer.ok(new AllowedInfo(state.id(), actions));
  }

  /// What a user calls the trigger; empty if it is none of theirs.
  private static Optional<String> action(Trigger trigger) {
    return switch (trigger) {
      case START -> Optional.of("start");
      case STOP -> Optional.of("stop");
      case RESTART -> Optional.of("restart");
      case UPDATE -> Optional.of("update");
      case UNINSTALL -> Optional.of("delete");
      case RECOVER -> Optional.of("recover");
      case ENTER_MAINTENANCE -> Optional.of("maintenance");
      case EXIT_MAINTENANCE -> Optional.of("resume");
      case ENABLE -> Optional.of("enable");
      case DISABLE -> Optional.of("disable");
      case INSTALL, CONFIGURE, ERROR, HEALTH_CHECK_PASS, HEALTH_CHECK_FAIL, COMPLETE ->
          Optional.empty();
    };
  }

  private Answer plan(Call call) {
    dev.semper.api.PlanRequest request = call.body(dev.semper.api.PlanRequest.class);
    Document read = read(request.document(), request.format(), request.baseDir());
    Plan plan =
        semper.operations().plan(call.tenant(), read.workloads(), is(request.prune(), false));
    return Answer.ok(Views.plan(plan, read.notes()));
  }

  private Document read(String document, @Nullable String format, @Nullable String baseDir) {
    Format known = format == null ? Format.TOML : Call.choice(Format.class, format);
    if (baseDir != null && (!baseDir.startsWith("/") || baseDir.indexOf('\0') >= 0)) {
      throw Call.invalid("base_dir", "must be an absolute path");
    }
    return specs.read(document, known, baseDir == null ? null : Path.of(baseDir));
  }

  private Answer apply(Call call) throws InterruptedException {
    dev.semper.api.ApplyRequest request = call.body(dev.semper.api.ApplyRequest.class);
    Document document = read(request.document(), request.format(), request.baseDir());
    List<WorkloadSpec> read = document.workloads();
    ApplyRequest wanted =
        new ApplyRequest(
            call.tenant(),
            read,
            call.actor(),
            is(request.prune(), false),
            is(request.queue(), false),
            request.parallelism() == null ? 10 : request.parallelism(),
            is(request.failFast(), false),
            is(request.start(), true),
            priority(request.priority()),
            call.idempotencyKey());
    call.facts().put("workloads", read.stream().map(WorkloadSpec::name).toList());
    call.facts().put("prune", wanted.prune());
    return answer(applied(call, wanted, document.notes()));
  }

  private ApplyResult applied(Call call, ApplyRequest request, List<String> notes)
      throws InterruptedException {
    Plan plan = semper.operations().plan(call.tenant(), request.specs(), request.prune());
    Optional<Operation> operation = semper.operations().apply(request);
    if (operation.isEmpty()) {
      return new ApplyResult(null, Views.plan(plan, notes));
    }
    call.facts().put("operation_id", operation.get().id());
    return new ApplyResult(Views.operation(operation.get()), Views.plan(plan, notes));
  }

  private static Answer answer(ApplyResult result) {
    OperationInfo operation = result.operation();
    return operation == null
        ? Answer.ok(result)
        : Answer.json(202, result, location(operation.id()));
  }

  private Answer batch(Call call) throws InterruptedException {
    BatchRequest request = call.body(BatchRequest.class);
    List<OperationRequest> members = new ArrayList<>();
    List<Problem> problems = new ArrayList<>();
    for (int i = 0; i < request.items().size(); i++) {
      BatchItem item = request.items().get(i);
      ActionRequest options = item.options() == null ? ActionRequest.DEFAULT : item.options();
      if (is(options.dryRun(), false)) {
        problems.add(
            new Problem("items[" + i + "].options.dry_run", 0, "is not possible in a batch"));
      }
      members.add(request(call, item.workload(), kind(item.action()), options, null));
    }
    if (!problems.isEmpty()) {
      throw new SemperException(
          ErrorCode.INVALID_REQUEST,
          "The batch is wrong: " + problems.getFirst(),
          problems,
          Map.of());
    }
    call.facts()
        .put(
            "items",
            request.items().stream().map(i -> i.action() + " " + i.workload()).limit(100).toList());
    Operation operation =
        semper
            .operations()
            .submitAll(
                call.tenant(),
                members,
                request.parallelism() == null ? 3 : request.parallelism(),
                is(request.failFast(), false),
                is(request.dependencyOrder(), true),
                call.actor(),
                call.idempotencyKey());
    return accepted(call, operation);
  }

  private static OperationKind kind(String action) {
    return switch (action) {
      case "maintenance" -> OperationKind.ENTER_MAINTENANCE;
      case "resume" -> OperationKind.EXIT_MAINTENANCE;
      default -> Call.choice(OperationKind.class, action);
    };
  }
}
