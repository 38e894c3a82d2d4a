package dev.semper.cli;

import dev.semper.api.EventGap;
import dev.semper.api.EventInfo;
import dev.semper.api.EventListener;
import dev.semper.api.EventPage;
import dev.semper.api.EventQuery;
import dev.semper.api.UnreachableException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    description = "Shows what has happened, the newest last.",
    sortOptions = false,
    footerHeading = "%nExamples:%n",
    footer = {
      "  semper events --workload web --limit 50",
      "  semper events --type 'instance.*' --follow"
    })
final class EventsCommand implements Action {
  private final Session session;

  @Option(
      names = {"-w", "--workload", "--extension"},
      paramLabel = "NAME",
      description = "Only of this workload.")
  @Nullable String workload;

  @Option(names = "--instance", paramLabel = "NAME", description = "Only of this instance.")
  @Nullable String instance;

  @Option(
      names = "--type",
      paramLabel = "TYPE",
      description = "Only of this type, or of a group of them such as 'instance.*'.")
  @Nullable String type;

  @Option(names = "--operation", paramLabel = "ID", description = "Only of this operation.")
  @Nullable String operation;

  @Option(
      names = "--after",
      paramLabel = "SEQ",
      description = "Only after this number; from the oldest on.")
  @Nullable Long after;

  @Mixin Limit limit = new Limit();

  @Option(
      names = {"-f", "--follow"},
      description = "Go on as they come, until Ctrl-C; nothing is lost or repeated.")
  boolean follow;

  EventsCommand(Session session) {
    this.session = session;
  }

  @Override
  public ExitStatus run() {
    EventQuery query = new EventQuery(workload, instance, type, operation, after);
    EventPage page = session.client().events(query, limit.most);
    List<EventInfo> events = after == null ? page.items().reversed() : page.items();
    if (session.json() && !follow) {
      session.json(page);
      return ExitStatus.OK;
    }
    if (follow) {
      events.forEach(this::line);
      long last = after == null || events.isEmpty() ? page.last() : events.getLast().seq();
      session.client().follow(query.after(last), new Lines());
      return ExitStatus.OK;
    }
    table(events);
    return ExitStatus.OK;
  }

  private void table(List<EventInfo> events) {
    Table table = Table.of("SEQ>", "TIME", "WORKLOAD", "INSTANCE", "EVENT", "DETAILS");
    for (EventInfo event : events) {
      table.row(
          Long.toString(event.seq()),
          session.at(event.at()),
          event.workload() == null ? "" : event.workload(),
          event.instance() == null ? "" : event.instance(),
          event.type(),
          details(event));
    }
    if (table.isEmpty()) {
      session.terminal().say("no such events");
    } else {
      table.print(session.terminal());
    }
  }

  private void line(EventInfo event) {
    if (session.json()) {
      session.jsonLine(event);
      return;
    }
    String who = event.instance() != null ? event.instance() : event.workload();
    session
        .terminal()
        .say(
            String.format(
                "%6d  %s  %-14s %-26s %s",
                event.seq(),
                session.at(event.at()),
                who == null ? "-" : who,
                event.type(),
                details(event)));
  }

  static String details(EventInfo event) {
    Map<String, Object> sorted = new TreeMap<>(event.data());
    return sorted.entrySet().stream()
        .filter(entry -> !String.valueOf(entry.getValue()).isEmpty())
        .map(entry -> entry.getKey() + "=" + entry.getValue())
        .collect(Collectors.joining(" "));
  }

  private final class Lines implements EventListener {
    @Override
    public boolean event(EventInfo event) {
      line(event);
      return !session.terminal().out().checkError();
    }

    @Override
    public boolean gap(EventGap gap) {
      session
          .terminal()
          .note("events " + (gap.after() + 1) + " to " + (gap.first() - 1) + " are no longer kept");
      return true;
    }

    @Override
    public boolean broken(UnreachableException cause, int attempt) {
      if (attempt == 1) {
        session.terminal().note(cause.getMessage() + "; trying again …");
      }
      return true;
    }
  }
}
