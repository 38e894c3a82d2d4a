package dev.semper.engine.hook;

import dev.semper.engine.spec.HookSpec;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.store.Event;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;

/// Decides which hooks an event makes due, and what it means for the trouble its instance is in.
/// Pure.
final class Occasions {
  /// @param check whether it is no change, but one more check with the same result
  record Due(HookSpec.Type type, String reason, int failures, boolean check) {}

  record Verdict(Trouble after, List<Due> due) {}

  /// The types of events that may make a hook due.
  static final Set<String> EVENTS =
      Set.of(
          "workload.state_changed",
          "instance.exited",
          "instance.launch_failed",
          "instance.probe_failed",
          "instance.probe_passed",
          "instance.ready",
          "instance.given_up",
          "instance.restart_scheduled",
          "instance.restart_limit_reached",
          "instance.checked");

  private final Event event;
  private final Trouble before;
  private final Map<String, Object> data;

  private Occasions(Event event, Trouble before) {
    this.event = event;
    this.before = before;
    this.data = event.data();
  }

  /// @param before what its instance was in so far
  /// @param others whether any instance of the workload is in trouble
  static Verdict of(Event event, Trouble before, WorkloadSpec spec, BooleanSupplier others) {
    return new Occasions(event, before).decide(spec, others);
  }

  private Verdict decide(WorkloadSpec spec, BooleanSupplier others) {
    return switch (event.type()) {
      case "instance.exited" -> exited(spec);
      case "instance.launch_failed" -> failed(text("message"), "", 1);
      case "instance.probe_failed" ->
          failed(
              "%s probe %s failed: %s".formatted(text("type"), text("probe"), text("message")),
              text("probe"),
              Math.max(1, number("failures")));
      case "instance.probe_passed" ->
          text("type").equals("liveness") && before.cause().equals(text("probe"))
              ? well("probe %s passes again".formatted(text("probe")))
              : nothing();
      case "instance.ready" -> well("");
      case "instance.given_up" ->
          before.since().equals(event.at())
              ? nothing()
              : due(HookSpec.Type.ON_FAILURE, "given up: " + text("reason"), before.failures());
      case "instance.restart_scheduled", "instance.restart_limit_reached" ->
          due(HookSpec.Type.ON_RESTART, text("cause"), before.failures());
      case "instance.checked" -> checked();
      case "workload.state_changed" -> moved(others);
      default -> nothing();
    };
  }

  private Verdict exited(WorkloadSpec spec) {
    if (Boolean.TRUE.equals(data.get("expected"))) {
      return new Verdict(Trouble.NONE, List.of());
    }
    boolean success =
        data.get("code") instanceof Number code
            && spec.restart().successCodes().contains(code.intValue());
    boolean known = !before.none() && before.incarnation().equals(text("incarnation"));
    return success || known ? nothing() : failed("ended with " + text("exit"), "", 1);
  }

  private Verdict failed(String reason, String cause, int more) {
    if (Boolean.TRUE.equals(data.get("candidate"))) {
      return due(HookSpec.Type.ON_FAILURE, reason, more);
    }
    Trouble after = before.and(more, cause, text("incarnation"), event.at());
    return new Verdict(
        after,
        List.of(new Due(HookSpec.Type.ON_FAILURE, reason, after.failures(), !before.none())));
  }

  private Verdict well(String reason) {
    return new Verdict(
        Trouble.NONE, List.of(new Due(HookSpec.Type.ON_HEALTHY, reason, before.failures(), false)));
  }

  private Verdict checked() {
    boolean passed = Boolean.TRUE.equals(data.get("passed"));
    HookSpec.Type type = passed ? HookSpec.Type.ON_HEALTHY : HookSpec.Type.ON_FAILURE;
    String reason = passed ? "" : "probe %s failed: %s".formatted(text("probe"), text("message"));
    return new Verdict(before, List.of(new Due(type, reason, number("failures"), true)));
  }

  private Verdict moved(BooleanSupplier others) {
    String from = text("from");
    String reason = text("reason");
    return switch (text("to")) {
      case "running" ->
          from.equals("starting") ? due(HookSpec.Type.ON_START, reason, 0) : nothing();
      case "stopped" ->
          switch (from) {
            case "configuring", "disabled" -> nothing();
            default -> due(HookSpec.Type.ON_STOP, reason, 0);
          };
      case "restarting" ->
          // By policy it is the instances that are restarted, each with an event of its own.
          event.operationId() != null ? due(HookSpec.Type.ON_RESTART, reason, 0) : nothing();
      case "error" -> others.getAsBoolean() ? nothing() : due(HookSpec.Type.ON_FAILURE, reason, 1);
      default -> nothing();
    };
  }

  private Verdict nothing() {
    return new Verdict(before, List.of());
  }

  private Verdict due(HookSpec.Type type, String reason, int failures) {
    return new Verdict(before, List.of(new Due(type, reason, failures, false)));
  }

  private String text(String fact) {
    return String.valueOf(data.getOrDefault(fact, ""));
  }

  private int number(String fact) {
    return data.get(fact) instanceof Number n ? n.intValue() : 0;
  }
}
