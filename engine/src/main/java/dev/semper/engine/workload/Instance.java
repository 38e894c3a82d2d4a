package dev.semper.engine.workload;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.semper.spi.Exit;
import dev.semper.spi.Launch;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// One incarnation of one copy of a workload.
///
/// @param incarnation unique for all times; a restart makes a new one
/// @param ordinal which copy, from 0
/// @param generation of the specification it was launched from
/// @param phase where it is
/// @param candidate launched by an update and not yet promoted: its exit turns the update back
///   instead of being restarted
/// @param handle what the driver calls it, e.g. the PID
/// @param port its own port; 0 if it has none
/// @param since when it entered the phase
/// @param startedAt when its program started
/// @param nextAttemptAt in phase `backoff`: when it is launched again
/// @param reason in words why it is in this phase; may be empty
/// @param health what its probes say
/// @param lastExit how its predecessor or itself ended
/// @param attempts when it was restarted lately, oldest first; what the restart policy counts
/// @param restarts restarts by policy since the workload was started by an operator
/// @param cause why it is, or is to be, launched
/// @param configRevision of the configuration that it has; null if it has none
public record Instance(
    String incarnation,
    int ordinal,
    long generation,
    Phase phase,
    boolean candidate,
    @Nullable String handle,
    int port,
    Instant since,
    @Nullable Instant startedAt,
    @Nullable Instant nextAttemptAt,
    String reason,
    Health health,
    @Nullable Exit lastExit,
    List<Instant> attempts,
    int restarts,
    Launch.Cause cause,
    @Nullable Long configRevision) {

  public enum Phase {
    /// Its launch is journaled; whether it runs is known to the driver only.
    LAUNCHING,
    /// Its program runs but has not passed its startup probes or minimum uptime.
    STARTING,
    /// It is up.
    RUNNING,
    /// It is being stopped for good.
    STOPPING,
    /// It is being stopped because a probe failed, and is to come back.
    RESTARTING,
    /// It waits for its next launch.
    BACKOFF,
    /// It ended and is not to run again by itself.
    ENDED,
    /// It failed and the policy has given up.
    FAILED;

    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }

    boolean live() {
      return switch (this) {
        case LAUNCHING, STARTING, RUNNING, STOPPING, RESTARTING -> true;
        case BACKOFF, ENDED, FAILED -> false;
      };
    }
  }

  /// What the probes of an instance say.
  ///
  /// @param started startup probes passed, or minimum uptime reached
  /// @param ready readiness probes pass; true without any once started
  /// @param live liveness probes do not fail
  /// @param probes last word of each probe by name: `ok` or the failure
  public record Health(boolean started, boolean ready, boolean live, Map<String, String> probes) {
    public static final Health NEW = new Health(false, false, true, Map.of());

    public Health {
      probes = Map.copyOf(probes);
    }
  }

  public Instance {
    attempts = List.copyOf(attempts);
    // Rows of earlier versions have none.
    cause = Objects.requireNonNullElse(cause, Launch.Cause.START);
  }

  /// Whether a program of it may exist.
  @JsonIgnore
  public boolean isLive() {
    return phase.live();
  }

  /// Whether it is up and ready for work.
  @JsonIgnore
  public boolean isReady() {
    return phase == Phase.RUNNING && health.ready();
  }

  Instance to(Phase phase, String reason, Instant now) {
    return new Instance(
        incarnation,
        ordinal,
        generation,
        phase,
        candidate,
        phase.live() ? handle : null,
        port,
        now,
        startedAt,
        null,
        reason,
        health,
        lastExit,
        attempts,
        restarts,
        cause,
        configRevision);
  }

  Instance with(Health health) {
    return new Instance(
        incarnation,
        ordinal,
        generation,
        phase,
        candidate,
        handle,
        port,
        since,
        startedAt,
        nextAttemptAt,
        reason,
        health,
        lastExit,
        attempts,
        restarts,
        cause,
        configRevision);
  }

  Instance of(long generation, boolean candidate) {
    return new Instance(
        incarnation,
        ordinal,
        generation,
        phase,
        candidate,
        handle,
        port,
        since,
        startedAt,
        nextAttemptAt,
        reason,
        health,
        lastExit,
        attempts,
        restarts,
        cause,
        configRevision);
  }

  Instance configured(@Nullable Long revision) {
    return new Instance(
        incarnation,
        ordinal,
        generation,
        phase,
        candidate,
        handle,
        port,
        since,
        startedAt,
        nextAttemptAt,
        reason,
        health,
        lastExit,
        attempts,
        restarts,
        cause,
        revision);
  }

  Instance ended(Exit exit) {
    return new Instance(
        incarnation,
        ordinal,
        generation,
        phase,
        candidate,
        handle,
        port,
        since,
        startedAt,
        nextAttemptAt,
        reason,
        health,
        exit,
        attempts,
        restarts,
        cause,
        configRevision);
  }
}
