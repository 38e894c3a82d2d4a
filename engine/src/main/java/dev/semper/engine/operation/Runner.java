package dev.semper.engine.operation;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.operation.Journal.Entry;
import dev.semper.engine.operation.Journal.Head;
import dev.semper.engine.operation.Operation.Status;
import dev.semper.engine.operation.Operation.StepStatus;
import dev.semper.engine.spec.ConfigSpec;
import dev.semper.engine.spec.DependencySpec;
import dev.semper.engine.spec.HookSpec;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.workload.Boundaries;
import dev.semper.engine.workload.Desired;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.Owners;
import dev.semper.engine.workload.Workload;
import dev.semper.engine.workload.WorkloadEvent;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs one operation, straight through: journals each step's intent, does it, notes its result;
/// unwinds when it fails or is cancelled. Run again after a crash it goes on where the journal
/// ends.
final class Runner {
  private static final Logger LOG = LoggerFactory.getLogger(Runner.class);

  /// What came of a step or of a whole run.
  private sealed interface Outcome {
    record Done(String detail) implements Outcome {}

    record Failed(String error, ErrorCode code) implements Outcome {}

    record Cancelled() implements Outcome {}
  }

  private final Work work;
  private final Owners owners;
  private final Slots slots;
  private final BiFunction<Workload, Long, WorkloadSpec> specs;
  private final Preparation preparation;
  private final StepHooks hooks;
  private final Healer healer;
  private final OperationObserver.Run observer;
  private final Configurer configurer;
  private final Clock clock;
  private final Boundaries boundaries;
  private long deadlineNanos;

  /// Of a recovery.
  private Healer.@Nullable Course course;

  /// Checks that a driver can run a specification on this machine.
  public interface Preparation {
    /// @throws SemperException INVALID_SPEC if it cannot
    void check(WorkloadSpec spec);
  }

  /// @param specs finds a generation of a workload's specification
  Runner(
      Work work,
      Owners owners,
      Slots slots,
      BiFunction<Workload, Long, WorkloadSpec> specs,
      Preparation preparation,
      StepHooks hooks,
      Healer healer,
      OperationObserver.Run observer,
      Configurer configurer,
      Clock clock,
      Boundaries boundaries) {
    this.work = work;
    this.owners = owners;
    this.slots = slots;
    this.specs = specs;
    this.preparation = preparation;
    this.hooks = hooks;
    this.healer = healer;
    this.observer = observer;
    this.configurer = configurer;
    this.clock = clock;
    this.boundaries = boundaries;
  }

  /// Runs the operation to its end. If the server closes meanwhile it stays open, for the next one.
  void run() throws InterruptedException {
    deadlineNanos = System.nanoTime() + timeLeft().toNanos();
    boolean unwinding = work.head().status() == Status.UNWINDING;
    while (true) {
      Outcome outcome = unwinding ? new Outcome.Done("") : forward();
      if (!unwinding && outcome instanceof Outcome.Done) {
        end(Status.SUCCEEDED, false);
        return;
      }
      Status ended = unwind(outcome, unwinding);
      unwinding = false;
      if (!retry(ended)) {
        // A veto says nothing against the workload.
        end(ended, ended != Status.CANCELLED && !vetoed(outcome));
        return;
      }
    }
  }

  private Duration timeLeft() {
    Head head = work.head();
    Duration timeout = Duration.ofMillis(head.timeoutMillis());
    Instant started = head.startedAt();
    if (started == null) {
      return timeout;
    }
    Duration left = timeout.minus(Duration.between(started, clock.instant()));
    // The wall clock may have jumped while the server was away.
    return left.isNegative() ? Duration.ofSeconds(1) : left.compareTo(timeout) > 0 ? timeout : left;
  }

  private Outcome forward() throws InterruptedException {
    try {
      Optional<Workload> workload = owners.find(tenant(), name());
      if (work.head().kind() == OperationKind.DELETE && !workload.filter(this::meant).isPresent()) {
        return removedBefore();
      }
      if (workload.isEmpty()) {
        return new Outcome.Failed("Workload " + name() + " has been deleted", ErrorCode.NOT_FOUND);
      }
      owners.ask(tenant(), name(), new WorkloadEvent.Begin(work.id(), work.head().kind().id()));
      if (work.head().kind() == OperationKind.RECOVER) {
        return heal(course(workload.get()));
      }
      if (work.head().planned() < work.head().attempt()) {
        plan();
      }
      work.to(Status.RUNNING);
      return steps();
    } catch (SemperException e) {
      return failed(e);
    }
  }

  private Healer.Course course(Workload workload) {
    Healer.Course known = course;
    if (known != null) {
      return known;
    }
    Healer.Course taken = healer.take(work.view(), workload);
    course = taken;
    work.alsoWrite(taken::write);
    return taken;
  }

  /// One attempt after the other, until the workload is well or nothing is left to be tried.
  private Outcome heal(Healer.Course leader) throws InterruptedException {
    work.to(Status.RUNNING);
    boolean tidied = true;
    while (true) {
      Outcome outcome = steps();
      switch (outcome) {
        case Outcome.Cancelled() -> {
          return outcome;
        }
        case Outcome.Failed(String error, ErrorCode _) -> {
          leader.failed(error);
          work.skipRest();
          if (leader.goesBack()) {
            work.plan(undoing(work.begunLast(), OperationKind.UPDATE), true);
          }
          tidied = false;
          continue;
        }
        case Outcome.Done(String _) -> {}
      }
      if (work.cancelled()) {
        return new Outcome.Cancelled();
      }
      Workload now = owners.ask(tenant(), name(), new WorkloadEvent.Rest(work.id()));
      if (!tidied) {
        // What a failed attempt has left in a state that only an operation leaves. Once only.
        tidied = true;
        List<PlannedStep> repairs = Planner.repair(OperationKind.RECOVER, now, true);
        work.plan(repairs, true);
        if (!repairs.isEmpty()) {
          continue;
        }
      }
      switch (leader.next(now)) {
        case Healer.Next.Well(String story) -> {
          return new Outcome.Done(story);
        }
        case Healer.Next.Exhausted(String story) -> {
          return new Outcome.Failed(story, ErrorCode.RECOVERY_EXHAUSTED);
        }
        case Healer.Next.Try next -> attempt(leader, next, now);
      }
    }
  }

  private void attempt(Healer.Course leader, Healer.Next.Try next, Workload now) {
    long target =
        next.remedy() instanceof Healer.Remedy.MoveTo(long generation)
            ? generation
            : now.generation();
    try {
      if (deadlineNanos - System.nanoTime() <= 0) {
        throw new SemperException(ErrorCode.TIMEOUT, "the recovery has run out of time");
      }
      List<PlannedStep> steps =
          Planner.heal(next.remedy(), now, target, specs.apply(now, target)).stream()
              .map(s -> s.of(next.attempt()))
              .toList();
      work.plan(steps, now);
    } catch (SemperException e) {
      leader.failed(String.valueOf(e.getMessage()));
    }
  }

  private Outcome led(Leading leading) throws InterruptedException {
    Healer.Course leader = course(owners.find(tenant(), name()).orElseThrow(this::gone));
    Healer.Caller caller =
        new Healer.Caller() {
          @Override
          public boolean cancelled() {
            return work.cancelled();
          }

          @Override
          public void waitingFor(String what) {
            work.waitingFor(what);
          }

          @Override
          public Duration left() {
            long left = deadlineNanos - System.nanoTime();
            return Duration.ofNanos(Math.max(0, left));
          }
        };
    Healer.Result result =
        slots
            .whileWaiting(work, caller.left(), _ -> Optional.of(leading.of(leader, caller)))
            .orElseThrow();
    return switch (result) {
      case Healer.Result.Done(String detail) -> new Outcome.Done(detail);
      case Healer.Result.Failed(String error) ->
          new Outcome.Failed(error, ErrorCode.RECOVERY_EXHAUSTED);
      case Healer.Result.Cancelled() -> new Outcome.Cancelled();
    };
  }

  private interface Leading {
    Healer.Result of(Healer.Course course, Healer.Caller caller) throws InterruptedException;
  }

  /// Whether it is the workload that was to be deleted, and not one that has come under its name
  /// since.
  private boolean meant(Workload workload) {
    return !workload.createdAt().isAfter(work.head().createdAt());
  }

  /// The server died after the removal, before the journal had its result and the logs were gone.
  private Outcome removedBefore() {
    if (owners.find(tenant(), name()).isEmpty()) {
      owners.deleteLogs(tenant(), name());
    }
    for (int position = work.next(); position >= 0; position = work.next()) {
      work.end(position, StepStatus.DONE, "");
    }
    return new Outcome.Done("");
  }

  private void plan() {
    Head head = work.head();
    Workload workload = owners.find(tenant(), name()).orElseThrow(this::gone);
    long target = head.generation() == 0 ? workload.generation() : head.generation();
    WorkloadSpec spec = specs.apply(workload, target);
    boolean check = head.checkDependencies();
    work.plan(
        head.attempt() == 1
            ? Planner.plan(head.kind(), workload, target, spec, head.start(), check)
            : Planner.again(head.kind(), workload, target, spec, head.start(), check),
        workload);
  }

  /// Does what is left to do.
  private Outcome steps() throws InterruptedException {
    for (int position = work.next(); position >= 0; position = work.next()) {
      Entry entry = work.entry(position);
      if (work.cancelled() && !entry.undo()) {
        return new Outcome.Cancelled();
      }
      boolean again = entry.status() == StepStatus.RUNNING;
      work.begin(position);
      observer.stepBegun(work.step(position));
      boundaries.pass(point(position, entry, "intent"));
      Outcome outcome = attempt(entry, again);
      boundaries.pass(point(position, entry, "done"));
      switch (outcome) {
        case Outcome.Done(String detail) -> work.end(position, StepStatus.DONE, detail);
        case Outcome.Failed(String error, ErrorCode _) ->
            work.end(position, StepStatus.FAILED, error);
        case Outcome.Cancelled() -> work.end(position, StepStatus.FAILED, "cancelled");
      }
      observer.stepEnded(work.step(position));
      if (!(outcome instanceof Outcome.Done)) {
        return outcome;
      }
    }
    return new Outcome.Done("");
  }

  private String point(int position, Entry entry, String when) {
    return "%s/%d/%s%s/%s"
        .formatted(
            work.head().kind().id(),
            position,
            entry.undo() ? "undo " : "",
            entry.step().name(),
            when);
  }

  /// @param again a server that died had begun it
  private Outcome attempt(Entry entry, boolean again) throws InterruptedException {
    try {
      return carryOut(entry.step(), entry.undo(), again);
    } catch (SemperException e) {
      return failed(e);
    }
  }

  /// A closing server ends the run here and leaves the journal as it is.
  private static Outcome failed(SemperException e) throws InterruptedException {
    if (isEndOfServer(e)) {
      InterruptedException ended = new InterruptedException(e.getMessage());
      ended.initCause(e);
      throw ended;
    }
    return new Outcome.Failed(String.valueOf(e.getMessage()), e.code());
  }

  static boolean isEndOfServer(RuntimeException e) {
    return e instanceof SemperException known
        && (known.code() == ErrorCode.SHUTTING_DOWN || known.code() == ErrorCode.FENCED);
  }

  private Outcome carryOut(PlannedStep step, boolean undo, boolean again)
      throws InterruptedException {
    return switch (step.action()) {
      case MOVE ->
          done(new WorkloadEvent.Move(Objects.requireNonNull(step.trigger()), why(), true));
      case WANT_RUNNING -> done(new WorkloadEvent.Want(Desired.RUNNING));
      case WANT_STOPPED -> done(new WorkloadEvent.Want(Desired.STOPPED));
      case PREPARE -> {
        WorkloadSpec spec = spec(step.generation());
        preparation.check(spec);
        configurer.check(tenant(), spec);
        yield new Outcome.Done("");
      }
      case CHECK_DEPENDENCIES -> {
        Optional<SemperException> refusal = owners.refusal(tenant(), spec(step.generation()));
        if (refusal.isPresent()) {
          throw refusal.get();
        }
        yield new Outcome.Done("");
      }
      case CLEAR -> done(new WorkloadEvent.Clear());
      case LAUNCH -> launch(step, false);
      case LAUNCH_CANDIDATE -> launch(step, true);
      case AWAIT_READY -> awaitReady(step, undo);
      case PROMOTE -> done(new WorkloadEvent.Promote(step.ordinal(), step.generation()));
      case DELIVER -> deliver(step);
      case RENDER -> render(step);
      case OBSERVE -> observe(step);
      case RETIRE -> stop(step.ordinal(), step.generation(), false);
      case RETIRE_OTHERS -> stop(step.ordinal(), step.generation(), true);
      case STOP -> stop(-1, 0, false);
      case ADOPT -> adopt(step, undo);
      case HOOK_BEFORE_UPDATE -> hook(HookSpec.Type.BEFORE_UPDATE, step, undo);
      case HOOK_AFTER_UPDATE -> hook(HookSpec.Type.AFTER_UPDATE, step, undo);
      case HOOK_ON_DESTROY -> {
        // What has happened to it is told while there is still a workload to tell it of.
        hooks.catchUp();
        yield hook(HookSpec.Type.ON_DESTROY, step, undo);
      }
      case ACT -> led((course, caller) -> course.act(caller, again));
      case SETTLE -> led(Healer.Course::settle);
      case REMOVE -> remove();
    };
  }

  private Outcome hook(HookSpec.Type type, PlannedStep step, boolean undo)
      throws InterruptedException {
    Workload workload = owners.find(tenant(), name()).orElseThrow(this::gone);
    WorkloadSpec spec = spec(step.generation());
    Optional<HookSpec> wanted = spec.hook(type);
    if (wanted.isEmpty()) {
      return new Outcome.Done("");
    }
    HookSpec hook = wanted.get();
    String id = "%s.%s.%d".formatted(work.id(), type.id(), work.head().attempt());
    StepHooks.Ticket ticket =
        hooks.due(id, workload, spec, hook, work.id(), "operation " + work.id());
    if (hook.async()) {
      return new Outcome.Done("it is not waited for");
    }
    work.waitingFor("hook " + type.id());
    var _ =
        slots.whileWaiting(
            work,
            hook.timeout().plus(StepHooks.PATIENCE),
            p ->
                owners.await(
                    tenant(), name(), _ -> ticket.end().isPresent() || work.cancelled(), p));
    Optional<StepHooks.End> end = ticket.end();
    if (end.isEmpty() && work.cancelled() && !undo) {
      ticket.cancel();
      return new Outcome.Cancelled();
    }
    String error = end.map(StepHooks.End::error).orElse("hook " + type.id() + " has not ended");
    return !error.isEmpty() && hook.onError() == HookSpec.OnError.VETO
        ? new Outcome.Failed(error, ErrorCode.HOOK_VETOED)
        : new Outcome.Done(error);
  }

  private Outcome done(WorkloadEvent event) throws InterruptedException {
    owners.ask(tenant(), name(), event);
    return new Outcome.Done("");
  }

  private String why() {
    return "operation " + work.head().kind().id() + " by " + work.head().actor();
  }

  private Outcome launch(PlannedStep step, boolean candidate) throws InterruptedException {
    WorkloadSpec spec = spec(step.generation());
    int first = Math.max(step.ordinal(), 0);
    int last = step.ordinal() < 0 ? spec.instances() - 1 : step.ordinal();
    List<WorkloadEvent> events = new ArrayList<>();
    for (int i = first; i <= last; i++) {
      events.add(new WorkloadEvent.Launch(i, step.generation(), spec, candidate));
    }
    owners.askAll(tenant(), name(), events);
    return new Outcome.Done("");
  }

  private Outcome adopt(PlannedStep step, boolean undo) throws InterruptedException {
    Head head = work.head();
    long previous = undo ? head.previous() : head.from();
    return done(new WorkloadEvent.Adopt(step.generation(), spec(step.generation()), previous));
  }

  /// The one that runs of a copy is told; one that waits gets it with its launch.
  private Outcome deliver(PlannedStep step) throws InterruptedException {
    Workload workload = owners.find(tenant(), name()).orElseThrow(this::gone);
    WorkloadSpec spec = spec(step.generation());
    ConfigSpec config = spec.config();
    Optional<Instance> live = live(workload, step.ordinal());
    if (live.isPresent()) {
      configurer.deliver(workload, live.get(), spec);
    }
    owners.ask(
        tenant(), name(), new WorkloadEvent.Configured(step.ordinal(), step.generation(), spec));
    if (live.isEmpty() || config == null || config.change().settle().isZero()) {
      return new Outcome.Done("");
    }
    // It was ready before it was told; let it show that it is not any more.
    String incarnation = live.get().incarnation();
    var _ =
        slots.whileWaiting(
            work,
            config.change().settle(),
            p ->
                owners.await(
                    tenant(), name(), w -> work.cancelled() || !isWell(w, incarnation), p));
    return new Outcome.Done("");
  }

  private static Optional<Instance> live(Workload workload, int ordinal) {
    return workload.instances().stream()
        .filter(i -> i.ordinal() == ordinal && !i.candidate())
        .filter(i ->
            switch (i.phase()) {
              case STARTING, RUNNING -> true;
              case LAUNCHING, STOPPING, RESTARTING, BACKOFF, ENDED, FAILED -> false;
            })
        .findFirst();
  }

  private static boolean isWell(Workload workload, String incarnation) {
    return workload.instances().stream()
        .anyMatch(i -> i.incarnation().equals(incarnation) && i.isReady() && i.health().live());
  }

  private Outcome render(PlannedStep step) {
    Workload workload = owners.find(tenant(), name()).orElseThrow(this::gone);
    live(workload, step.ordinal())
        .ifPresent(i -> configurer.render(workload, i, spec(step.generation())));
    return new Outcome.Done("");
  }

  /// Begun anew after a crash: nobody has watched meanwhile.
  private Outcome observe(PlannedStep step) throws InterruptedException {
    ConfigSpec config = spec(step.generation()).config();
    ConfigSpec.Gray gray = config == null ? null : config.gray();
    if (gray == null) {
      return new Outcome.Done("");
    }
    List<String> watched =
        owners.find(tenant(), name()).orElseThrow(this::gone).instances().stream()
            .filter(i -> i.generation() == step.generation() && i.isLive())
            .map(Instance::incarnation)
            .toList();
    work.waitingFor(
        "%d of %s with the new configuration to stay well for %s"
            .formatted(watched.size(), name(), text(gray.hold())));
    Optional<Workload> unwell =
        slots.whileWaiting(
            work,
            shorter(gray.hold(), Duration.ofNanos(deadlineNanos - System.nanoTime())),
            p ->
                owners.await(
                    tenant(),
                    name(),
                    w -> work.cancelled() || !watched.stream().allMatch(i -> isWell(w, i)),
                    p));
    if (work.cancelled()) {
      return new Outcome.Cancelled();
    }
    return unwell.isEmpty()
        ? new Outcome.Done("")
        : new Outcome.Failed(
            "with the new configuration "
                + unwell.get().instances().stream()
                    .filter(i -> watched.contains(i.incarnation()))
                    .filter(i -> !isWell(unwell.get(), i.incarnation()))
                    .findFirst()
                    .map(i ->
                        unwell.get().instanceName(i) + " is " + i.phase().id() + " and not ready")
                    .orElse("an instance has ended"),
            ErrorCode.PRECONDITION_FAILED);
  }

  private Outcome remove() throws InterruptedException {
    try {
      owners.remove(tenant(), name());
    } catch (SemperException e) {
      if (e.code() != ErrorCode.NOT_FOUND) {
        throw e;
      }
    }
    return new Outcome.Done("");
  }

  /// Stops and waits until nothing of it lives. Not cancelled half-way: what is stopping will be
  /// stopped.
  private Outcome stop(int ordinal, long generation, boolean others) throws InterruptedException {
    owners.ask(tenant(), name(), new WorkloadEvent.Stop(ordinal, generation, others, why()));
    // The driver kills after the stop timeout; what lives longer cannot be killed at all.
    Workload workload = owners.find(tenant(), name()).orElseThrow(this::gone);
    Duration patience = Duration.ofSeconds(60);
    for (Instance instance : workload.instances()) {
      Duration own = workload.spec(instance).stop().timeout().plusSeconds(60);
      patience = own.compareTo(patience) > 0 ? own : patience;
    }
    Optional<Workload> stopped =
        slots.whileWaiting(
            work,
            patience,
            p -> owners.await(tenant(), name(), w -> !lives(w, ordinal, generation, others), p));
    return stopped.isPresent()
        ? new Outcome.Done("")
        : new Outcome.Failed(
            "Instances of "
                + name()
                + " could not be stopped within "
                + patience.toSeconds()
                + " s",
            ErrorCode.TIMEOUT);
  }

  private static boolean lives(Workload workload, int ordinal, long generation, boolean others) {
    return workload.instances().stream()
        .anyMatch(i ->
            i.isLive()
                && (ordinal < 0 || i.ordinal() == ordinal)
                && (generation == 0 || (i.generation() == generation) != others));
  }

  private Outcome awaitReady(PlannedStep step, boolean undo) throws InterruptedException {
    if (undo && !work.head().wasReady()) {
      return new Outcome.Done("it was not ready before either");
    }
    Duration left = Duration.ofNanos(deadlineNanos - System.nanoTime());
    WorkloadSpec spec = spec(step.generation());
    if (step.ordinal() >= 0 || undo) {
      Duration own = spec.update().readyTimeout();
      left = undo || own.compareTo(left) < 0 ? own : left;
    }
    Readiness readiness = new Readiness(spec, step.ordinal(), step.generation());
    Optional<Outcome> blocked = undo ? Optional.empty() : awaitDependencies(spec, readiness, left);
    if (blocked.isPresent()) {
      return blocked.get();
    }
    Optional<Workload> settled =
        slots.whileWaiting(
            work,
            undo ? left : shorter(left, Duration.ofNanos(deadlineNanos - System.nanoTime())),
            p ->
                owners.await(
                    tenant(),
                    name(),
                    w -> {
                      Readiness.Answer answer = readiness.of(w);
                      if (answer instanceof Readiness.Answer.NotYet(String reason)) {
                        work.waitingFor(reason);
                      }
                      return !(answer instanceof Readiness.Answer.NotYet)
                          || (!undo && work.cancelled());
                    },
                    p));
    if (!undo && work.cancelled()) {
      return new Outcome.Cancelled();
    }
    Workload now = settled.or(() -> owners.find(tenant(), name())).orElseThrow(this::gone);
    return switch (readiness.of(now)) {
      case Readiness.Answer.Ready() -> new Outcome.Done("");
      case Readiness.Answer.Never(String reason) ->
          new Outcome.Failed(reason, ErrorCode.LAUNCH_FAILED);
      case Readiness.Answer.NotYet(String reason) ->
          new Outcome.Failed(
              "not ready within %s: %s".formatted(text(left), reason), ErrorCode.TIMEOUT);
    };
  }

  private static String text(Duration duration) {
    return duration.toSeconds() > 0 ? duration.toSeconds() + " s" : duration.toMillis() + " ms";
  }

  /// A start waits for a dependency no longer than the dependency says. What waits goes on waiting
  /// after that, and comes up by itself; only the operation has failed.
  private Optional<Outcome> awaitDependencies(WorkloadSpec spec, Readiness readiness, Duration left)
      throws InterruptedException {
    Optional<Duration> patience =
        spec.dependsOn().stream()
            .filter(DependencySpec::required)
            .map(DependencySpec::timeout)
            .max(Comparator.naturalOrder());
    if (patience.isEmpty()) {
      return Optional.empty();
    }
    Optional<Workload> launched =
        slots.whileWaiting(
            work,
            shorter(patience.get(), left),
            p ->
                owners.await(
                    tenant(),
                    name(),
                    w -> {
                      Optional<String> waits = readiness.waits(w);
                      waits.ifPresent(work::waitingFor);
                      return waits.isEmpty() || work.cancelled();
                    },
                    p));
    if (launched.isPresent()) {
      return Optional.empty();
    }
    return owners
        .find(tenant(), name())
        .flatMap(readiness::waits)
        .map(reason -> new Outcome.Failed(reason, ErrorCode.DEPENDENCY_UNHEALTHY));
  }

  private static Duration shorter(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }

  /// Takes back what was done, as far as the operation wants that.
  ///
  /// @param resumed the journal has its undoing steps already
  /// @return how the operation ends
  private Status unwind(Outcome outcome, boolean resumed) throws InterruptedException {
    boolean cancelled =
        outcome instanceof Outcome.Cancelled
            || (resumed && work.cancelled() && work.head().error().isEmpty());
    boolean undo = cancelled || (undoesOnFailure() && !vetoed(outcome));
    if (!resumed) {
      if (outcome instanceof Outcome.Failed(String error, ErrorCode code)) {
        work.fail(error, code.name());
      }
      work.skipRest();
      if (undo) {
        Head head = work.head();
        boolean recovery = head.kind() == OperationKind.RECOVER;
        List<PlannedStep> undoing =
            undoing(
                recovery ? work.begunLast() : work.begun(),
                course != null && course.goesBack() ? OperationKind.UPDATE : head.kind());
        if (cancelled && head.kind() == OperationKind.INSTALL) {
          undoing.add(PlannedStep.step(PlannedStep.Action.WANT_STOPPED));
        }
        work.plan(undoing, true);
      }
      work.to(Status.UNWINDING);
    }
    Outcome undone = undoSteps(cancelled);
    if (undone instanceof Outcome.Failed(String error, ErrorCode code)) {
      work.skipRest();
      String before = work.head().error();
      work.fail(
          (before.isEmpty() ? "" : before + "; ") + "and going back failed: " + error, code.name());
      return Status.INCONSISTENT;
    }
    return cancelled ? Status.CANCELLED : undo ? Status.ROLLED_BACK : Status.FAILED;
  }

  /// Then nothing was done that could be undone.
  private static boolean vetoed(Outcome outcome) {
    return outcome instanceof Outcome.Failed(String _, ErrorCode code)
        && code == ErrorCode.HOOK_VETOED;
  }

  private List<PlannedStep> undoing(List<PlannedStep> begun, OperationKind kind) {
    List<PlannedStep> undoing = new ArrayList<>();
    Head head = work.head();
    for (PlannedStep step : begun) {
      for (PlannedStep undo : step.undo(kind, head.from(), head.desired())) {
        String attempt = step.attempt();
        undoing.add(attempt == null ? undo : undo.of(attempt));
      }
      if (step.action() == PlannedStep.Action.LAUNCH_CANDIDATE && hasFiles()) {
        // Files that both copies share are the candidate's by now.
        undoing.add(
            PlannedStep.step(PlannedStep.Action.RENDER, step.ordinal(), work.head().from()));
      }
    }
    return undoing;
  }

  private boolean hasFiles() {
    return owners
        .find(tenant(), name())
        .map(w -> w.spec().config())
        .filter(c -> !c.files().isEmpty())
        .isPresent();
  }

  private boolean undoesOnFailure() {
    return work.head().rollbackOnFailure()
        && switch (work.head().kind()) {
          case UPDATE, ROLLBACK, CONFIGURE -> true;
          // What has been started goes on being restarted by its policy.
          case INSTALL, START, RESTART, RECOVER -> false;
          case STOP, DELETE, ENABLE, DISABLE, ENTER_MAINTENANCE, EXIT_MAINTENANCE -> false;
          case BATCH -> false;
        };
  }

  private Outcome undoSteps(boolean cancelled) throws InterruptedException {
    Outcome outcome = steps();
    if (!(outcome instanceof Outcome.Done) || !(cancelled || work.hasBegun())) {
      return outcome;
    }
    Optional<Workload> workload = owners.find(tenant(), name());
    if (workload.isEmpty() || !work.id().equals(workload.get().operationId())) {
      return outcome;
    }
    List<PlannedStep> repairs = Planner.repair(work.head().kind(), workload.get(), !cancelled);
    if (repairs.isEmpty()) {
      return outcome;
    }
    work.plan(repairs, true);
    return steps();
  }

  private boolean retry(Status ended) throws InterruptedException {
    Head head = work.head();
    boolean again =
        switch (ended) {
          case FAILED, ROLLED_BACK ->
              head.attempt() < head.attempts()
                  && !work.cancelled()
                  && deadlineNanos - System.nanoTime() > 0;
          case QUEUED, RUNNING, WAITING, UNWINDING, SUCCEEDED -> false;
          case CANCELLED, INCONSISTENT -> false;
        };
    if (!again) {
      return false;
    }
    Duration pause = Duration.ofMillis(Math.min(1000L << Math.min(head.attempt() - 1, 10), 30_000));
    // Let go meanwhile, so that the workload comes to rest where its instances have taken it.
    letGo(true);
    // The next try is durable before it is waited for: it is planned afresh after a crash too.
    work.again();
    work.to(Status.WAITING);
    work.waitingFor(
        "try %d of %d after: %s".formatted(head.attempt() + 1, head.attempts(), head.error()));
    slots.whileWaiting(
        work,
        pause,
        p -> {
          work.pause(p);
          return Optional.empty();
        });
    return true;
  }

  private void end(Status status, boolean failed) throws InterruptedException {
    letGo(failed);
    boundaries.pass(work.head().kind().id() + "/end/finished");
    Head head = work.head();
    Optional<Workload> workload = owners.find(tenant(), name());
    if (head.kind() == OperationKind.RECOVER && workload.isPresent()) {
      course(workload.get()).end(status, head.cancelledBy(), head.error());
    }
    work.to(status);
    boundaries.pass(work.head().kind().id() + "/end/recorded");
  }

  private void letGo(boolean failed) throws InterruptedException {
    try {
      owners.ask(tenant(), name(), new WorkloadEvent.Finish(work.id(), failed));
    } catch (SemperException e) {
      if (e.code() != ErrorCode.NOT_FOUND) {
        LOG.warn("Operation {} could not let go of {}: {}", work.id(), name(), e.getMessage());
      }
    }
  }

  private WorkloadSpec spec(long generation) {
    return specs.apply(owners.find(tenant(), name()).orElseThrow(this::gone), generation);
  }

  private String tenant() {
    return work.head().tenant();
  }

  private String name() {
    String name = work.head().workload();
    if (name == null) {
      throw new IllegalStateException("a batch has no steps of its own");
    }
    return name;
  }

  private SemperException gone() {
    return new SemperException(ErrorCode.NOT_FOUND, "Workload " + name() + " has been deleted");
  }
}
