package dev.semper.engine.operation;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.operation.Journal.Entry;
import dev.semper.engine.operation.Journal.Head;
import dev.semper.engine.operation.Operation.Status;
import dev.semper.engine.operation.Operation.StepStatus;
import dev.semper.engine.spec.ConfigSpec;
import dev.semper.engine.spec.DependencySpec;
import dev.semper.engine.spec.HookSpec;
import dev.semper.engine.spec.SpecDiff;
import dev.semper.engine.spec.SpecReader;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Row;
import dev.semper.engine.store.Store;
import dev.semper.engine.workload.Boundaries;
import dev.semper.engine.workload.Desired;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.Owners;
import dev.semper.engine.workload.State;
import dev.semper.engine.workload.Workload;
import dev.semper.engine.workload.WorkloadEvent;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes, runs and remembers operations.
public final class Operations {
  /// Bound by whoever must leave a trace of each request: asked for the audit record that becomes
  /// durable together with the operation.
  public static final ScopedValue<Witness> WITNESS = ScopedValue.newInstance();

  /// Bound by whoever passes on a request that is traced: its `traceparent`, as W3C Trace Context
  /// has it. Kept with the operations that come of it.
  public static final ScopedValue<String> TRACEPARENT = ScopedValue.newInstance();

  private static final Logger LOG = LoggerFactory.getLogger(Operations.class);
  private static final Duration TIMEOUT = Duration.ofMinutes(5);
  private static final Duration RECOVERY_TIMEOUT = Duration.ofDays(1);
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final Store store;
  private final Owners owners;
  private final Runner.Preparation preparation;
  private final StepHooks hooks;
  private final Healer healer;
  private final OperationObserver observer;
  private final Configurer configurer;
  private final Function<String, Quotas> quotas;
  private final Clock clock;
  private final Boundaries boundaries;
  private final Queue queue;
  private final AtomicLong lastSeq;
  private final Map<Long, Thread> threads = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /// @param quotas of a tenant
  /// @param slots operations that work at once
  public Operations(
      Store store,
      Owners owners,
      Runner.Preparation preparation,
      StepHooks hooks,
      Healer healer,
      OperationObserver observer,
      Configurer configurer,
      Function<String, Quotas> quotas,
      int slots,
      Clock clock,
      Boundaries boundaries) {
    this.store = store;
    this.owners = owners;
    this.preparation = preparation;
    this.hooks = hooks;
    this.healer = healer;
    this.observer = new SafeObserver(observer);
    this.configurer = configurer;
    this.quotas = quotas;
    this.clock = clock;
    this.boundaries = boundaries;
    queue = new Queue(slots, this::start);
    lastSeq = new AtomicLong(store.lastOperationSeq());
  }

  /// Takes up the operations the journal holds open, and goes on with them.
  public void resume() throws InterruptedException {
    List<Work> works = new ArrayList<>();
    for (Row.Operation row : store.openOperations()) {
      List<Entry> entries = Journal.entries(store.steps(row.id()));
      works.add(new Work(store, clock, Journal.head(row), entries));
    }
    queue.add(works);
    for (Workload workload : owners.list()) {
      String holder = workload.operationId();
      if (holder != null && queue.find(holder).isEmpty()) {
        owners.ask(workload.tenant(), workload.name(), new WorkloadEvent.Finish(holder, false));
      }
    }
    for (Work batch : queue.matching(h -> h.kind() == OperationKind.BATCH)) {
      String by = batch.head().cancelledBy();
      if (by != null) {
        for (Work member : queue.members(batch.id())) {
          cancelIfOpen(member, by);
        }
      }
      settleBatch(batch.id());
    }
    queue.dispatch();
  }

  /// Takes an operation; it is durable when this returns. A dry run is only planned and checked.
  public Operation submit(OperationRequest request) throws InterruptedException {
    checkRequest(request);
    synchronized (this) {
      Optional<Operation> repeated =
          repeated(request.tenant(), request.idempotencyKey(), describe(request));
      if (repeated.isPresent()) {
        return repeated.get();
      }
      Workload workload = workload(request.tenant(), request.workload());
      if (request.cascade() && !liveDependents(workload).isEmpty()) {
        return cascade(request, workload);
      }
      Head head = head(request, workload, describe(request), null, List.of());
      List<Entry> planned = check(request, workload, head);
      if (request.dryRun()) {
        return Journal.view(head, planned, "");
      }
      return take(List.of(head), new Batch(), List.of());
    }
  }

  private static void checkRequest(OperationRequest request) {
    switch (request.kind()) {
      case INSTALL, UPDATE, CONFIGURE, BATCH ->
          throw new SemperException(
              ErrorCode.INVALID_REQUEST,
              request.kind().id() + " comes from applying a specification, not from a request");
      case START, STOP, RESTART, ROLLBACK, DELETE, RECOVER -> {}
      case ENABLE, DISABLE, ENTER_MAINTENANCE, EXIT_MAINTENANCE -> {}
    }
    if (request.attempts() < 1 || request.attempts() > 10) {
      throw new SemperException(
          ErrorCode.INVALID_REQUEST, "attempts must be 1 to 10, not " + request.attempts());
    }
    if (request.strategy() != null && request.kind() != OperationKind.RECOVER) {
      throw new SemperException(
          ErrorCode.INVALID_REQUEST, "strategy is for recover, not for " + request.kind().id());
    }
    Duration timeout = request.timeout();
    if (timeout != null && (timeout.isNegative() || timeout.isZero() || timeout.toDays() > 7)) {
      throw new SemperException(
          ErrorCode.INVALID_REQUEST, "timeout must be between 1 ms and 7 days");
    }
  }

  /// Everything of a request that makes it the same when it is repeated.
  private static Map<String, Object> describe(OperationRequest request) {
    Map<String, Object> options = new LinkedHashMap<>();
    options.put("workload", request.workload());
    options.put("kind", request.kind().id());
    options.put("queue", request.queue());
    options.put("force", request.force());
    options.put("skip_dependency_check", request.skipDependencyCheck());
    options.put("cascade", request.cascade());
    options.put("rollback_on_failure", request.rollbackOnFailure());
    options.put("attempts", request.attempts());
    Duration timeout = request.timeout();
    if (timeout != null) {
      options.put("timeout_ms", timeout.toMillis());
    }
    String strategy = request.strategy();
    if (strategy != null) {
      options.put("strategy", strategy);
    }
    return options;
  }

  private Optional<Operation> repeated(
      String tenant, @Nullable String key, Map<String, Object> options) {
    if (key == null) {
      return Optional.empty();
    }
    Optional<Row.Operation> row = store.operationByKey(tenant, key);
    if (row.isEmpty()) {
      return Optional.empty();
    }
    Head before = Journal.head(row.get());
    if (!before.requestHash().equals(hash(options))) {
      throw new SemperException(
          ErrorCode.IDEMPOTENCY_MISMATCH,
          "Idempotency key %s was used for a different request, operation %s: use another key"
              .formatted(key, before.id()),
          List.of(),
          Map.of("operation_id", before.id()));
    }
    return Optional.of(get(before.id()));
  }

  private static String hash(Map<String, Object> options) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(options.toString().getBytes(UTF_8));
      return HexFormat.of().formatHex(digest, 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private Workload workload(String tenant, String name) {
    return owners
        .find(tenant, name)
        .orElseThrow(() ->
            new SemperException(
                ErrorCode.NOT_FOUND, "There is no workload " + name + " in tenant " + tenant));
  }

  private Head head(
      OperationRequest request,
      Workload workload,
      Map<String, Object> options,
      @Nullable String parent,
      List<String> after) {
    long target = request.kind() == OperationKind.ROLLBACK ? workload.previousGeneration() : 0;
    boolean recovery = request.kind() == OperationKind.RECOVER;
    Duration timeout =
        Objects.requireNonNullElse(request.timeout(), recovery ? RECOVERY_TIMEOUT : TIMEOUT);
    return newHead(
        request.tenant(),
        request.workload(),
        request.kind(),
        request.priority(),
        target,
        workload,
        true,
        !request.skipDependencyCheck(),
        request.rollbackOnFailure(),
        timeout,
        recovery ? 1 : request.attempts(),
        options,
        request.idempotencyKey(),
        parent,
        after,
        0,
        false,
        request.actor());
  }

  private Head newHead(
      String tenant,
      @Nullable String name,
      OperationKind kind,
      Priority priority,
      long target,
      @Nullable Workload workload,
      boolean start,
      boolean checkDependencies,
      boolean rollbackOnFailure,
      Duration timeout,
      int attempts,
      Map<String, Object> options,
      @Nullable String idempotencyKey,
      @Nullable String parent,
      List<String> after,
      int parallelism,
      boolean failFast,
      String actor) {
    long seq = lastSeq.incrementAndGet();
    Instant now = clock.instant();
    return new Head(
        OperationIds.next(now, seq),
        seq,
        tenant,
        name,
        kind,
        Status.QUEUED,
        priority,
        target,
        workload == null ? 0 : workload.generation(),
        workload == null ? Desired.RUNNING : workload.desired(),
        0,
        false,
        start,
        checkDependencies,
        rollbackOnFailure,
        timeout.toMillis(),
        1,
        attempts,
        0,
        options,
        hash(options),
        idempotencyKey,
        parent,
        after,
        parallelism,
        failFast,
        actor,
        null,
        "",
        "",
        TRACEPARENT.isBound() ? TRACEPARENT.get() : null,
        null,
        now,
        null,
        null);
  }

  /// Refuses what cannot be, with the reason.
  ///
  /// @return the steps it would take
  private List<Entry> check(OperationRequest request, Workload workload, Head head)
      throws InterruptedException {
    checkCircuit(request, workload);
    boolean behind = checkConflict(request);
    if (!request.force() && stops(request.kind())) {
      List<String> dependents = liveDependents(workload);
      if (!dependents.isEmpty()) {
        throw new SemperException(
            ErrorCode.DEPENDED_UPON,
            "%s is needed by %s: stop them first, or ask for cascade (dependents first) or force"
                .formatted(workload.name(), String.join(", ", dependents)),
            List.of(),
            Map.of("dependents", dependents));
      }
    }
    if (request.kind() == OperationKind.ROLLBACK && workload.previousGeneration() == 0) {
      throw new SemperException(
          ErrorCode.PRECONDITION_FAILED,
          "Workload " + workload.name() + " has no earlier version to roll back to");
    }
    if (behind) {
      return List.of();
    }
    if (request.kind() == OperationKind.START && !request.skipDependencyCheck()) {
      Optional<SemperException> refusal = owners.refusal(workload.tenant(), workload.spec());
      if (refusal.isPresent()) {
        throw refusal.get();
      }
    }
    if (request.kind() == OperationKind.RECOVER) {
      Planner.require(OperationKind.RECOVER, workload);
      return prospects(healer.rehearse(request, workload));
    }
    long target = head.generation() == 0 ? workload.generation() : head.generation();
    return Planner.plan(
            head.kind(), workload, target, spec(workload, target), true, head.checkDependencies())
        .stream()
        .map(step -> Entry.pending(step, false))
        .toList();
  }

  private static List<Entry> prospects(List<Healer.Prospect> prospects) {
    return prospects.stream()
        .map(p -> {
          Entry entry =
              Entry.pending(PlannedStep.step(PlannedStep.Action.ACT).of(p.action()), false);
          String leftOut = p.leftOut();
          return leftOut == null
              ? new Entry(entry.step(), false, StepStatus.PENDING, p.why(), null, null)
              : new Entry(entry.step(), false, StepStatus.SKIPPED, leftOut, null, null);
        })
        .toList();
  }

  private void checkCircuit(OperationRequest request, Workload workload) {
    Instant until = workload.refusedUntil();
    boolean opens =
        switch (request.kind()) {
          case START, RESTART, UPDATE, ROLLBACK, CONFIGURE, RECOVER, INSTALL -> true;
          case STOP, DELETE, ENABLE, DISABLE, ENTER_MAINTENANCE, EXIT_MAINTENANCE, BATCH -> false;
        };
    if (until != null && opens && !request.force() && until.isAfter(clock.instant())) {
      throw new SemperException(
          ErrorCode.CIRCUIT_OPEN,
          "%d operations on workload %s failed one after the other, so it takes none until %s; use force to try anyway"
              .formatted(workload.failures(), workload.name(), until),
          List.of(),
          Map.of("until", until.toString()));
    }
  }

  /// @return whether it waits behind another operation
  private boolean checkConflict(OperationRequest request) throws InterruptedException {
    Optional<Work> other = queue.on(request.tenant(), request.workload());
    if (other.isEmpty() || request.dryRun()) {
      return other.isPresent();
    }
    if (request.force() && stops(request.kind())) {
      cancelIfOpen(other.get(), request.actor());
    } else if (standsAside(other.get(), request.kind())) {
      cancelIfOpen(other.get(), request.kind().id() + " by " + request.actor());
    } else if (!request.queue()) {
      throw conflict(other.get().head());
    }
    return true;
  }

  /// What Semper does by itself gives way to what somebody asks for.
  private static boolean standsAside(Work other, OperationKind kind) {
    return other.head().kind() == OperationKind.RECOVER
        && other.head().actor().equals(Healer.ACTOR)
        && kind != OperationKind.RECOVER;
  }

  private static SemperException conflict(Head other) {
    return new SemperException(
        ErrorCode.OPERATION_IN_PROGRESS,
        "Operation %s (%s, by %s) is working on workload %s: wait for it, cancel it, or ask to queue behind it"
            .formatted(other.id(), other.kind().id(), other.actor(), other.workload()),
        List.of(),
        Map.of("operation_id", other.id()));
  }

  private static boolean stops(OperationKind kind) {
    return switch (kind) {
      case STOP, DELETE, DISABLE -> true;
      case INSTALL, START, RESTART, UPDATE, ROLLBACK, CONFIGURE, RECOVER -> false;
      case ENABLE, ENTER_MAINTENANCE, EXIT_MAINTENANCE, BATCH -> false;
    };
  }

  private List<String> liveDependents(Workload workload) {
    return owners.list().stream()
        .filter(w -> w.tenant().equals(workload.tenant()))
        .filter(Operations::needsItsDependencies)
        .filter(w ->
            w.spec().dependsOn().stream()
                .anyMatch(d ->
                    d.required()
                        && d.condition() != DependencySpec.Condition.COMPLETED
                        && d.workload().equals(workload.name())))
        .map(Workload::name)
        .toList();
  }

  private static boolean needsItsDependencies(Workload workload) {
    return workload.desired() == Desired.RUNNING
        && switch (workload.state()) {
          case INSTALLING, CONFIGURING, STARTING, RUNNING, UPDATING, RESTARTING -> true;
          case MAINTENANCE -> true;
          // A job that has done its work needs nothing any more.
          case INACTIVE, INSTALLED, STOPPING, STOPPED, UNINSTALLING, ERROR, DISABLED ->
              workload.instances().stream().anyMatch(Instance::isLive);
        };
  }

  /// A batch that does the same to all dependents first.
  private Operation cascade(OperationRequest request, Workload workload)
      throws InterruptedException {
    Map<String, OperationRequest> requests = new LinkedHashMap<>();
    collect(request, workload, requests);
    if (!request.dryRun()) {
      return batch(
          request.tenant(),
          List.copyOf(requests.values()),
          10,
          true,
          true,
          request.actor(),
          request.idempotencyKey(),
          describe(request));
    }
    List<Entry> planned = new ArrayList<>();
    for (OperationRequest member : requests.values()) {
      Workload of = workload(member.tenant(), member.workload());
      Planner.plan(member.kind(), of, of.generation(), of.spec(), true, false)
          .forEach(step -> planned.add(Entry.pending(step, false)));
    }
    return Journal.view(head(request, workload, describe(request), null, List.of()), planned, "");
  }

  private void collect(
      OperationRequest request, Workload workload, Map<String, OperationRequest> requests) {
    for (String dependent : liveDependents(workload)) {
      if (!requests.containsKey(dependent)) {
        collect(request, workload(request.tenant(), dependent), requests);
      }
    }
    // What hangs on a workload that is deleted is only stopped.
    OperationKind kind =
        workload.name().equals(request.workload()) ? request.kind() : OperationKind.STOP;
    requests.put(workload.name(), member(request, workload.name(), kind));
  }

  private static OperationRequest member(
      OperationRequest request, String workload, OperationKind kind) {
    return new OperationRequest(
        request.tenant(),
        workload,
        kind,
        request.actor(),
        request.priority(),
        false,
        request.queue(),
        request.force(),
        request.skipDependencyCheck(),
        false,
        request.rollbackOnFailure(),
        request.timeout(),
        request.attempts(),
        null);
  }

  /// Takes several as members of one batch, in the order of the workloads' dependencies.
  public synchronized Operation submitAll(
      String tenant,
      List<OperationRequest> requests,
      int parallelism,
      boolean failFast,
      boolean dependencyOrder,
      String actor,
      @Nullable String idempotencyKey)
      throws InterruptedException {
    if (requests.isEmpty() || parallelism < 1) {
      throw new SemperException(
          ErrorCode.INVALID_REQUEST, "a batch needs at least one item and a parallelism of 1");
    }
    Map<String, Object> options = new LinkedHashMap<>();
    options.put("parallelism", parallelism);
    options.put("fail_fast", failFast);
    options.put("items", requests.stream().map(Operations::describe).toList());
    Optional<Operation> repeated = repeated(tenant, idempotencyKey, options);
    if (repeated.isPresent()) {
      return repeated.get();
    }
    return batch(
        tenant, requests, parallelism, failFast, dependencyOrder, actor, idempotencyKey, options);
  }

  private Operation batch(
      String tenant,
      List<OperationRequest> requests,
      int parallelism,
      boolean failFast,
      boolean dependencyOrder,
      String actor,
      @Nullable String idempotencyKey,
      Map<String, Object> options)
      throws InterruptedException {
    Map<String, OperationRequest> byName = new LinkedHashMap<>();
    for (OperationRequest request : requests) {
      checkRequest(request);
      if (byName.put(request.workload(), request) != null) {
        throw new SemperException(
            ErrorCode.INVALID_REQUEST, "workload " + request.workload() + " is in the batch twice");
      }
      workload(tenant, request.workload());
      Optional<Work> other = queue.on(tenant, request.workload());
      if (!request.queue() && other.isPresent() && !standsAside(other.get(), request.kind())) {
        throw conflict(other.get().head());
      }
    }
    for (OperationRequest request : requests) {
      Optional<Work> other = queue.on(tenant, request.workload());
      if (!request.queue() && other.isPresent()) {
        cancelIfOpen(other.get(), request.kind().id() + " by " + actor);
      }
    }
    Head batch =
        batchHead(tenant, parallelism, failFast, options, Priority.NORMAL, actor, idempotencyKey);
    Map<String, WorkloadSpec> specs = new LinkedHashMap<>();
    byName.keySet().forEach(name -> specs.put(name, workload(tenant, name).spec()));
    List<String> order = dependencyOrder ? DependencyOrder.of(specs) : List.copyOf(byName.keySet());
    Map<String, String> ids = new HashMap<>();
    List<Head> heads = new ArrayList<>(List.of(batch));
    boolean backwards = requests.stream().allMatch(r -> stops(r.kind()));
    for (String name : backwards ? order.reversed() : order) {
      OperationRequest request = Objects.requireNonNull(byName.get(name));
      Set<String> before =
          !dependencyOrder
              ? Set.of()
              : backwards ? dependents(specs, name) : dependencies(specs, name);
      List<String> after = before.stream().map(ids::get).filter(Objects::nonNull).toList();
      Head head = head(request, workload(tenant, name), describe(request), batch.id(), after);
      ids.put(name, head.id());
      heads.add(head);
    }
    return take(heads, new Batch(), List.of());
  }

  private Head batchHead(
      String tenant,
      int parallelism,
      boolean failFast,
      Map<String, Object> options,
      Priority priority,
      String actor,
      @Nullable String idempotencyKey) {
    return newHead(
            tenant,
            null,
            OperationKind.BATCH,
            priority,
            0,
            null,
            true,
            true,
            true,
            Duration.ofDays(1),
            1,
            options,
            idempotencyKey,
            null,
            List.of(),
            parallelism,
            failFast,
            actor)
        .to(Status.RUNNING, clock.instant(), null);
  }

  private static Set<String> dependencies(Map<String, WorkloadSpec> specs, String name) {
    Set<String> names = new HashSet<>();
    Objects.requireNonNull(specs.get(name)).dependsOn().forEach(d -> names.add(d.workload()));
    return names;
  }

  private static Set<String> dependents(Map<String, WorkloadSpec> specs, String name) {
    Set<String> names = new HashSet<>();
    specs.forEach((other, spec) -> {
      if (spec.dependsOn().stream().anyMatch(d -> d.workload().equals(name))) {
        names.add(other);
      }
    });
    return names;
  }

  /// What applying would change. Changes nothing.
  public Plan plan(String tenant, List<WorkloadSpec> specs, boolean prune) {
    return planned(tenant, pinned(tenant, specs), prune);
  }

  private List<WorkloadSpec> pinned(String tenant, List<WorkloadSpec> specs) {
    return specs.stream().map(s -> configurer.pin(tenant, s)).toList();
  }

  private Plan planned(String tenant, List<WorkloadSpec> specs, boolean prune) {
    checkCycles(tenant, specs);
    hooks.check(specs);
    List<Plan.Item> items = new ArrayList<>();
    Set<String> named = new HashSet<>();
    for (WorkloadSpec spec : specs) {
      named.add(spec.name());
      Optional<Workload> existing = owners.find(tenant, spec.name());
      SpecDiff diff = SpecDiff.between(existing.map(this::wanted).orElse(null), spec);
      boolean create = existing.isEmpty() || neverInstalled(existing.get());
      Plan.Action action = create ? Plan.Action.CREATE : action(diff.effect());
      items.add(new Plan.Item(spec.name(), action, diff));
    }
    if (prune) {
      owners.list().stream()
          .filter(w -> w.tenant().equals(tenant) && !named.contains(w.name()))
          .forEach(w -> items.add(new Plan.Item(w.name(), Plan.Action.DELETE, null)));
    }
    return new Plan(items);
  }

  /// Its install was called off before it began, e.g. because an earlier member of its batch
  /// failed.
  private boolean neverInstalled(Workload workload) {
    return workload.state() == State.INACTIVE
        && workload.desired() == Desired.RUNNING
        && queue.on(workload.tenant(), workload.name()).isEmpty();
  }

  /// The specification a workload has, or is being moved to: applying it again changes nothing.
  private WorkloadSpec wanted(Workload workload) {
    return queue.all(workload.tenant(), workload.name()).stream()
        .filter(w -> targets(w.head(), workload))
        .reduce((_, later) -> later)
        .map(w -> spec(workload, w.head().generation()))
        .orElse(workload.spec());
  }

  private static boolean targets(Head head, Workload workload) {
    return head.generation() != 0
        && head.tenant().equals(workload.tenant())
        && workload.name().equals(head.workload())
        && head.status() != Status.UNWINDING
        && !head.status().ended();
  }

  private static Plan.Action action(SpecDiff.Effect effect) {
    return switch (effect) {
      case NONE -> Plan.Action.NONE;
      case LIVE, DELIVER -> Plan.Action.RECONFIGURE;
      case SCALE -> Plan.Action.SCALE;
      case REPLACE -> Plan.Action.REPLACE;
    };
  }

  /// Refuses dependencies that lead in a circle, those of workloads outside the document included.
  private void checkCycles(String tenant, List<WorkloadSpec> specs) {
    Map<String, WorkloadSpec> all = new LinkedHashMap<>();
    owners.list().stream()
        .filter(w -> w.tenant().equals(tenant))
        .forEach(w -> all.put(w.name(), w.spec()));
    specs.forEach(s -> all.put(s.name(), s));
    DependencyOrder.of(all);
  }

  /// Applies: one batch with a member per workload that changes; empty if nothing does.
  public synchronized Optional<Operation> apply(ApplyRequest asked) throws InterruptedException {
    Map<String, Object> options = describe(asked);
    Optional<Operation> repeated = repeated(asked.tenant(), asked.idempotencyKey(), options);
    if (repeated.isPresent()) {
      return repeated;
    }
    ApplyRequest request = asked.of(pinned(asked.tenant(), asked.specs()));
    Plan plan = planned(request.tenant(), request.specs(), request.prune());
    if (plan.isEmpty()) {
      return Optional.empty();
    }
    checkQuota(request, plan);
    Map<String, WorkloadSpec> specs = new LinkedHashMap<>();
    request.specs().forEach(s -> specs.put(s.name(), s));
    Head batch =
        batchHead(
            request.tenant(),
            request.parallelism(),
            request.failFast(),
            options,
            request.priority(),
            request.actor(),
            request.idempotencyKey());
    Batch rows = new Batch();
    List<Head> heads = new ArrayList<>(List.of(batch));
    List<Workload> created = new ArrayList<>();
    Map<String, String> ids = new HashMap<>();
    Map<String, Plan.Item> items = new LinkedHashMap<>();
    plan.items().forEach(i -> items.put(i.workload(), i));
    for (String name : DependencyOrder.of(specs)) {
      Plan.Item item = Objects.requireNonNull(items.get(name));
      WorkloadSpec spec = Objects.requireNonNull(specs.get(name));
      if (item.action() == Plan.Action.NONE) {
        continue;
      }
      List<String> after =
          dependencies(specs, name).stream().map(ids::get).filter(Objects::nonNull).toList();
      Head head = applied(request, item, spec, batch.id(), after, rows, created);
      ids.put(name, head.id());
      heads.add(head);
    }
    heads.addAll(pruned(request, plan, batch.id()));
    return Optional.of(take(heads, rows, created));
  }

  /// Gives a workload another revision of its configuration, by a new generation of its
  /// specification; a rollback goes back to the one before.
  ///
  /// @return empty if another operation works on it: ask again when that has ended
  /// @throws SemperException ILLEGAL_TRANSITION, CIRCUIT_OPEN
  public synchronized Optional<Operation> configure(
      String tenant, String name, long revision, String actor) throws InterruptedException {
    Workload workload = workload(tenant, name);
    if (queue.on(tenant, name).isPresent() || workload.operationId() != null) {
      return Optional.empty();
    }
    WorkloadSpec spec = workload.spec().withConfigRevision(revision);
    long target = nextGeneration(workload);
    Planner.plan(OperationKind.CONFIGURE, workload, target, spec, true, false);
    ConfigSpec config = Objects.requireNonNull(spec.config());
    ConfigSpec.Gray gray = config.gray();
    Batch rows = new Batch();
    owners.prepare(workload, target, spec, actor, rows);
    Head head =
        newHead(
            tenant,
            name,
            OperationKind.CONFIGURE,
            Priority.NORMAL,
            target,
            workload,
            true,
            false,
            true,
            TIMEOUT
                .plus(
                    spec.update()
                        .readyTimeout()
                        .plus(config.change().timeout())
                        .plus(config.change().settle())
                        .multipliedBy(spec.instances()))
                .plus(gray == null ? Duration.ZERO : gray.hold()),
            1,
            Map.of("config", config.name(), "config_revision", revision),
            null,
            null,
            List.of(),
            0,
            false,
            actor);
    return Optional.of(take(List.of(head), rows, List.of()));
  }

  private static Map<String, Object> describe(ApplyRequest request) {
    Map<String, Object> options = new LinkedHashMap<>();
    options.put("workloads", request.specs().stream().map(WorkloadSpec::name).toList());
    options.put("prune", request.prune());
    options.put("start", request.start());
    // as they are written: the order of sets and maps differs from one JVM to the next
    options.put(
        "specs_hash",
        hash(Map.of("specs", request.specs().stream().map(SpecReader::write).toList())));
    return options;
  }

  private void checkQuota(ApplyRequest request, Plan plan) {
    Map<String, WorkloadSpec> all = new HashMap<>();
    owners.list().stream()
        .filter(w -> w.tenant().equals(request.tenant()))
        .forEach(w -> all.put(w.name(), w.spec()));
    request.specs().forEach(s -> all.put(s.name(), s));
    plan.items().stream()
        .filter(i -> i.action() == Plan.Action.DELETE)
        .forEach(i -> all.remove(i.workload()));
    quotas.apply(request.tenant()).check(request.tenant(), all.values());
  }

  private Head applied(
      ApplyRequest request,
      Plan.Item item,
      WorkloadSpec spec,
      String parent,
      List<String> after,
      Batch rows,
      List<Workload> created)
      throws InterruptedException {
    boolean create = item.action() == Plan.Action.CREATE;
    Workload workload;
    long target;
    if (create && owners.find(request.tenant(), spec.name()).isEmpty()) {
      Desired desired = request.start() ? Desired.RUNNING : Desired.STOPPED;
      workload = owners.prepare(request.tenant(), spec, desired, request.actor(), rows);
      created.add(workload);
      target = 1;
    } else {
      workload = workload(request.tenant(), spec.name());
      Optional<Work> other = queue.on(request.tenant(), spec.name());
      if (!request.queue() && other.isPresent()) {
        if (!standsAside(other.get(), OperationKind.UPDATE)) {
          throw conflict(other.get().head());
        }
        cancelIfOpen(other.get(), "update by " + request.actor());
      }
      boolean same = workload.spec().equals(spec) && create;
      target = same ? workload.generation() : nextGeneration(workload);
      if (!same) {
        owners.prepare(workload, target, spec, request.actor(), rows);
      }
      if (!create && other.isEmpty()) {
        Planner.plan(OperationKind.UPDATE, workload, target, spec, true, false);
      }
    }
    return newHead(
        request.tenant(),
        spec.name(),
        create ? OperationKind.INSTALL : OperationKind.UPDATE,
        request.priority(),
        target,
        workload,
        request.start(),
        false,
        true,
        create
            ? TIMEOUT
            : TIMEOUT
                .plus(spec.update().readyTimeout().multipliedBy(spec.instances()))
                .plus(hookTime(spec)),
        1,
        Map.of("action", item.action().id(), "version", spec.version()),
        null,
        parent,
        after,
        0,
        false,
        request.actor());
  }

  /// The time an update may wait for its hooks.
  private static Duration hookTime(WorkloadSpec spec) {
    return spec.hooks().stream()
        .filter(h -> h.type().step() && !h.async())
        .map(HookSpec::timeout)
        .reduce(Duration.ZERO, Duration::plus);
  }

  private long nextGeneration(Workload workload) {
    return store.releases(workload.uid(), 1).stream()
            .mapToLong(Row.Release::generation)
            .max()
            .orElse(workload.generation())
        + 1;
  }

  /// Deletions, dependents first.
  private List<Head> pruned(ApplyRequest request, Plan plan, String parent) {
    Map<String, WorkloadSpec> specs = new LinkedHashMap<>();
    for (Plan.Item item : plan.items()) {
      if (item.action() == Plan.Action.DELETE) {
        specs.put(item.workload(), workload(request.tenant(), item.workload()).spec());
      }
    }
    List<Head> heads = new ArrayList<>();
    Map<String, String> ids = new HashMap<>();
    for (String name : DependencyOrder.of(specs).reversed()) {
      OperationRequest delete =
          OperationRequest.of(request.tenant(), name, OperationKind.DELETE, request.actor());
      List<String> after =
          dependents(specs, name).stream().map(ids::get).filter(Objects::nonNull).toList();
      Head head =
          head(delete, workload(request.tenant(), name), Map.of("action", "delete"), parent, after);
      ids.put(name, head.id());
      heads.add(head);
    }
    return heads;
  }

  /// Makes operations durable, with the workloads they bring, and lets them start.
  ///
  /// @return the first of them
  private Operation take(List<Head> heads, Batch rows, List<Workload> created)
      throws InterruptedException {
    if (closed) {
      throw new SemperException(ErrorCode.SHUTTING_DOWN, "The server is shutting down");
    }
    List<Work> works = new ArrayList<>();
    for (Head head : heads) {
      works.add(new Work(store, clock, head, List.of()));
      rows.put(head.row());
      Map<String, Object> facts = new HashMap<>();
      facts.put("operation_id", head.id());
      facts.put("kind", head.kind().id());
      facts.put("priority", head.priority().id());
      rows.event(
          clock.instant(),
          head.tenant(),
          head.workload(),
          null,
          "operation.queued",
          facts,
          head.id(),
          head.actor());
    }
    if (WITNESS.isBound()) {
      rows.audit(WITNESS.get().of(heads.getFirst().id()));
    }
    store.commit(rows, PATIENCE);
    boundaries.pass("submit/" + heads.getFirst().kind().id());
    created.forEach(owners::register);
    Operation first = works.getFirst().view();
    queue.add(works);
    queue.dispatch();
    return first;
  }

  private void start(Work work) {
    Thread thread =
        Thread.ofVirtual()
            .name("operation-" + work.id())
            .unstarted(() -> {
              OperationObserver.Run run = takeUp(work);
              try {
                new Runner(
                        work,
                        owners,
                        queue.slots(),
                        this::spec,
                        preparation,
                        hooks,
                        healer,
                        run,
                        configurer,
                        clock,
                        boundaries)
                    .run();
                ended(work);
              } catch (InterruptedException _) {
                // The server is closing: the journal has what the next one needs.
              } catch (RuntimeException e) {
                if (!Runner.isEndOfServer(e)) {
                  broken(work, e);
                }
              } finally {
                if (work.head().status().ended()) {
                  run.ended(work.view());
                }
                threads.remove(Thread.currentThread().threadId());
                queue.slots().give();
              }
            });
    threads.put(thread.threadId(), thread);
    thread.start();
    if (closed) {
      thread.interrupt();
    }
  }

  private OperationObserver.Run takeUp(Work work) {
    Operation before = work.view();
    work.takenUp();
    return observer.begin(work.view(), before.takenUpAt() == null ? null : before);
  }

  /// It ended without being carried out by a thread of its own.
  private void observed(Work work) {
    observer.begin(work.view(), null).ended(work.view());
  }

  /// A defect of ours must not leave an operation open for ever.
  private void broken(Work work, RuntimeException e) {
    LOG.error("Operation {} broke", work.id(), e);
    try {
      work.fail("internal error: " + e, ErrorCode.INTERNAL.name());
      String name = work.head().workload();
      if (name != null && owners.find(work.head().tenant(), name).isPresent()) {
        owners.ask(work.head().tenant(), name, new WorkloadEvent.Finish(work.id(), true));
      }
      work.to(Status.INCONSISTENT);
      ended(work);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (SemperException again) {
      LOG.error("Its end could not be recorded: {}", again.getMessage());
    }
  }

  private void ended(Work work) throws InterruptedException {
    queue.ended(work);
    String parent = work.head().parent();
    if (parent != null) {
      boolean well = work.head().status() == Status.SUCCEEDED;
      Optional<Work> batch = queue.find(parent);
      // A batch that is cancelled cancels its members itself.
      boolean over = batch.isPresent() && batch.get().head().failFast() && !batch.get().cancelled();
      if (!well && over) {
        for (Work member : queue.members(parent)) {
          withdraw(member, "an earlier member of the batch failed");
        }
      }
      settleBatch(parent);
    }
    queue.dispatch();
  }

  /// Ends a batch whose members have all ended.
  private void settleBatch(String id) throws InterruptedException {
    Optional<Work> batch = queue.find(id);
    if (batch.isEmpty() || queue.hasMembers(id)) {
      return;
    }
    Work work = batch.get();
    synchronized (work) {
      if (queue.find(id).isEmpty()) {
        return;
      }
      List<Head> failed =
          store.members(id).stream()
              .map(Journal::head)
              .filter(h -> h.status() != Status.SUCCEEDED)
              .toList();
      if (!failed.isEmpty()) {
        work.fail(
            "%d of %d failed, first %s: %s"
                .formatted(
                    failed.size(),
                    store.members(id).size(),
                    failed.getFirst().workload(),
                    failed.getFirst().error().isEmpty()
                        ? failed.getFirst().status().id()
                        : failed.getFirst().error()),
            failed.getFirst().errorCode());
      }
      work.to(
          work.cancelled()
              ? Status.CANCELLED
              : failed.isEmpty() ? Status.SUCCEEDED : Status.FAILED);
      observed(work);
      queue.ended(work);
    }
  }

  private void withdraw(Work work, String why) throws InterruptedException {
    // What a server before this one has begun has to be unwound.
    if (work.head().status() == Status.QUEUED && queue.withdraw(work)) {
      work.fail(why, "");
      work.to(Status.CANCELLED);
      observed(work);
      queue.ended(work);
    }
  }

  private WorkloadSpec spec(Workload workload, long generation) {
    WorkloadSpec known = workload.specs().get(generation);
    if (known != null) {
      return known;
    }
    return store
        .release(workload.uid(), generation)
        .map(r -> owners.read(workload.name(), r))
        .orElseThrow(() ->
            new SemperException(
                ErrorCode.NOT_FOUND,
                "Workload " + workload.name() + " has no generation " + generation));
  }

  /// @throws SemperException NOT_FOUND
  public Operation get(String id) {
    Optional<Work> open = queue.find(id);
    if (open.isPresent()) {
      return view(open.get());
    }
    return store
        .operation(id)
        .map(this::view)
        .orElseThrow(() -> new SemperException(ErrorCode.NOT_FOUND, "There is no operation " + id));
  }

  private Operation view(Work work) {
    Operation view = work.view();
    return view.status() == Status.QUEUED && view.waitingFor().isEmpty()
        ? queued(work, view)
        : view;
  }

  private Operation queued(Work work, Operation view) {
    String name = view.workload();
    if (name != null) {
      Optional<Work> first = queue.on(view.tenant(), name);
      if (first.isPresent() && !first.get().id().equals(view.id())) {
        work.waitingFor("operation " + first.get().id() + " on the same workload");
      }
    }
    return work.view();
  }

  private Operation view(Row.Operation row) {
    return Journal.view(Journal.head(row), Journal.entries(store.steps(row.id())), "");
  }

  /// Newest first; null matters not.
  public List<Operation> list(
      @Nullable String tenant,
      @Nullable String workload,
      Operation.@Nullable Status status,
      int limit) {
    return store.operations(tenant, workload, status == null ? null : status.id(), limit).stream()
        .map(r -> queue.find(r.id()).map(Work::view).orElseGet(() -> view(r)))
        .toList();
  }

  /// Members of a batch, in the order of arrival.
  public List<Operation> members(String id) {
    return store.members(id).stream()
        .map(r -> queue.find(r.id()).map(Work::view).orElseGet(() -> view(r)))
        .toList();
  }

  /// What an operator may ask of a workload now.
  public List<OperationKind> allowed(Workload workload) {
    return Planner.allowed(workload.state());
  }

  /// Cancels: a queued one never starts, a running one unwinds. Returns at once.
  public Operation cancel(String id, String actor) throws InterruptedException {
    Optional<Work> open = queue.find(id);
    if (open.isEmpty()) {
      throw notCancellable(get(id));
    }
    Work work = open.get();
    if (!work.cancel(actor)) {
      throw notCancellable(work.view());
    }
    if (work.head().kind() == OperationKind.BATCH) {
      for (Work member : queue.members(id)) {
        cancelIfOpen(member, actor);
      }
      settleBatch(id);
    } else {
      cancelled(work);
    }
    return get(id);
  }

  private static SemperException notCancellable(Operation ended) {
    return new SemperException(
        ErrorCode.NOT_CANCELLABLE,
        "Operation " + ended.id() + " has already ended: " + ended.status().id());
  }

  private void cancelIfOpen(Work work, String actor) throws InterruptedException {
    if (work.cancel(actor)) {
      cancelled(work);
    }
  }

  private void cancelled(Work work) throws InterruptedException {
    if (queue.withdraw(work)) {
      if (work.head().status() == Status.QUEUED) {
        notWanted(work.head());
        work.to(Status.CANCELLED);
        observed(work);
        ended(work);
        return;
      }
      queue.add(List.of(work));
      queue.dispatch();
    }
    String name = work.head().workload();
    if (name != null) {
      owners.nudge(work.head().tenant(), name);
    }
  }

  /// A workload whose install was called off by an operator is not to run.
  private void notWanted(Head head) throws InterruptedException {
    String name = head.workload();
    if (head.kind() == OperationKind.INSTALL && name != null) {
      owners.ask(head.tenant(), name, new WorkloadEvent.Want(Desired.STOPPED));
    }
  }

  /// Waits for its end, or for the time to be over; returns it as it is then.
  public Operation await(String id, Duration timeout) throws InterruptedException {
    queue.await(id, timeout.toMillis());
    return get(id);
  }

  /// Recoveries whose end is not durable yet, in order of arrival.
  public List<Operation> openRecoveries() {
    return queue.matching(h -> h.kind() == OperationKind.RECOVER).stream().map(Work::view).toList();
  }

  /// Operations that have not ended.
  public long open() {
    return queue.matching(h -> h.kind() != OperationKind.BATCH).size();
  }

  /// Takes nothing more and lets go; open operations stay in the journal for the next server.
  public void close() throws InterruptedException {
    closed = true;
    queue.close();
    for (Thread thread : threads.values()) {
      thread.interrupt();
    }
    for (Thread thread : List.copyOf(threads.values())) {
      thread.join(Duration.ofSeconds(5));
    }
  }
}
