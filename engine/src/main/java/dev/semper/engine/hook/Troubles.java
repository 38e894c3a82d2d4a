package dev.semper.engine.hook;

import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.store.Event;
import dev.semper.engine.store.EventFilter;
import dev.semper.engine.store.EventLog;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// What each instance of workloads with hooks is in. Only the memory of it is lost with the server:
/// the events tell it again.
final class Troubles {
  private static final int REPLAYED = 500;

  private record Key(String tenant, String workload) {}

  private final EventLog log;
  private final Map<Key, Map<String, Trouble>> troubles = new HashMap<>();

  Troubles(EventLog log) {
    this.log = log;
  }

  Occasions.Verdict take(Event event, WorkloadSpec spec) {
    Map<String, Trouble> instances = troubles.computeIfAbsent(key(event), _ -> new HashMap<>());
    String instance = event.instance();
    if (instance == null) {
      return Occasions.of(
          event, Trouble.NONE, spec, () -> instances.values().stream().anyMatch(t -> !t.none()));
    }
    Trouble before = instances.get(instance);
    Occasions.Verdict verdict =
        Occasions.of(event, before == null ? replayed(event, spec) : before, spec, () -> false);
    instances.put(instance, verdict.after());
    return verdict;
  }

  void forget(Event deleted) {
    troubles.remove(key(deleted));
  }

  private static Key key(Event event) {
    return new Key(event.tenant(), Objects.requireNonNullElse(event.workload(), ""));
  }

  /// What it was in before an event.
  private Trouble replayed(Event event, WorkloadSpec spec) {
    EventFilter filter =
        new EventFilter(event.tenant(), event.workload(), event.instance(), "instance.*", null, 0);
    List<Event> earlier = log.newest(filter, REPLAYED);
    Trouble trouble = Trouble.NONE;
    for (Event e : earlier.reversed()) {
      if (e.seq() < event.seq()) {
        trouble = Occasions.of(e, trouble, spec, () -> false).after();
      }
    }
    return trouble;
  }
}
