package dev.semper.server;

import dev.semper.api.ExtensionEvent;
import dev.semper.engine.store.Event;
import dev.semper.engine.store.EventFilter;
import dev.semper.engine.store.EventLog;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Events in the words of the seed, which knows 14 types. Those that have none there are left out.
final class ExtensionEvents {
  /// How far back it looks for a type that only some events of a kind have.
  private static final int MOST_READ = 10_000;

  /// @param type in Semper's words
  /// @param seed the type in the words of the seed
  /// @param when of which of them that is true
  /// @param error the fact that says why it is no success; null if it is one
  private record Rule(
      String type, String seed, Predicate<Map<String, Object>> when, @Nullable String error) {}

  /// Backups and migrations join when there are any.
  private static final List<Rule> RULES =
      List.of(
          rule("workload.state_changed", "started", move("starting", "running")),
          rule("workload.state_changed", "restarted", move("restarting", "running")),
          rule("workload.state_changed", "stopped", ExtensionEvents::stopped),
          rule("instance.restart_scheduled", "restarted", _ -> true),
          rule("instance.restart_limit_reached", "restarted", _ -> true),
          rule("operation.succeeded", "updated", is("kind", "update")),
          rule("operation.succeeded", "rolled_back", is("kind", "rollback")),
          rule("operation.rolled_back", "rolled_back", is("kind", "update")),
          rule("instance.probe_passed", "health_check_passed", _ -> true),
          failure("instance.probe_failed", "health_check_failed", _ -> true, "message"),
          rule("health.changed", "health_check_passed", is("to", "healthy", "degraded")),
          failure(
              "health.changed",
              "health_check_failed",
              is("to", "unhealthy", "critical"),
              "reasons"),
          rule("recovery.started", "recovery_initiated", _ -> true),
          rule("recovery.completed", "recovery_completed", _ -> true),
          failure("recovery.exhausted", "recovery_completed", _ -> true, "story"),
          failure("recovery.cancelled", "recovery_completed", _ -> true, "story"),
          failure("recovery.superseded", "recovery_completed", _ -> true, "story"));

  private final EventLog events;

  ExtensionEvents(EventLog events) {
    this.events = events;
  }

  /// Newest first; null matters not.
  ///
  /// @param seed a type in the words of the seed
  List<ExtensionEvent> newest(
      @Nullable String tenant, @Nullable String workload, @Nullable String seed, int limit) {
    List<Rule> rules = RULES.stream().filter(r -> seed == null || r.seed().equals(seed)).toList();
    List<Event> found = new ArrayList<>();
    for (String type : rules.stream().map(Rule::type).distinct().toList()) {
      EventFilter filter = new EventFilter(tenant, workload, null, type, null, 0);
      found.addAll(newest(filter, e -> find(rules, e).isPresent(), limit));
    }
    return found.stream()
        .sorted(Comparator.comparingLong(Event::seq).reversed())
        .limit(limit)
        .flatMap(e -> find(rules, e).map(rule -> view(e, rule)).stream())
        .toList();
  }

  /// Reads further back as long as there are not enough.
  private List<Event> newest(EventFilter filter, Predicate<Event> wanted, int limit) {
    int asked = limit;
    while (true) {
      List<Event> read = events.newest(filter, asked);
      List<Event> found = read.stream().filter(wanted).limit(limit).toList();
      if (found.size() == limit || read.size() < asked || asked == MOST_READ) {
        return found;
      }
      asked = Math.min(MOST_READ, 4 * asked);
    }
  }

  private static Optional<Rule> find(List<Rule> rules, Event event) {
    return event.workload() == null
        ? Optional.empty()
        : rules.stream()
            .filter(r -> r.type().equals(event.type()) && r.when().test(event.data()))
            .findFirst();
  }

  private static ExtensionEvent view(Event event, Rule rule) {
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("event", event.type());
    if (event.instance() != null) {
      details.put("instance", event.instance());
    }
    if (event.operationId() != null) {
      details.put("operation_id", event.operationId());
    }
    details.putAll(event.data());
    return new ExtensionEvent(
        String.valueOf(event.seq()),
        String.valueOf(event.workload()),
        rule.seed(),
        event.at(),
        details,
        event.actor().equals("system") ? null : event.actor(),
        event.tenant(),
        rule.error() == null,
        rule.error() == null ? null : words(event.data().get(rule.error())));
  }

  private static String words(@Nullable Object fact) {
    return switch (fact) {
      case null -> "";
      case List<?> list -> String.join("; ", list.stream().map(String::valueOf).toList());
      default -> fact.toString();
    };
  }

  private static Rule rule(String type, String seed, Predicate<Map<String, Object>> when) {
    return new Rule(type, seed, when, null);
  }

  private static Rule failure(
      String type, String seed, Predicate<Map<String, Object>> when, String error) {
    return new Rule(type, seed, when, error);
  }

  private static Predicate<Map<String, Object>> is(String fact, String... values) {
    Set<String> any = Set.of(values);
    return data -> any.contains(String.valueOf(data.get(fact)));
  }

  private static Predicate<Map<String, Object>> move(String from, String to) {
    return is("from", from).and(is("to", to));
  }

  /// From a state in which it ran.
  private static boolean stopped(Map<String, Object> data) {
    return is("to", "stopped").test(data) && !is("from", "configuring", "disabled").test(data);
  }
}
