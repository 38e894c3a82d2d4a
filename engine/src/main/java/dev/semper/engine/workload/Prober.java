package dev.semper.engine.workload;

import dev.semper.engine.spec.ProbeSpec;
import dev.semper.spi.InstanceLog;
import dev.semper.spi.Usage;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Probes instances on behalf of their owners. Calls return at once and come from owners only.
public interface Prober {
  /// Probes an incarnation from now on; again for the same one when its probes or what is known of
  /// it have changed.
  void watch(Watch watch);

  /// Stops probing an incarnation; verdicts still under way are dropped.
  void unwatch(String incarnation);

  /// @param kind of the driver, for probes that run a command beside the instance
  /// @param instance its name, e.g. `web-0`
  /// @param port its own port; 0 if it has none
  /// @param known what its probes said before, so that a restart of the server does not forget it
  /// @param verdicts is told when a threshold is crossed, not each result; must not block
  /// @param insight what probes look at that the driver knows
  /// @param checks is told each result if anybody wants to know; must not block
  record Watch(
      String tenant,
      String workload,
      String incarnation,
      String kind,
      String instance,
      int port,
      List<ProbeSpec> probes,
      Instance.Health known,
      Consumer<Verdict> verdicts,
      Insight insight,
      @Nullable Consumer<Verdict> checks) {
    public Watch {
      probes = List.copyOf(probes);
    }

    /// Without probes of resources and logs, and with nobody told of each result.
    public Watch(
        String tenant,
        String workload,
        String incarnation,
        String kind,
        String instance,
        int port,
        List<ProbeSpec> probes,
        Instance.Health known,
        Consumer<Verdict> verdicts) {
      this(
          tenant,
          workload,
          incarnation,
          kind,
          instance,
          port,
          probes,
          known,
          verdicts,
          Insight.NONE,
          null);
    }
  }

  /// What can be seen of an incarnation from outside. May block.
  ///
  /// @param logSince position in its log where this incarnation began; -1 if that is not known
  record Insight(Supplier<Usage> usage, Supplier<InstanceLog> log, long logSince) {
    public static final Insight NONE =
        new Insight(
            () -> Usage.NONE,
            () -> {
              throw new IllegalStateException("there is no log to look at");
            },
            -1);
  }

  /// What a probe says of an incarnation after its threshold.
  ///
  /// @param message why it failed, or `ok`
  /// @param failures consecutive failures that led to it
  record Verdict(
      String incarnation,
      String probe,
      ProbeSpec.Type type,
      boolean passed,
      String message,
      int failures) {}
}
