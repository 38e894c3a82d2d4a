package dev.semper.engine.recovery;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.spec.RecoverySpec;
import dev.semper.engine.spec.RecoverySpec.Action;
import dev.semper.engine.spec.RecoverySpec.Rung;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// The actions of a strategy in order.
final class Ladder {
  /// To stop a workload for good is for one that recoveries have not helped again and again.
  private static final int LAST = 3;

  private static final Map<String, List<Rung>> BUILT_IN =
      Map.of(
          RecoverySpec.CONSERVATIVE,
          rungs(Action.RESTART, Action.CLEAR_CACHE),
          RecoverySpec.AUTO,
          Stream.concat(
                  rungs(
                      Action.RESTART,
                      Action.CLEAR_CACHE,
                      Action.RESTORE_BACKUP,
                      Action.ROLLBACK_VERSION)
                      .stream(),
                  Stream.of(Rung.of(Action.DISABLE).after(LAST)))
              .toList(),
          RecoverySpec.AGGRESSIVE,
          rungs(
              Action.RESTART,
              Action.CLEAR_CACHE,
              Action.RESTORE_BACKUP,
              Action.ROLLBACK_VERSION,
              Action.REINSTALL));

  private Ladder() {}

  private static List<Rung> rungs(Action... actions) {
    return Stream.of(actions).map(Rung::of).toList();
  }

  /// @throws SemperException INVALID_REQUEST if the workload has no such strategy
  static List<Rung> of(RecoverySpec spec, String strategy) {
    if (strategy.equals(spec.strategy()) && !spec.ladder().isEmpty()) {
      return spec.ladder();
    }
    List<Rung> rungs = BUILT_IN.get(strategy);
    if (rungs == null) {
      List<String> known = new ArrayList<>(RecoverySpec.BUILT_IN);
      if (!spec.ladder().isEmpty()) {
        known.add(spec.strategy());
      }
      throw new SemperException(
          ErrorCode.INVALID_REQUEST,
          "strategy: there is no strategy %s; there are %s"
              .formatted(strategy, String.join(", ", known)));
    }
    return rungs.stream().filter(r -> !spec.without().contains(r.action())).toList();
  }
}
