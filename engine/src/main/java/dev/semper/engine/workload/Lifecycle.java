package dev.semper.engine.workload;

import static dev.semper.engine.workload.State.*;
import static dev.semper.engine.workload.Trigger.*;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The states of a workload and all ways between them: the table of seed 001, extended where real
/// life needs it. Drawn into `docs/lifecycle.md` by a test.
public final class Lifecycle {
  static final TransitionTable TABLE =
      new TransitionTable()
          .on(INACTIVE, INSTALL, INSTALLING)
          .on(INSTALLING, HEALTH_CHECK_PASS, INSTALLED)
          .on(INSTALLING, Trigger.ERROR, State.ERROR)
          .also(INSTALLING, STOP, STOPPING)
          .on(INSTALLED, CONFIGURE, CONFIGURING)
          .on(INSTALLED, UNINSTALL, UNINSTALLING)
          .also(INSTALLED, STOP, STOPPING)
          .on(CONFIGURING, START, STARTING)
          .on(CONFIGURING, Trigger.ERROR, State.ERROR)
          .also(CONFIGURING, HEALTH_CHECK_PASS, STOPPED)
          .also(CONFIGURING, STOP, STOPPING)
          .on(STARTING, HEALTH_CHECK_PASS, RUNNING)
          .on(STARTING, Trigger.ERROR, State.ERROR)
          .also(STARTING, STOP, STOPPING)
          .also(STARTING, UPDATE, UPDATING)
          .also(STARTING, RESTART, RESTARTING)
          .also(STARTING, COMPLETE, STOPPED)
          .on(RUNNING, STOP, STOPPING)
          .on(RUNNING, RESTART, RESTARTING)
          .on(RUNNING, UPDATE, UPDATING)
          .on(RUNNING, ENTER_MAINTENANCE, MAINTENANCE)
          .on(RUNNING, HEALTH_CHECK_FAIL, State.ERROR)
          .also(RUNNING, COMPLETE, STOPPED)
          .on(UPDATING, HEALTH_CHECK_PASS, RUNNING)
          .on(UPDATING, Trigger.ERROR, State.ERROR)
          .also(UPDATING, STOP, STOPPING)
          .also(UPDATING, RESTART, RESTARTING)
          .also(UPDATING, COMPLETE, STOPPED)
          .on(RESTARTING, HEALTH_CHECK_PASS, RUNNING)
          .on(RESTARTING, Trigger.ERROR, State.ERROR)
          .also(RESTARTING, STOP, STOPPING)
          .also(RESTARTING, RESTART, RESTARTING)
          .also(RESTARTING, UPDATE, UPDATING)
          .also(RESTARTING, COMPLETE, STOPPED)
          .on(STOPPING, HEALTH_CHECK_PASS, STOPPED)
          .on(STOPPED, START, STARTING)
          .on(STOPPED, UNINSTALL, UNINSTALLING)
          .also(STOPPED, UPDATE, CONFIGURING)
          .also(STOPPED, DISABLE, DISABLED)
          .on(MAINTENANCE, EXIT_MAINTENANCE, RUNNING)
          .also(MAINTENANCE, STOP, STOPPING)
          .on(State.ERROR, RECOVER, INACTIVE)
          .on(State.ERROR, UNINSTALL, UNINSTALLING)
          .also(State.ERROR, STOP, STOPPING)
          .also(State.ERROR, UPDATE, UPDATING)
          .also(DISABLED, ENABLE, STOPPED)
          .also(DISABLED, UNINSTALL, UNINSTALLING)
          .on(UNINSTALLING, HEALTH_CHECK_PASS, INACTIVE);

  private Lifecycle() {}

  public static Optional<State> next(State from, Trigger trigger) {
    return TABLE.next(from, trigger);
  }

  /// What may happen in a state, and where it leads.
  public static Map<Trigger, State> allowed(State from) {
    return TABLE.allowed(from);
  }

  /// The refusal of an illegal trigger, with the list of what is allowed.
  static SemperException illegal(Workload workload, Trigger trigger) {
    List<String> allowed = new ArrayList<>();
    allowed(workload.state()).forEach((t, to) -> allowed.add(t.id()));
    return new SemperException(
        ErrorCode.ILLEGAL_TRANSITION,
        "Workload %s is %s: %s is not possible now; possible: %s"
            .formatted(
                workload.name(), workload.state().id(), trigger.id(), String.join(", ", allowed)),
        List.of(),
        Map.of("state", workload.state().id(), "allowed", allowed));
  }
}
