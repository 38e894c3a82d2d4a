package dev.semper.engine.recovery;

import dev.semper.engine.spec.RecoverySpec.Rung;
import dev.semper.engine.store.Docs;
import dev.semper.engine.store.Row;
import dev.semper.engine.store.Store;
import java.util.List;
import java.util.Optional;

/// A recovery as it is stored: with the ladder it climbs, which stays the same to its end even if
/// it leads to another specification.
record Chart(Recovery recovery, List<Rung> ladder, List<String> cachePaths) {
  Chart {
    ladder = List.copyOf(ladder);
    cachePaths = List.copyOf(cachePaths);
  }

  static Optional<Chart> find(Store store, String id) {
    return store.recovery(id).map(Chart::read);
  }

  static Chart read(Row.Recovery row) {
    return Docs.read(row.doc(), Chart.class);
  }

  Row.Recovery row() {
    return new Row.Recovery(
        recovery.id(),
        recovery.tenant(),
        recovery.workload(),
        recovery.uid(),
        recovery.startedAt(),
        Docs.write(this));
  }

  Chart with(Recovery changed) {
    return new Chart(changed, ladder, cachePaths);
  }
}
