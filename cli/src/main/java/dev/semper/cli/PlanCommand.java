package dev.semper.cli;

import dev.semper.api.ChangeInfo;
import dev.semper.api.PlanInfo;
import dev.semper.api.PlanItem;
import dev.semper.api.PlanRequest;
import dev.semper.api.Wire;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    description = "Shows what applying a file would change; changes nothing.",
    sortOptions = false,
    footerHeading = "%nExample:%n",
    footer = "  semper plan -f workloads.toml --prune")
final class PlanCommand implements Action {
  private final Session session;
  @Mixin final Document document = new Document();

  PlanCommand(Session session) {
    this.session = session;
  }

  @Override
  public ExitStatus run() {
    String text = document.text(session);
    PlanInfo plan =
        session
            .client()
            .plan(
                new PlanRequest(
                    text, document.format(text), document.baseDir(), document.prune ? true : null));
    if (session.json()) {
      session.json(plan);
    } else {
      print(session.terminal(), plan);
    }
    return ExitStatus.OK;
  }

  static void print(Terminal terminal, PlanInfo plan) {
    for (PlanItem item : plan.items()) {
      if (item.action().equals("none")) {
        continue;
      }
      terminal.say(
          terminal.paint(Colour.of(item.action()), mark(item.action()) + " " + item.workload())
              + "  "
              + meaning(item.action()));
      if (!item.action().equals("create")) {
        item.changes().forEach(change -> terminal.say("    " + words(change)));
      }
    }
    plan.notes().forEach(note -> terminal.say("note: " + note));
    terminal.say(summary(plan));
  }

  private static String mark(String action) {
    return switch (action) {
      case "create" -> "+";
      case "delete" -> "-";
      default -> "~";
    };
  }

  private static String meaning(String action) {
    return switch (action) {
      case "create" -> "create";
      case "reconfigure" -> "reconfigure (nothing is restarted)";
      case "scale" -> "scale";
      case "replace" -> "replace (instance by instance)";
      case "delete" -> "stop and delete";
      default -> action;
    };
  }

  private static String words(ChangeInfo change) {
    return change.path() + ": " + value(change.before()) + " -> " + value(change.after());
  }

  private static String value(@Nullable Object value) {
    return switch (value) {
      case null -> "(none)";
      case String text -> text.isEmpty() ? "(none)" : text;
      default -> Wire.JSON.writeValueAsString(value);
    };
  }

  static String summary(PlanInfo plan) {
    if (plan.empty()) {
      return "nothing to do: everything is as the file says";
    }
    Map<String, Long> counts =
        plan.items().stream()
            .collect(
                Collectors.groupingBy(
                    item -> item.action().equals("none") ? "unchanged" : "to " + item.action(),
                    TreeMap::new,
                    Collectors.counting()));
    return counts.entrySet().stream()
        .map(entry -> entry.getValue() + " " + entry.getKey())
        .collect(Collectors.joining(", "));
  }
}
