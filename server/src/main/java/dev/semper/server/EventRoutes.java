package dev.semper.server;

import dev.semper.api.EventGap;
import dev.semper.api.EventPage;
import dev.semper.api.Wire;
import dev.semper.engine.access.Role;
import dev.semper.engine.store.Event;
import dev.semper.engine.store.EventFilter;
import dev.semper.engine.store.EventLog;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Events, read back and as a stream. A stream pulls from the log at the pace of its reader.
final class EventRoutes {
  private static final Duration HEARTBEAT = Duration.ofSeconds(15);
  private static final int PER_READ = 256;
  private final EventLog events;

  EventRoutes(EventLog events) {
    this.events = events;
  }

  void addTo(Routes routes) {
    routes
        .read("listEvents", Role.VIEWER, this::list)
        .read("streamEvents", Role.VIEWER, this::stream);
  }

  private Answer list(Call call) {
    int limit = call.number("limit", 100);
    List<Event> found =
        call.number("after")
            .map(after -> events.read(filter(call, after), limit))
            .orElseGet(() -> events.newest(filter(call, 0), limit));
    return Answer.ok(
        new EventPage(found.stream().map(Views::event).toList(), events.first(), events.last()));
  }

  private Answer stream(Call call) {
    long after = start(call);
    Map<String, String> headers =
        Map.of("Semper-Event-Position", String.valueOf(after), "X-Accel-Buffering", "no");
    return new Answer.Stream(
        "text/event-stream", headers, outlet -> stream(filter(call, after), outlet));
  }

  private long start(Call call) {
    String last = call.text("Last-Event-ID");
    String after = last != null ? last : call.text("after");
    return after == null || after.equals("now") ? events.last() : Long.parseLong(after);
  }

  private void stream(EventFilter from, Outlet outlet) throws IOException, InterruptedException {
    EventFilter filter = from;
    outlet.write(": semper\n\n");
    while (true) {
      long first = events.first();
      long last = events.last();
      if (filter.after() + 1 < first) {
        EventGap gap = new EventGap(filter.after(), first);
        outlet.write("event: gap\ndata: " + Wire.JSON.writeValueAsString(gap) + "\n\n");
        filter = filter.after(first - 1);
      }
      List<Event> found = events.read(filter, PER_READ);
      if (found.isEmpty()) {
        filter = filter.after(Math.max(filter.after(), last));
        if (events.await(filter.after(), HEARTBEAT) == filter.after()) {
          outlet.write(": still here\n\n");
        }
      } else {
        StringBuilder text = new StringBuilder();
        found.forEach(event -> append(text, event));
        outlet.write(text.toString());
        filter = filter.after(found.getLast().seq());
      }
    }
  }

  private static void append(StringBuilder text, Event event) {
    text.append("id: ").append(event.seq());
    text.append("\nevent: ").append(event.type());
    text.append("\ndata: ").append(Wire.JSON.writeValueAsString(Views.event(event)));
    text.append("\n\n");
  }

  private static EventFilter filter(Call call, long after) {
    return new EventFilter(
        call.tenantFilter(),
        call.text("workload"),
        call.text("instance"),
        call.text("type"),
        call.text("operation_id"),
        after);
  }
}
