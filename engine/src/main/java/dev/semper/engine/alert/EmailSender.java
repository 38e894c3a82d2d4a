package dev.semper.engine.alert;

import dev.semper.engine.alert.Notification.Item;
import dev.semper.engine.spec.AlertChannel;
import dev.semper.engine.spec.AlertChannel.Tls;
import jakarta.mail.Message;
import jakarta.mail.MessagingException;
import jakarta.mail.SendFailedException;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/// Sends mail by SMTP, a connection for each. The message id is made of the delivery's, so that a
/// mail that comes twice can be told.
final class EmailSender implements Sender {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss z", Locale.ROOT);

  private final AlertChannel.Email channel;

  EmailSender(AlertChannel.Email channel) {
    this.channel = channel;
  }

  @Override
  public void send(Notification notification, int attempt) throws IOException {
    try {
      Session session = Session.getInstance(properties());
      MimeMessage message = message(session, notification);
      String protocol = channel.tls() == Tls.IMPLICIT ? "smtps" : "smtp";
      try (Transport transport = session.getTransport(protocol)) {
        String password = channel.password() == null ? null : Sender.secret(channel.password());
        transport.connect(channel.host(), channel.port(), channel.user(), password);
        transport.sendMessage(message, message.getAllRecipients());
      }
    } catch (SendFailedException e) {
      throw new Refused(words(e));
    } catch (MessagingException e) {
      throw new IOException(words(e), e);
    }
  }

  private static String words(MessagingException e) {
    Exception cause = e.getNextException();
    String message = String.valueOf(e.getMessage()).strip();
    return cause == null ? message : message + ": " + String.valueOf(cause.getMessage()).strip();
  }

  private Properties properties() throws IOException {
    Properties properties = new Properties();
    String millis = Long.toString(channel.timeout().toMillis());
    for (String protocol : List.of("smtp", "smtps")) {
      String prefix = "mail." + protocol + ".";
      properties.put(prefix + "connectiontimeout", millis);
      properties.put(prefix + "timeout", millis);
      properties.put(prefix + "writetimeout", millis);
      properties.put(prefix + "auth", Boolean.toString(channel.user() != null));
      properties.put(prefix + "ssl.checkserveridentity", "true");
      if (channel.ca() != null) {
        properties.put(
            prefix + "ssl.socketFactory", Trust.context(channel.ca()).getSocketFactory());
      }
    }
    boolean upgrade = channel.tls() == Tls.STARTTLS;
    properties.put("mail.smtp.starttls.enable", Boolean.toString(upgrade));
    properties.put("mail.smtp.starttls.required", Boolean.toString(upgrade));
    return properties;
  }

  private MimeMessage message(Session session, Notification notification)
      throws MessagingException {
    String id = "<%s@semper.%s>".formatted(notification.delivery(), domain(channel.from()));
    MimeMessage message =
        new MimeMessage(session) {
          @Override
          protected void updateMessageID() throws MessagingException {
            setHeader("Message-ID", id);
          }
        };
    message.setFrom(new InternetAddress(channel.from()));
    for (String to : channel.to()) {
      message.addRecipient(Message.RecipientType.TO, new InternetAddress(to));
    }
    message.setSubject(notification.title(), "UTF-8");
    message.setSentDate(Date.from(notification.at()));
    message.setHeader("Auto-Submitted", "auto-generated");
    message.setHeader("Semper-Delivery", notification.delivery());
    message.setText(text(notification, ZoneId.systemDefault()), "UTF-8");
    return message;
  }

  private static String domain(String address) {
    return address.substring(address.lastIndexOf('@') + 1);
  }

  /// The mail as people read it: what fires first, the worst on top.
  static String text(Notification n, ZoneId zone) {
    StringBuilder out = new StringBuilder();
    long firing = n.firing();
    long over = n.alerts().size() - firing;
    out.append(
        switch (n.reason()) {
          case FIRING, RESOLVED -> "";
          case REPEAT -> "Still, as told before:\n\n";
          case ESCALATION -> "Nobody has acknowledged this yet:\n\n";
          case NOTICE -> "A recovery tells this, once:\n\n";
          case TEST -> "A test of this channel; nothing is wrong.\n\n";
        });
    if (firing > 0) {
      out.append(firing == 1 ? "1 alert fires" : firing + " alerts fire").append("\n\n");
      n.alerts().stream()
          .filter(Item::isFiring)
          .sorted((a, b) -> b.severity().compareTo(a.severity()))
          .forEach(item -> append(out, item, zone));
    }
    if (over > 0) {
      out.append(over == 1 ? "1 alert is over" : over + " alerts are over").append("\n\n");
      n.alerts().stream().filter(a -> !a.isFiring()).forEach(item -> append(out, item, zone));
    }
    out.append("-- \nSemper, delivery ").append(n.delivery());
    out.append("\nacknowledge: semper alerts ack ID   ·   be quiet: semper silence add\n");
    return out.toString();
  }

  private static void append(StringBuilder out, Item item, ZoneId zone) {
    out.append("  ").append(item.severity().name()).append("  ").append(item.summary());
    out.append('\n');
    line(out, "rule", item.rule());
    line(out, "workload", item.workload());
    line(out, "tenant", item.tenant().equals("default") ? null : item.tenant());
    Instant begun = item.firedAt() == null ? item.since() : item.firedAt();
    line(out, "since", TIME.format(begun.atZone(zone)));
    if (item.resolvedAt() != null) {
      String lasted = span(Duration.between(begun, item.resolvedAt()));
      line(out, "until", TIME.format(item.resolvedAt().atZone(zone)) + ", after " + lasted);
    }
    line(out, "acknowledged", item.acknowledgedBy());
    item.annotations().entrySet().stream()
        .filter(a -> !a.getKey().equals("summary"))
        .sorted(java.util.Map.Entry.comparingByKey())
        .forEach(a -> line(out, a.getKey(), a.getValue()));
    line(out, "id", item.id());
    out.append('\n');
  }

  private static void line(StringBuilder out, String name, @Nullable String value) {
    if (value != null && !value.isEmpty()) {
      out.append("    ").append(name).append(": ").append(value).append('\n');
    }
  }

  private static String span(Duration d) {
    return d.toHours() > 0
        ? d.toHours() + " h " + d.toMinutesPart() + " min"
        : d.toMinutes() > 0
            ? d.toMinutes() + " min " + d.toSecondsPart() + " s"
            : d.toSeconds() + " s";
  }
}
