package dev.semper.engine.spec;

import dev.semper.engine.spec.RestartSpec.Policy;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads `restart`: a policy alone, or a table.
final class RestartReader {
  private static final RestartSpec DEFAULT = RestartSpec.DEFAULT;
  static final List<String> POLICIES =
      List.of("no", "never", "on-failure", "always", "unless-stopped");

  private final TableReader workload;

  RestartReader(TableReader workload) {
    this.workload = workload;
  }

  RestartSpec read() {
    if (workload.node("restart") instanceof Node.Scalar s && s.value() instanceof String) {
      return withPolicy(policy(workload, "restart"));
    }
    TableReader t = workload.table("restart", Section.RESTART);
    return t == null ? DEFAULT : read(t);
  }

  private static RestartSpec read(TableReader t) {
    Policy policy = policy(t, "policy");
    Duration delay = t.duration("delay", DEFAULT.delay(), Limits.RESTART_DELAY);
    Duration maxDelay = t.duration("max_delay", DEFAULT.maxDelay(), Limits.RESTART_DELAY);
    if (delay.compareTo(maxDelay) > 0) {
      t.problem(
          t.has("max_delay") ? "max_delay" : "delay",
          "delay %s is longer than max_delay %s: raise max_delay"
              .formatted(Durations.format(delay), Durations.format(maxDelay)));
    }
    double jitter = t.decimal("jitter", DEFAULT.jitter(), Limits.SHARE);
    int maxAttempts = t.number("max_attempts", DEFAULT.maxAttempts(), Limits.ATTEMPTS);
    Duration window = t.duration("window", DEFAULT.window(), Limits.WINDOW);
    Duration resetAfter = t.duration("reset_after", DEFAULT.resetAfter(), Limits.RESET_AFTER);
    RestartSpec.OnLimit onLimit = t.choice("on_limit", DEFAULT.onLimit());
    Set<Integer> success = codes(t, "success_codes", DEFAULT.successCodes());
    Set<Integer> prevent = codes(t, "prevent_codes", DEFAULT.preventCodes());
    Set<Integer> force = codes(t, "force_codes", DEFAULT.forceCodes());
    force.stream()
        .filter(prevent::contains)
        .forEach(c -> t.problem("force_codes", "code %d is in prevent_codes too".formatted(c)));
    return t.broken()
        ? DEFAULT
        : new RestartSpec(
            policy,
            delay,
            maxDelay,
            jitter,
            maxAttempts,
            window,
            resetAfter,
            onLimit,
            success,
            prevent,
            force);
  }

  private static Set<Integer> codes(TableReader t, String key, Set<Integer> otherwise) {
    return t.has(key) ? new LinkedHashSet<>(t.numbers(key, Limits.EXIT_CODE)) : otherwise;
  }

  private static Policy policy(TableReader t, String key) {
    String text = t.text(key);
    if (text == null) {
      return DEFAULT.policy();
    }
    Policy policy = ofWord(text);
    if (policy == null) {
      t.problem(
          key,
          "unknown policy %s, %s".formatted(Words.quoted(text), Words.instead(text, POLICIES)));
      return DEFAULT.policy();
    }
    return policy;
  }

  private static @Nullable Policy ofWord(String text) {
    return switch (text) {
      case "no", "never" -> Policy.NO;
      case "on-failure" -> Policy.ON_FAILURE;
      case "always" -> Policy.ALWAYS;
      case "unless-stopped" -> Policy.UNLESS_STOPPED;
      default -> null;
    };
  }

  private static RestartSpec withPolicy(Policy policy) {
    return new RestartSpec(
        policy,
        DEFAULT.delay(),
        DEFAULT.maxDelay(),
        DEFAULT.jitter(),
        DEFAULT.maxAttempts(),
        DEFAULT.window(),
        DEFAULT.resetAfter(),
        DEFAULT.onLimit(),
        DEFAULT.successCodes(),
        DEFAULT.preventCodes(),
        DEFAULT.forceCodes());
  }
}
