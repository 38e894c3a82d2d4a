package dev.semper.engine.recovery;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.operation.Healer.Caller;
import dev.semper.engine.operation.Healer.Result;
import dev.semper.engine.operation.StepHooks;
import dev.semper.engine.recovery.Recovery.Attempt;
import dev.semper.engine.recovery.Recovery.Outcome;
import dev.semper.engine.spec.HookSpec;
import dev.semper.engine.spec.RecoverySpec.Rung;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.Workload;
import dev.semper.spi.Driver;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Does the actions of a recovery that consist of no other steps, each once however often it is
/// asked for: whether a server that died had done it is found out, see `docs/architecture.md`.
///
/// @param recovery as it began
record Actions(Doctor doctor, Recovery recovery, List<String> cachePaths) {
  private static final Duration LOOK = Duration.ofMillis(100);
  private static final int SHOWN = 400;
  private static final List<String> COMMAND_SETTINGS =
      List.of("user", "group", "working_dir", "umask");
  private static final List<String> COMMAND_ENV = List.of("PATH", "HOME", "USER", "LANG", "TZ");

  /// @param again a server that died may have done it, wholly, in part or not at all
  Result act(Attempt attempt, Rung rung, boolean again, Caller caller) throws InterruptedException {
    if (!rung.command().isEmpty()) {
      return doctor.commands().run(order(attempt, rung), caller);
    }
    return switch (attempt.action()) {
      case CLEAR_CACHE -> clean(cachePaths, attempt.startedAt(), rung, caller);
      case DISK_CLEANUP ->
          clean(rung.paths(), attempt.startedAt().minus(rung.olderThan()), rung, caller);
      case MEMORY_CLEANUP -> signal(rung, again);
      case HOOK -> hook(attempt, rung, caller);
      // Its event becomes durable with the result of the step: see Treatment.
      case NOTIFY -> new Result.Done("handed to the alert channels");
      case RESTART, RECONNECT, RESTORE_BACKUP, ROLLBACK_VERSION, REINSTALL, SCALE ->
          throw new IllegalStateException(attempt.name() + " is not done like that");
      case DISABLE, COMMAND ->
          throw new IllegalStateException(attempt.name() + " is not done like that");
    };
  }

  private Commands.Order order(Attempt attempt, Rung rung) {
    WorkloadSpec spec = workload().spec();
    Map<String, String> env = new HashMap<>();
    for (String name : COMMAND_ENV) {
      String value = System.getenv(name);
      if (value != null) {
        env.put(name, value);
      }
    }
    env.putAll(spec.env());
    env.put("SEMPER_TENANT", recovery.tenant());
    env.put("SEMPER_WORKLOAD", recovery.workload());
    env.put("SEMPER_VERSION", spec.version());
    env.put("SEMPER_RECOVERY", recovery.id());
    env.put("SEMPER_ACTION", attempt.action().id());
    env.put("SEMPER_CAUSE", attempt.evidence().text());
    Map<String, Object> settings = new HashMap<>();
    if (spec.kind().equals("process")) {
      COMMAND_SETTINGS.stream()
          .filter(spec.settings()::containsKey)
          .forEach(name -> settings.put(name, spec.settings().get(name)));
    }
    settings.put("command", rung.command());
    return new Commands.Order(
        recovery.tenant(),
        recovery.workload(),
        recovery.uid(),
        recovery.id() + "." + attempt.number(),
        settings,
        env,
        rung.timeout());
  }

  /// The end of an attempt is durable: what its command has left goes.
  void forget(Attempt attempt) {
    if (attempt.outcome() != Outcome.RUNNING) {
      doctor.commands().forget(recovery.uid(), recovery.id() + "." + attempt.number());
    }
  }

  private Result clean(List<String> paths, Instant before, Rung rung, Caller caller) {
    Cleaner cleaner =
        new Cleaner(
            doctor.home(),
            before,
            rung.pattern(),
            rung.timeout(),
            caller::cancelled,
            () -> doctor.boundaries().pass("recover/act/deleted"));
    Cleaner.Report report = cleaner.clean(paths);
    if (caller.cancelled()) {
      return new Result.Cancelled();
    }
    return report.troubles().isEmpty()
        ? new Result.Done(report.text())
        : new Result.Failed(report.text());
  }

  /// A signal leaves no trace by which it could be known whether it was sent.
  private Result signal(Rung rung, boolean again) {
    if (again) {
      return new Result.Done(
          "the server died while it sent it; it is not sent again, only looked whether it helps");
    }
    Workload workload = workload();
    Driver driver = doctor.drivers().get(workload.spec().kind());
    String signal = rung.signal();
    if (driver == null || signal == null) {
      return new Result.Failed("there is no driver of kind " + workload.spec().kind());
    }
    int sent = 0;
    for (Instance instance : workload.instances()) {
      if (instance.isLive()) {
        try {
          driver.signal(instance.incarnation(), signal);
        } catch (RuntimeException e) {
          return new Result.Failed(
              "%s could not be sent to %s: %s"
                  .formatted(signal, workload.instanceName(instance), e.getMessage()));
        }
        sent++;
        doctor.boundaries().pass("recover/act/signalled");
      }
    }
    return new Result.Done("sent to %d copies".formatted(sent));
  }

  /// The run is known by the attempt it belongs to: asked for again it is the same one.
  private Result hook(Attempt attempt, Rung rung, Caller caller) throws InterruptedException {
    Workload workload = workload();
    Optional<HookSpec> declared = workload.spec().hook(rung.hook());
    if (declared.isEmpty()) {
      return new Result.Failed("the workload does not declare it any more");
    }
    HookSpec hook = declared.get();
    StepHooks.Ticket ticket =
        doctor
            .hooks()
            .due(
                "%s.%s.%d".formatted(recovery.id(), rung.hook(), attempt.number()),
                workload,
                workload.spec(),
                hook,
                recovery.id(),
                attempt.evidence().text());
    doctor.boundaries().pass("recover/act/due");
    Duration patience = hook.timeout().plus(StepHooks.PATIENCE);
    long deadline = System.nanoTime() + patience.toNanos();
    while (true) {
      Optional<StepHooks.End> end = ticket.end();
      if (end.isPresent()) {
        String error = end.get().error();
        String said = said(end.get());
        return error.isEmpty()
            ? new Result.Done("it ended well" + said)
            : new Result.Failed(error + said);
      }
      if (caller.cancelled()) {
        ticket.cancel();
        return new Result.Cancelled();
      }
      if (System.nanoTime() - deadline >= 0) {
        ticket.cancel();
        return new Result.Failed(
            "hook %s has not ended within %s".formatted(rung.hook(), Plan.text(patience)));
      }
      var _ =
          doctor
              .owners()
              .await(
                  workload.tenant(),
                  workload.name(),
                  _ -> ticket.end().isPresent() || caller.cancelled(),
                  LOOK);
    }
  }

  /// An error names the last line already.
  private static String said(StepHooks.End end) {
    String text = end.said();
    boolean told = text.isEmpty() || end.error().endsWith(text);
    return told ? "" : ": " + text.substring(Math.max(0, text.length() - SHOWN));
  }

  Workload workload() {
    return doctor
        .owners()
        .find(recovery.tenant(), recovery.workload())
        .orElseThrow(() ->
            new SemperException(
                ErrorCode.NOT_FOUND, "Workload " + recovery.workload() + " has been deleted"));
  }
}
