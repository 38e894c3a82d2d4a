package dev.semper.cli;

import dev.semper.api.AlertInfo;
import dev.semper.api.AlertQuery;
import dev.semper.api.DeliveryInfo;
import dev.semper.api.Listing;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What is wrong now, and who was told.
final class AlertsCommand {
  private AlertsCommand() {}

  @Command(
      description = "Lists alerts that fire or are pending, the worst first.",
      sortOptions = false,
      footerHeading = "%nExamples:%n",
      footer = {"  semper alerts", "  semper alerts list --all --workload web"})
  static final class ListAlerts implements Action {
    private final Session session;

    @Option(
        names = {"-w", "--workload"},
        paramLabel = "NAME",
        description = "Only of this workload.")
    @Nullable String workload;

    @Option(names = "--status", paramLabel = "STATUS", description = "pending, firing or resolved.")
    @Nullable String status;

    @Option(
        names = "--severity",
        paramLabel = "SEVERITY",
        description = "info, warning or critical.")
    @Nullable String severity;

    @Option(
        names = {"-a", "--all"},
        description = "Those that are over too.")
    boolean all;

    @Option(
        names = {"-n", "--limit"},
        paramLabel = "N",
        defaultValue = "100",
        description = "At most N (default ${DEFAULT-VALUE}).")
    int limit;

    ListAlerts(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      Listing<AlertInfo> alerts =
          session.client().alerts(new AlertQuery(workload, status, severity, all, limit));
      Table table = Table.of("ID", "STATUS", "SEVERITY", "WORKLOAD", "SUMMARY", "SINCE", "NOTE");
      return session.list(
          alerts,
          "no alerts",
          table,
          alert ->
              table.row(
                  alert.id(),
                  alert.status(),
                  alert.severity(),
                  alert.workload() == null ? "" : alert.workload(),
                  alert.summary(),
                  session.at(alert.since()),
                  note(alert)));
    }

    private static String note(AlertInfo alert) {
      if (alert.status().equals("resolved")) {
        return "";
      }
      if (alert.acknowledgedBy() != null) {
        return "acknowledged by " + alert.acknowledgedBy();
      }
      return alert.heldBy() == null ? "" : "held by " + alert.heldBy();
    }
  }

  @Command(
      description = "Shows one alert.",
      footerHeading = "%nExample:%n",
      footer = "  semper alerts show ID")
  static final class Show implements Action {
    private final Session session;

    @Parameters(paramLabel = "ID", description = "Alert, as listed.")
    String id = "";

    Show(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      AlertInfo alert = session.client().alert(id);
      if (session.json()) {
        session.json(alert);
      } else {
        print(session, alert);
      }
      return ExitStatus.OK;
    }
  }

  private static void print(Session session, AlertInfo alert) {
    Terminal terminal = session.terminal();
    terminal.say(
        terminal.paint(Colour.of(alert.status()), alert.status())
            + "  "
            + alert.severity()
            + "  "
            + alert.summary());
    field(session, "Workload", alert.workload());
    field(session, "Tenant", alert.tenant());
    field(session, "Rule", alert.rule());
    field(session, "Value", alert.value() == null ? null : alert.value().toString());
    field(session, "True since", session.at(alert.since()));
    field(session, "Fired", session.at(alert.firedAt()));
    field(session, "Resolved", session.at(alert.resolvedAt()));
    field(session, "Told", session.at(alert.toldAt()));
    field(session, "Escalated", alert.step() == 0 ? null : alert.step() + " step(s)");
    field(session, "Held by", alert.heldBy());
    if (alert.acknowledgedBy() != null) {
      String when = " at " + session.at(alert.acknowledgedAt());
      String comment = alert.comment() == null ? "" : ": " + alert.comment();
      field(session, "Acknowledged", alert.acknowledgedBy() + when + comment);
    }
    field(session, "Fingerprint", alert.fingerprint());
    fields(session, "label ", alert.labels());
    fields(session, "", alert.annotations());
  }

  private static void fields(Session session, String prefix, Map<String, String> fields) {
    new TreeMap<>(fields).forEach((name, value) -> field(session, prefix + name, value));
  }

  private static void field(Session session, String label, @Nullable String value) {
    if (value != null && !value.isEmpty()) {
      session.terminal().say(String.format("  %-14s %s", label, value));
    }
  }

  @Command(
      description = "Says that you look after an alert: no repetition, no escalation.",
      sortOptions = false,
      footerHeading = "%nExample:%n",
      footer = "  semper alerts ack ID --comment 'new disk is on its way'")
  static final class Acknowledge implements Action {
    private final Session session;

    @Parameters(paramLabel = "ID", description = "Alert, as listed.")
    String id = "";

    @Option(names = "--comment", paramLabel = "WORDS", description = "For the others to read.")
    @Nullable String comment;

    Acknowledge(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      AlertInfo alert = session.client().acknowledge(id, comment);
      return session.done(alert, () -> "acknowledged " + id + ": " + alert.summary());
    }
  }

  @Command(
      description = "Lists what was and is to be told, the newest first.",
      sortOptions = false,
      footerHeading = "%nExamples:%n",
      footer = {"  semper alerts deliveries --status pending", "  semper alerts deliveries"})
  static final class Deliveries implements Action {
    private final Session session;

    @Option(names = "--channel", paramLabel = "NAME", description = "Only by this channel.")
    @Nullable String channel;

    @Option(
        names = "--status",
        paramLabel = "STATUS",
        description = "pending, delivered or dead (given up).")
    @Nullable String status;

    @Mixin Limit limit = new Limit();

    Deliveries(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      Listing<DeliveryInfo> deliveries = session.client().deliveries(channel, status, limit.most);
      Table table = Table.of("ID", "CHANNEL", "STATUS", "TITLE", "MADE", "ATTEMPTS>", "ERROR");
      return session.list(
          deliveries,
          "no deliveries",
          table,
          delivery ->
              table.row(
                  delivery.id(),
                  delivery.channel(),
                  delivery.status(),
                  delivery.title(),
                  session.at(delivery.createdAt()),
                  Integer.toString(delivery.attempts()),
                  delivery.error() == null ? "" : delivery.error()));
    }
  }

  @Command(
      description = "Sends a delivery again that was given up or has arrived.",
      footerHeading = "%nExample:%n",
      footer = "  semper alerts resend ID")
  static final class Resend implements Action {
    private final Session session;

    @Parameters(paramLabel = "ID", description = "Delivery, as listed.")
    String id = "";

    Resend(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      DeliveryInfo delivery = session.client().resend(id);
      return session.done(delivery, () -> "sending " + id + " to " + delivery.channel());
    }
  }

  @Command(
      description = "Sends a test through a channel and says whether it has arrived.",
      footerHeading = "%nExample:%n",
      footer = "  semper alerts test ops")
  static final class Test implements Action {
    private final Session session;

    @Parameters(paramLabel = "CHANNEL", description = "Its name in semper.toml.")
    String channel = "";

    Test(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      DeliveryInfo delivery = session.client().testChannel(channel);
      boolean delivered = delivery.status().equals("delivered");
      session.done(
          delivery,
          () ->
              delivered
                  ? "delivered to " + channel + " as " + delivery.id()
                  : "not delivered to " + channel + ": " + delivery.error());
      return delivered ? ExitStatus.OK : ExitStatus.FAILED;
    }
  }
}
