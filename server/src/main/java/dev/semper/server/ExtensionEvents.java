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
import org.jspecify.annotations.Nullable;

/// Events in the words of the seed, which knows 14 types. Those that have none there are left out.
final class ExtensionEvents {
  /// The types, in Semper's words, that can be one of the seed's.
  private static final List<String> SOURCES =
      List.of(
          "workload.state_changed",
          "instance.restart_scheduled",
          "instance.restart_limit_reached",
          "instance.probe_passed",
          "instance.probe_failed",
          "health.changed",
          "operation.succeeded",
          "operation.rolled_back",
          "recovery.started",
          "recovery.completed",
          "recovery.exhausted",
          "recovery.cancelled",
          "recovery.superseded");

  private final EventLog events;

  ExtensionEvents(EventLog events) {
    this.events = events;
  }

  /// Newest first; null matters not.
  List<ExtensionEvent> newest(
      @Nullable String tenant, @Nullable String workload, @Nullable String type, int limit) {
    record Found(long seq, ExtensionEvent event) {}
    List<Found> found = new ArrayList<>();
    for (String source : SOURCES) {
      EventFilter filter = new EventFilter(tenant, workload, null, source, null, 0);
      for (Event event : matching(filter, type, limit)) {
        view(event).ifPresent(view -> found.add(new Found(event.seq(), view)));
      }
    }
    return found.stream()
        .sorted(Comparator.comparingLong(Found::seq).reversed())
        .limit(limit)
        .map(Found::event)
        .toList();
  }

  /// Only some of a source may be of the type: asks for more until there are enough.
  private List<Event> matching(EventFilter filter, @Nullable String type, int limit) {
    int asked = limit;
    while (true) {
      List<Event> read = events.newest(filter, asked);
      List<Event> matching = read.stream().filter(e -> is(e, type)).limit(limit).toList();
      if (matching.size() == limit || read.size() < asked || asked > Integer.MAX_VALUE / 4) {
        return matching;
      }
      asked *= 4;
    }
  }

  private static boolean is(Event event, @Nullable String type) {
    Optional<String> is = event.workload() == null ? Optional.empty() : type(event);
    return is.isPresent() && (type == null || type.equals(is.get()));
  }

  private static Optional<ExtensionEvent> view(Event event) {
    return type(event)
        .map(type -> {
          Map<String, Object> details = new LinkedHashMap<>();
          details.put("event", event.type());
          if (event.instance() != null) {
            details.put("instance", event.instance());
          }
          if (event.operationId() != null) {
            details.put("operation_id", event.operationId());
          }
          details.putAll(event.data());
          String error = error(event, type);
          return new ExtensionEvent(
              String.valueOf(event.seq()),
              String.valueOf(event.workload()),
              type,
              event.at(),
              details,
              event.actor().equals("system") ? null : event.actor(),
              event.tenant(),
              error == null,
              error);
        });
  }

  /// Its type in the words of the seed.
  private static Optional<String> type(Event event) {
    return Optional.ofNullable(
        switch (event.type()) {
          case "workload.state_changed" -> change(text(event, "from"), text(event, "to"));
          case "instance.restart_scheduled", "instance.restart_limit_reached" -> "restarted";
          case "instance.probe_passed" -> "health_check_passed";
          case "instance.probe_failed" -> "health_check_failed";
          case "health.changed" -> verdict(text(event, "to"));
          case "operation.succeeded" -> done(text(event, "kind"));
          case "operation.rolled_back" ->
              text(event, "kind").equals("update") ? "rolled_back" : null;
          case "recovery.started" -> "recovery_initiated";
          case "recovery.completed",
              "recovery.exhausted",
              "recovery.cancelled",
              "recovery.superseded" ->
              "recovery_completed";
          default -> null;
        });
  }

  private static @Nullable String change(String from, String to) {
    return switch (to) {
      case "running" ->
          switch (from) {
            case "starting" -> "started";
            case "restarting" -> "restarted";
            default -> null;
          };
      case "stopped" ->
          switch (from) {
            case "configuring", "disabled" -> null; // it did not run
            default -> "stopped";
          };
      default -> null;
    };
  }

  private static @Nullable String verdict(String status) {
    return switch (status) {
      case "healthy", "degraded" -> "health_check_passed";
      case "unhealthy", "critical" -> "health_check_failed";
      default -> null;
    };
  }

  private static @Nullable String done(String kind) {
    return switch (kind) {
      case "update" -> "updated";
      case "rollback" -> "rolled_back";
      default -> null;
    };
  }

  /// Null for a success.
  private static @Nullable String error(Event event, String type) {
    return switch (event.type()) {
      case "instance.probe_failed" -> text(event, "message");
      case "health.changed" ->
          type.equals("health_check_failed") ? String.valueOf(event.data().get("reasons")) : null;
      case "recovery.exhausted", "recovery.cancelled", "recovery.superseded" ->
          text(event, "story");
      default -> null;
    };
  }

  private static String text(Event event, String field) {
    return String.valueOf(event.data().getOrDefault(field, ""));
  }
}
