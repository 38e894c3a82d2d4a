package dev.semper.engine.operation;

import static dev.semper.engine.operation.PlannedStep.move;
import static dev.semper.engine.operation.PlannedStep.step;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.operation.PlannedStep.Action;
import dev.semper.engine.spec.ConfigSpec;
import dev.semper.engine.spec.HookSpec;
import dev.semper.engine.spec.SpecDiff;
import dev.semper.engine.spec.UpdateSpec;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.workload.Desired;
import dev.semper.engine.workload.Lifecycle;
import dev.semper.engine.workload.State;
import dev.semper.engine.workload.Trigger;
import dev.semper.engine.workload.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Plans the steps that take a workload from where it is to where an operation leads. Pure.
final class Planner {
  private final Workload workload;
  private final List<PlannedStep> steps = new ArrayList<>();
  private State state;

  /// Copies that are watched before the others follow; 0 = none are.
  private int observed;

  private Planner(Workload workload) {
    this.workload = workload;
    this.state = workload.state();
  }

  /// @param target generation and specification the operation leads to; those in force if it does
  ///   not change them
  /// @param start for an install: whether it is to run
  /// @param checkDependencies whether a start is refused when a required dependency is not met
  /// @throws SemperException ILLEGAL_TRANSITION with what is allowed instead
  static List<PlannedStep> plan(
      OperationKind kind,
      Workload workload,
      long target,
      WorkloadSpec spec,
      boolean start,
      boolean checkDependencies) {
    Planner planner = new Planner(workload);
    switch (kind) {
      case INSTALL -> planner.install(target, spec, start);
      case START -> planner.start(target, spec, checkDependencies);
      case STOP -> planner.stop();
      case RESTART -> planner.restart(spec);
      case UPDATE -> planner.hookedUpdate(target, spec);
      case ROLLBACK -> planner.update(target, spec);
      case CONFIGURE -> planner.configure(target, spec);
      case DELETE -> planner.delete();
      case RECOVER -> throw new IllegalArgumentException("a recovery is planned as it goes");
      case ENABLE -> planner.go(Trigger.ENABLE);
      case DISABLE -> planner.disable();
      case ENTER_MAINTENANCE -> planner.go(Trigger.ENTER_MAINTENANCE);
      case EXIT_MAINTENANCE -> planner.go(Trigger.EXIT_MAINTENANCE);
      case BATCH -> throw new IllegalArgumentException("a batch has members, not steps");
    }
    return List.copyOf(planner.steps);
  }

  /// Plans another try after one has failed: what it has launched may still be on its way.
  static List<PlannedStep> again(
      OperationKind kind,
      Workload workload,
      long target,
      WorkloadSpec spec,
      boolean start,
      boolean checkDependencies) {
    boolean error = workload.state() == State.ERROR;
    Planner planner = new Planner(workload);
    if (kind == OperationKind.START && planner.isComingUp()) {
      planner.add(step(Action.AWAIT_READY, -1, target));
      if (workload.state() != State.RUNNING) {
        planner.go(Trigger.HEALTH_CHECK_PASS);
      }
    } else if (kind == OperationKind.RESTART && error) {
      planner.launchAll(target, spec);
    } else {
      return plan(kind, workload, target, spec, start, checkDependencies);
    }
    return List.copyOf(planner.steps);
  }

  private boolean isComingUp() {
    return state == State.STARTING || state == State.RESTARTING || state == State.RUNNING;
  }

  /// Plans one attempt of a recovery. It ends with looking whether it has helped, but for the one
  /// that is the end of it.
  ///
  /// @param target generation and specification the attempt leads to
  static List<PlannedStep> heal(
      Healer.Remedy remedy, Workload workload, long target, WorkloadSpec spec) {
    Planner planner = new Planner(workload);
    switch (remedy) {
      case Healer.Remedy.Act() -> {
        planner.add(step(Action.ACT));
        planner.add(step(Action.SETTLE));
      }
      case Healer.Remedy.Restart(List<Integer> ordinals) -> planner.relaunch(ordinals, spec);
      case Healer.Remedy.Reinstall() -> planner.reinstall(spec);
      case Healer.Remedy.MoveTo(long _) -> {
        planner.update(target, spec);
        // Of copies that run already none need be ready: that is what is to be healed.
        planner.steps.removeIf(s -> s.action() == Action.AWAIT_READY && s.ordinal() < 0);
        planner.add(step(Action.SETTLE));
      }
      case Healer.Remedy.Disable() -> planner.disable();
    }
    return List.copyOf(planner.steps);
  }

  /// @throws SemperException ILLEGAL_TRANSITION if the kind is not possible now
  static void require(OperationKind kind, Workload workload) {
    if (!allowed(workload.state()).contains(kind)) {
      throw new Planner(workload).illegal(kind.id());
    }
  }

  /// What is left to do after an operation has failed and was undone as far as it can be, so that
  /// the workload does not stay in a state that only an operation leaves.
  static List<PlannedStep> repair(OperationKind kind, Workload workload, boolean failed) {
    Planner planner = new Planner(workload);
    boolean wanted = workload.desired() == Desired.RUNNING;
    switch (workload.state()) {
      case INSTALLING -> {
        if (failed || wanted) {
          planner.go(Trigger.ERROR);
        } else {
          planner.halt();
        }
      }
      case CONFIGURING -> {
        if (kind == OperationKind.UPDATE
            || kind == OperationKind.ROLLBACK
            || kind == OperationKind.CONFIGURE) {
          planner.go(Trigger.HEALTH_CHECK_PASS);
        } else if (failed || wanted) {
          planner.go(Trigger.ERROR);
        } else {
          planner.halt();
        }
      }
      case INACTIVE -> {
        if (wanted && !failed) {
          planner.comeBack(kind);
        }
      }
      case INSTALLED -> {
        if (wanted && !failed) {
          planner.go(Trigger.CONFIGURE);
          planner.go(Trigger.ERROR);
        }
      }
      case STARTING -> {
        if (!wanted) {
          planner.halt();
        }
      }
      case STOPPING -> {
        if (wanted || !failed) {
          planner.halt();
        }
        if (wanted) {
          planner.launchAll(workload.generation(), workload.spec());
        }
      }
      case UNINSTALLING -> {
        planner.go(Trigger.HEALTH_CHECK_PASS);
        if (wanted) {
          planner.comeBack(kind);
        }
      }
      case STOPPED -> {
        if (wanted && workload.instances().isEmpty()) {
          planner.launchAll(workload.generation(), workload.spec());
        }
      }
      // The owner finds its way by itself from what its instances do.
      case RUNNING, UPDATING, RESTARTING -> {}
      case ERROR, MAINTENANCE, DISABLED -> {}
    }
    return List.copyOf(planner.steps);
  }

  /// From inactive: what was to be deleted runs again, what was in error is so again.
  private void comeBack(OperationKind kind) {
    if (kind == OperationKind.DELETE) {
      launchAll(workload.generation(), workload.spec());
    } else {
      go(Trigger.INSTALL);
      go(Trigger.ERROR);
    }
  }

  private void install(long generation, WorkloadSpec spec, boolean start) {
    go(Trigger.INSTALL);
    add(step(Action.PREPARE, -1, generation));
    if (generation != workload.generation()) {
      add(step(Action.ADOPT, -1, generation));
    }
    go(Trigger.HEALTH_CHECK_PASS);
    if (start) {
      launchAll(generation, spec);
    }
  }

  private void start(long generation, WorkloadSpec spec, boolean checkDependencies) {
    switch (state) {
      case INACTIVE, INSTALLED, STOPPED, ERROR -> {}
      case INSTALLING, CONFIGURING, STARTING, RUNNING, UPDATING, RESTARTING ->
          throw illegal("start");
      case STOPPING, UNINSTALLING, MAINTENANCE, DISABLED -> throw illegal("start");
    }
    if (checkDependencies) {
      add(step(Action.CHECK_DEPENDENCIES, -1, generation));
    }
    launchAll(generation, spec);
  }

  /// From wherever nothing runs, through the states of the seed, to running.
  private void launchAll(long generation, WorkloadSpec spec) {
    if (state == State.ERROR) {
      add(step(Action.STOP));
      go(Trigger.RECOVER);
    }
    if (state == State.INACTIVE) {
      go(Trigger.INSTALL);
      add(step(Action.PREPARE, -1, generation));
      go(Trigger.HEALTH_CHECK_PASS);
    }
    if (state == State.INSTALLED) {
      go(Trigger.CONFIGURE);
    }
    add(step(Action.WANT_RUNNING));
    add(step(Action.CLEAR));
    go(Trigger.START);
    if (spec.instances() > 0) {
      add(step(Action.LAUNCH, -1, generation));
      add(step(Action.AWAIT_READY, -1, generation));
    }
    go(Trigger.HEALTH_CHECK_PASS);
  }

  private void stop() {
    switch (state) {
      case STOPPED, DISABLED, INACTIVE, UNINSTALLING -> throw illegal("stop");
      case INSTALLING, INSTALLED, CONFIGURING, STARTING, RUNNING, UPDATING -> {}
      case RESTARTING, STOPPING, ERROR, MAINTENANCE -> {}
    }
    add(step(Action.WANT_STOPPED));
    halt();
  }

  private void halt() {
    if (state != State.STOPPING) {
      go(Trigger.STOP);
    }
    add(step(Action.STOP));
    go(Trigger.HEALTH_CHECK_PASS);
  }

  private void restart(WorkloadSpec spec) {
    go(Trigger.RESTART);
    for (int i = 0; i < spec.instances(); i++) {
      add(step(Action.RETIRE, i, workload.generation()));
      add(step(Action.LAUNCH, i, workload.generation()));
      add(step(Action.AWAIT_READY, i, workload.generation()));
    }
    go(Trigger.HEALTH_CHECK_PASS);
  }

  /// What no process notices, and going back, has no hooks.
  private void hookedUpdate(long generation, WorkloadSpec spec) {
    boolean noticed =
        switch (SpecDiff.between(workload.spec(), spec).effect()) {
          case NONE, LIVE -> false;
          case DELIVER, SCALE, REPLACE -> true;
        };
    if (noticed && spec.hook(HookSpec.Type.BEFORE_UPDATE).isPresent()) {
      add(step(Action.HOOK_BEFORE_UPDATE, -1, generation));
    }
    update(generation, spec);
    if (noticed && spec.hook(HookSpec.Type.AFTER_UPDATE).isPresent()) {
      add(step(Action.HOOK_AFTER_UPDATE, -1, generation));
    }
  }

  private void update(long generation, WorkloadSpec spec) {
    SpecDiff.Effect effect = SpecDiff.between(workload.spec(), spec).effect();
    boolean live = effect == SpecDiff.Effect.NONE || effect == SpecDiff.Effect.LIVE;
    switch (state) {
      case STARTING, RUNNING, RESTARTING -> {
        if (live) {
          add(step(Action.ADOPT, -1, generation));
        } else if (effect == SpecDiff.Effect.DELIVER) {
          deliver(generation, spec);
        } else if (effect == SpecDiff.Effect.SCALE) {
          scale(generation, spec);
        } else {
          replace(generation, spec);
        }
      }
      case ERROR -> {
        if (workload.desired() == Desired.RUNNING) {
          replace(generation, spec);
        } else {
          adoptAtRest(generation);
        }
      }
      case STOPPED -> {
        if (workload.desired() == Desired.RUNNING && !live) {
          add(step(Action.ADOPT, -1, generation));
          launchAll(generation, spec);
        } else {
          go(Trigger.UPDATE);
          adoptAtRest(generation);
          go(Trigger.HEALTH_CHECK_PASS);
        }
      }
      case INACTIVE, INSTALLED, DISABLED -> adoptAtRest(generation);
      case MAINTENANCE -> {
        if (!live) {
          throw illegal("update");
        }
        add(step(Action.ADOPT, -1, generation));
      }
      case INSTALLING, CONFIGURING, UPDATING, STOPPING, UNINSTALLING -> throw illegal("update");
    }
  }

  /// What has done its work, or rests, is not started for it.
  private void configure(long generation, WorkloadSpec spec) {
    ConfigSpec config = spec.config();
    if (config != null && config.gray() != null) {
      observed = config.gray().of(spec.instances());
    }
    if (state == State.STOPPED) {
      go(Trigger.UPDATE);
      adoptAtRest(generation);
      go(Trigger.HEALTH_CHECK_PASS);
    } else {
      update(generation, spec);
    }
  }

  /// One copy after the other: each is well before the next one is told.
  private void deliver(long generation, WorkloadSpec spec) {
    go(Trigger.UPDATE);
    add(step(Action.PREPARE, -1, generation));
    for (int i = 0; i < spec.instances(); i++) {
      add(step(Action.DELIVER, i, generation));
      add(step(Action.AWAIT_READY, i, generation));
      observe(i, generation);
    }
    add(step(Action.ADOPT, -1, generation));
    go(Trigger.HEALTH_CHECK_PASS);
  }

  /// After the last copy of the first share.
  private void observe(int ordinal, long generation) {
    if (ordinal + 1 == observed) {
      add(step(Action.OBSERVE, -1, generation));
    }
  }

  private void adoptAtRest(long generation) {
    add(step(Action.PREPARE, -1, generation));
    add(step(Action.ADOPT, -1, generation));
  }

  private void scale(long generation, WorkloadSpec spec) {
    go(Trigger.UPDATE);
    add(step(Action.ADOPT, -1, generation));
    for (int i = spec.instances(); i < workload.spec().instances(); i++) {
      add(step(Action.RETIRE, i, generation));
    }
    for (int i = workload.spec().instances(); i < spec.instances(); i++) {
      add(step(Action.LAUNCH, i, generation));
    }
    if (spec.instances() > workload.spec().instances()) {
      add(step(Action.AWAIT_READY, -1, generation));
    }
    go(Trigger.HEALTH_CHECK_PASS);
  }

  /// One copy after the other, so that capacity goes only when its replacement is ready.
  private void replace(long generation, WorkloadSpec spec) {
    go(Trigger.UPDATE);
    add(step(Action.PREPARE, -1, generation));
    boolean stopFirst = spec.update().order() == UpdateSpec.Order.STOP_FIRST;
    for (int i = 0; i < Math.max(spec.instances(), workload.spec().instances()); i++) {
      if (i >= spec.instances()) {
        add(step(Action.RETIRE_OTHERS, i, generation));
        continue;
      }
      if (stopFirst) {
        add(step(Action.RETIRE_OTHERS, i, generation));
      }
      add(step(Action.LAUNCH_CANDIDATE, i, generation));
      add(step(Action.AWAIT_READY, i, generation));
      add(step(Action.PROMOTE, i, generation));
      if (!stopFirst) {
        add(step(Action.RETIRE_OTHERS, i, generation));
      }
      observe(i, generation);
    }
    add(step(Action.ADOPT, -1, generation));
    go(Trigger.HEALTH_CHECK_PASS);
  }

  private void delete() {
    add(step(Action.WANT_STOPPED));
    switch (state) {
      case INSTALLING, CONFIGURING, STARTING, RUNNING, UPDATING, RESTARTING, STOPPING -> halt();
      case MAINTENANCE -> halt();
      case ERROR -> add(step(Action.STOP));
      case INACTIVE, INSTALLED, STOPPED, DISABLED, UNINSTALLING -> {}
    }
    if (state != State.INACTIVE && state != State.UNINSTALLING) {
      go(Trigger.UNINSTALL);
    }
    add(step(Action.CLEAR));
    if (state == State.UNINSTALLING) {
      go(Trigger.HEALTH_CHECK_PASS);
    }
    if (!workload.spec().hooks().isEmpty()) {
      add(step(Action.HOOK_ON_DESTROY, -1, workload.generation()));
    }
    add(step(Action.REMOVE));
  }

  /// Stops copies and launches them anew, all before any is waited for: they do no work anyway.
  private void relaunch(List<Integer> ordinals, WorkloadSpec spec) {
    if (state == State.ERROR) {
      launchAll(workload.generation(), spec);
      steps.replaceAll(s -> s.action() == Action.AWAIT_READY ? step(Action.SETTLE) : s);
      return;
    }
    go(Trigger.RESTART);
    for (int i : ordinals) {
      add(step(Action.RETIRE, i, workload.generation()));
    }
    for (int i : ordinals) {
      add(step(Action.LAUNCH, i, workload.generation()));
    }
    add(step(Action.SETTLE));
    go(Trigger.HEALTH_CHECK_PASS);
  }

  /// What cannot run here any more is found out before anything is stopped. From an error all is
  /// installed anyway.
  private void reinstall(WorkloadSpec spec) {
    if (state != State.ERROR) {
      add(step(Action.PREPARE, -1, workload.generation()));
    }
    relaunch(IntStream.range(0, spec.instances()).boxed().toList(), spec);
    int firstLaunch = steps.indexOf(step(Action.LAUNCH, 0, workload.generation()));
    if (firstLaunch >= 0) {
      steps.add(firstLaunch, step(Action.CLEAR));
    }
  }

  private void disable() {
    add(step(Action.WANT_STOPPED));
    if (state != State.STOPPED) {
      halt();
    }
    go(Trigger.DISABLE);
  }

  private void go(Trigger trigger) {
    state = Lifecycle.next(state, trigger).orElseThrow(() -> illegal(trigger.id()));
    add(move(trigger));
  }

  private void add(PlannedStep step) {
    steps.add(step);
  }

  private SemperException illegal(String what) {
    List<String> allowed = new ArrayList<>();
    for (OperationKind kind : OperationKind.values()) {
      if (possible(kind)) {
        allowed.add(kind.id());
      }
    }
    return new SemperException(
        ErrorCode.ILLEGAL_TRANSITION,
        "Workload %s is %s: %s is not possible now; possible: %s"
            .formatted(workload.name(), workload.state().id(), what, String.join(", ", allowed)),
        List.of(),
        Map.of("state", workload.state().id(), "allowed", allowed));
  }

  private boolean possible(OperationKind kind) {
    return allowed(workload.state()).contains(kind);
  }

  /// What an operator may ask for in a state.
  static List<OperationKind> allowed(State state) {
    return switch (state) {
      case INACTIVE -> List.of(OperationKind.START, OperationKind.UPDATE, OperationKind.DELETE);
      case INSTALLED ->
          List.of(
              OperationKind.START,
              OperationKind.STOP,
              OperationKind.UPDATE,
              OperationKind.DISABLE,
              OperationKind.DELETE);
      case INSTALLING, CONFIGURING, STOPPING, UPDATING ->
          List.of(OperationKind.STOP, OperationKind.DELETE);
      case STARTING, RESTARTING ->
          List.of(
              OperationKind.STOP,
              OperationKind.RESTART,
              OperationKind.RECOVER,
              OperationKind.UPDATE,
              OperationKind.ROLLBACK,
              OperationKind.DISABLE,
              OperationKind.DELETE);
      case RUNNING ->
          List.of(
              OperationKind.STOP,
              OperationKind.RESTART,
              OperationKind.RECOVER,
              OperationKind.UPDATE,
              OperationKind.ROLLBACK,
              OperationKind.DISABLE,
              OperationKind.ENTER_MAINTENANCE,
              OperationKind.DELETE);
      case STOPPED ->
          List.of(
              OperationKind.START,
              OperationKind.UPDATE,
              OperationKind.ROLLBACK,
              OperationKind.DISABLE,
              OperationKind.DELETE);
      case UNINSTALLING -> List.of(OperationKind.DELETE);
      case ERROR ->
          List.of(
              OperationKind.START,
              OperationKind.STOP,
              OperationKind.RECOVER,
              OperationKind.UPDATE,
              OperationKind.ROLLBACK,
              OperationKind.DISABLE,
              OperationKind.DELETE);
      case MAINTENANCE ->
          List.of(
              OperationKind.EXIT_MAINTENANCE,
              OperationKind.STOP,
              OperationKind.DISABLE,
              OperationKind.DELETE);
      case DISABLED -> List.of(OperationKind.ENABLE, OperationKind.UPDATE, OperationKind.DELETE);
    };
  }
}
