package dev.semper.engine.recovery;

import dev.semper.engine.error.SemperException;
import dev.semper.engine.operation.Healer.Remedy;
import dev.semper.engine.spec.RecoverySpec.Action;
import dev.semper.engine.spec.RecoverySpec.Rung;
import dev.semper.engine.spec.SpecReader;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.State;
import dev.semper.engine.workload.Workload;
import dev.semper.spi.Driver;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/// What the actions of a ladder would come to, on a workload as it is now.
///
/// @param force past cooldowns and limits
record Plan(
    Doctor doctor, Workload workload, History history, boolean force, List<String> cachePaths) {

  /// Why an action is not tried now; empty if it is.
  Optional<String> leftOut(Rung rung) {
    String missing = rung.action().missing();
    if (missing != null) {
      return Optional.of(missing);
    }
    return limited(rung).or(() -> impossible(rung));
  }

  private Optional<String> limited(Rung rung) {
    if (force) {
      return Optional.empty();
    }
    Instant now = doctor.clock().instant();
    Duration window = workload.spec().recovery().window();
    long number = history.exhausted(window, now) + 1;
    if (number < rung.after()) {
      return Optional.of(
          "comes only with recovery %d that is needed within %s, and this is number %d"
              .formatted(rung.after(), text(window), number));
    }
    long attempts = history.attempts(rung.action(), window, now);
    if (attempts >= rung.maxAttempts()) {
      return Optional.of(
          "was tried %d times within %s, its limit".formatted(attempts, text(window)));
    }
    Optional<Instant> until =
        history
            .lastAttempt(rung.action())
            .map(last -> (last.isAfter(now) ? now : last).plus(rung.cooldown()))
            .filter(end -> end.isAfter(now));
    return until.map(end -> "in its cooldown of %s until %s".formatted(text(rung.cooldown()), end));
  }

  private Optional<String> impossible(Rung rung) {
    return switch (rung.action()) {
      case CLEAR_CACHE ->
          rung.command().isEmpty() && cachePaths.isEmpty()
              ? Optional.of("no cache_paths are declared")
              : withoutDriver(rung);
      case RECONNECT, COMMAND -> withoutDriver(rung);
      case MEMORY_CLEANUP ->
          rung.signal() != null && live().isEmpty()
              ? Optional.of("no copy runs that could be sent a signal")
              : withoutDriver(rung);
      case ROLLBACK_VERSION ->
          workload.previousGeneration() == 0
              ? Optional.of("there is no earlier version")
              : inState();
      case SCALE ->
          workload.spec().instances() == rung.instances()
              ? Optional.of("it has %d instances already".formatted(rung.instances()))
              : inState().or(() -> quota(rung));
      case REINSTALL ->
          installs()
              ? inState()
              : Optional.of(
                  "there is nothing to install anew: kind %s watches what others have installed"
                      .formatted(workload.spec().kind()));
      case HOOK ->
          workload.spec().hook(rung.hook()).isPresent()
              ? Optional.empty()
              : Optional.of("the workload does not declare the hook " + rung.hook());
      case RESTART, DISABLE -> Optional.empty();
      case DISK_CLEANUP, NOTIFY -> Optional.empty();
      case RESTORE_BACKUP -> Optional.of("not available");
    };
  }

  private boolean installs() {
    Driver driver = doctor.drivers().get(workload.spec().kind());
    return driver != null && driver.installs();
  }

  private Optional<String> withoutDriver(Rung rung) {
    return rung.command().isEmpty() || doctor.commands().available()
        ? Optional.empty()
        : Optional.of("there is no driver of kind process to run its command");
  }

  private Optional<String> inState() {
    return switch (workload.state()) {
      case STARTING, RUNNING, RESTARTING, ERROR -> Optional.empty();
      case INACTIVE, INSTALLING, INSTALLED, CONFIGURING, UPDATING, STOPPING, STOPPED ->
          Optional.of("not possible while the workload is " + workload.state().id());
      case UNINSTALLING, MAINTENANCE, DISABLED ->
          Optional.of("not possible while the workload is " + workload.state().id());
    };
  }

  private Optional<String> quota(Rung rung) {
    Map<String, WorkloadSpec> all = new HashMap<>();
    doctor.owners().list().stream()
        .filter(w -> w.tenant().equals(workload.tenant()))
        .forEach(w -> all.put(w.name(), w.spec()));
    try {
      all.put(workload.name(), scaled(rung));
      doctor.quotas().apply(workload.tenant()).check(workload.tenant(), all.values());
      return Optional.empty();
    } catch (SemperException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  /// The specification with as many instances as the action wants.
  WorkloadSpec scaled(Rung rung) {
    Map<String, Object> document = new LinkedHashMap<>(SpecReader.write(workload.spec()));
    document.put("instances", (long) rung.instances());
    return doctor.specs().readWorkload(workload.name(), document);
  }

  List<Instance> live() {
    return workload.instances().stream().filter(Instance::isLive).toList();
  }

  /// The copies a restart is for: those that are not well, or all if all are.
  Remedy.Restart restart() {
    int wanted = workload.spec().instances();
    List<Integer> unwell =
        IntStream.range(0, wanted)
            .filter(i ->
                workload.instances().stream()
                    .noneMatch(x -> x.ordinal() == i && ProbedVitals.isWell(x)))
            .boxed()
            .toList();
    boolean all = unwell.isEmpty() || workload.state() == State.ERROR;
    return new Remedy.Restart(all ? IntStream.range(0, wanted).boxed().toList() : unwell);
  }

  /// In words what an action would do, and why.
  String why(Rung rung, Evidence evidence) {
    return what(rung) + ", because it is " + evidence.text();
  }

  private String what(Rung rung) {
    String command = String.join(" ", rung.command());
    return switch (rung.action()) {
      case RESTART -> "restart copies " + restart().ordinals();
      case CLEAR_CACHE ->
          command.isEmpty() ? "empty " + String.join(", ", cachePaths) : "run " + command;
      case RECONNECT, COMMAND -> "run " + command;
      case MEMORY_CLEANUP -> rung.signal() != null ? "send " + rung.signal() : "run " + command;
      case DISK_CLEANUP ->
          "delete %s older than %s in %s"
              .formatted(rung.pattern(), text(rung.olderThan()), String.join(", ", rung.paths()));
      case ROLLBACK_VERSION -> "go back to generation " + workload.previousGeneration();
      case SCALE ->
          "scale from %d to %d instances".formatted(workload.spec().instances(), rung.instances());
      case DISABLE -> "stop it until it is enabled again";
      case NOTIFY -> "tell the alert channels";
      case REINSTALL ->
          "check that it can run here, stop all copies, forget them, launch them anew";
      case HOOK -> "run hook " + rung.hook();
      case RESTORE_BACKUP -> rung.action().id();
    };
  }

  /// How long the workload has to become well: what the action gives it, but not less than its
  /// probes need to say so.
  Duration settle(Rung rung) {
    WorkloadSpec spec = workload.spec();
    Duration startup = spec.startSeconds();
    Duration word = Duration.ZERO;
    for (var probe : spec.probes()) {
      Duration longest =
          probe
              .initialDelay()
              .plus(
                  probe
                      .period()
                      .multipliedBy(
                          switch (probe.type()) {
                            case STARTUP -> probe.failureThreshold();
                            case READINESS, LIVENESS -> probe.successThreshold();
                          }))
              .plus(probe.timeout());
      switch (probe.type()) {
        case STARTUP -> startup = longer(startup, longest);
        case READINESS, LIVENESS -> word = longer(word, longest);
      }
    }
    boolean launches =
        switch (rung.action()) {
          case RESTART, ROLLBACK_VERSION, REINSTALL, SCALE -> true;
          case CLEAR_CACHE, RECONNECT, MEMORY_CLEANUP, DISK_CLEANUP, COMMAND, NOTIFY -> false;
          case RESTORE_BACKUP, DISABLE, HOOK -> false;
        };
    return longer(rung.settle(), launches ? startup.plus(word) : word);
  }

  private static Duration longer(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? b : a;
  }

  static String text(Duration duration) {
    return SpecReader.format(duration);
  }

  /// Whether steps of a failed attempt are taken back.
  static boolean goesBack(Action action) {
    return switch (action) {
      case ROLLBACK_VERSION, SCALE -> true;
      case RESTART, CLEAR_CACHE, RECONNECT, MEMORY_CLEANUP, DISK_CLEANUP -> false;
      case RESTORE_BACKUP, REINSTALL, DISABLE, NOTIFY, COMMAND, HOOK -> false;
    };
  }
}
